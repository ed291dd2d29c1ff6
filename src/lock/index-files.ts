import { stat } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { sha256, type Sha256 } from '../documents/identifiers.ts'
import { isWheel, type PythonPackage } from '../documents/lock.ts'
import { TagproofError } from '../platform/errors.ts'
import { hashFile } from '../platform/files.ts'
import type { HttpClient } from '../platform/http.ts'
import { defaultIndexUrl } from './default-index.ts'
import { withNetrc, type Netrc } from './netrc.ts'
import type { PipConfiguration } from './pip-configuration.ts'
import type { ResolvedFile } from './pip-report.ts'
import { listLinks, listProject, type OfferedFile } from './simple-index.ts'

/** The indexes of the user, and how they are asked. */
export interface IndexAccess {
  configuration: PipConfiguration
  netrc: Netrc
  client: HttpClient
  signal?: AbortSignal
}

/**
 * The line of the lock for a file that was chosen.
 *
 * @param previous the lines of the lock before: a file that stays keeps its line, whatever an index says now of its age
 * @param allowSdists normalised names of the projects that may be taken as an sdist
 * @throws TagproofError `lock-unresolvable` for a file that cannot be locked, `index-answer`, `network`
 */
export async function lockedPackage(
  file: ResolvedFile,
  because: string[],
  allowSdists: readonly string[],
  access: IndexAccess,
  previous: readonly PythonPackage[] = []
): Promise<PythonPackage> {
  const { name, version } = file
  if (file.direct)
    throw new TagproofError(
      'lock-unresolvable',
      `${name} is required by address, which an index cannot confirm.`,
      {
        found: 'name @ URL',
        fix: 'Require it by name and version, and put the file into an index or a find-links folder.'
      }
    )
  if (!isWheel(file) && !allowSdists.includes(name))
    throw new TagproofError('lock-unresolvable', `${name} ${version} is no wheel.`, {
      found: file.file,
      fix: `Allow it: targets[].allow-sdists: [${name}].`
    })
  const measured = file.url.startsWith('file:')
    ? await hashFile(fileURLToPath(file.url))
    : { sha256: requireHash(file), ...(await offeredFacts(file, access)) }
  const { sha256: hash, size, uploaded } = { uploaded: undefined, ...measured }
  const before = previous.find((entry) => entry.file === file.file && entry.sha256 === hash)
  const time = before === undefined ? uploaded : before.uploaded
  return {
    name,
    version,
    file: file.file,
    size,
    sha256: hash,
    ...(time === undefined ? {} : { uploaded: time }),
    because: because.length === 0 ? ['build-system.requires'] : because.sort()
  }
}

function requireHash(file: ResolvedFile): Sha256 {
  if (file.sha256 === null)
    throw new TagproofError('index-answer', `The index gives no SHA-256 for ${file.file}.`, {
      fix: 'Use an index that does, or put the file into a find-links folder.'
    })
  return sha256(file.sha256)
}

/**
 * Size, and time of the upload. The page of the index says both (PEP 700); an index that does not is asked for the headers of the
 * file, which tell its size alone.
 */
async function offeredFacts(
  file: ResolvedFile,
  access: IndexAccess
): Promise<{ size: number; uploaded?: string }> {
  const { client, configuration, netrc, signal } = access
  for (const offered of await offers(file.name, access)) {
    if (offered.file !== file.file || offered.sha256 !== file.sha256) continue
    const time = wholeSeconds(offered.uploadTime)
    const uploaded = time === null ? {} : { uploaded: time }
    if (offered.size !== null) return { size: offered.size, ...uploaded }
    const local = offered.url.startsWith('file:') ? await stat(fileURLToPath(offered.url)) : null
    if (local !== null) return { size: local.size }
    const head = await client.open({
      url: offered.url,
      method: 'HEAD',
      ...(signal === undefined ? {} : { signal })
    })
    head.stream.resume()
    const length = Number(head.headers['content-length'] ?? Number.NaN)
    if (Number.isSafeInteger(length)) return { size: length, ...uploaded }
  }
  throw new TagproofError('index-answer', `The index does not say how large ${file.file} is.`, {
    expected: `${file.file} with SHA-256 ${file.sha256 ?? ''}`,
    found: `${[configuration.indexUrl === null ? 'the default index' : 'the configured index', ...configuration.extraIndexUrls.map(() => 'an extra index')].join(', ')}${netrc.size > 0 ? ' (with netrc)' : ''}`,
    fix: 'The pages of the index and what pip saw differ: try again, or check PIP_INDEX_URL.'
  })
}

/** All files of a project, from every index and find-links place. */
export async function offers(name: string, access: IndexAccess): Promise<OfferedFile[]> {
  const { client, configuration, netrc, signal } = access
  const found: OfferedFile[] = []
  const indexes = configuration.noIndex
    ? []
    : [configuration.indexUrl ?? (await defaultIndexUrl(null)), ...configuration.extraIndexUrls]
  for (const index of indexes)
    found.push(...(await listProject(client, withNetrc(index, netrc), name, signal)))
  for (const place of configuration.findLinks) {
    const url = /^https?:/i.test(place) ? withNetrc(place, netrc) : place
    found.push(...(await listLinks(client, url, signal)))
  }
  return found
}

/** A time of an index in UTC, to the second; null for what is no time, or none of four digits for the year. */
function wholeSeconds(text: string | undefined): string | null {
  const time = new Date(text ?? Number.NaN)
  if (Number.isNaN(time.getTime())) return null
  const iso = time.toISOString()
  return /^\d{4}-/.test(iso) ? iso.replace(/\.\d+Z$/, 'Z') : null
}
