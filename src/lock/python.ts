import { stat } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { sha256, type Sha256 } from '../documents/identifiers.ts'
import type { PythonLock, PythonPackage } from '../documents/lock.ts'
import { TagproofError } from '../platform/errors.ts'
import { hashFile } from '../platform/files.ts'
import { createHttpClient, type HttpClient } from '../platform/http.ts'
import type { Log } from '../platform/log.ts'
import { lastLines } from '../platform/process.ts'
import type { PreparedRoot } from '../worlds/root.ts'
import { defaultIndexUrl } from './default-index.ts'
import { readNetrc, withNetrc, type Netrc } from './netrc.ts'
import { readPipConfiguration, type PipConfiguration } from './pip-configuration.ts'
import { normalisedName, parsePipReport, reasons, type ResolvedFile } from './pip-report.ts'
import { pipInRoot, type PipResult, type PipRunner } from './pip-run.ts'
import { listLinks, listProject, type OfferedFile } from './simple-index.ts'

export interface ResolvePythonOptions {
  /** The root whose interpreter and pip decide. */
  root: PreparedRoot
  /** Requirements (PEP 508) that the project states: `build-system.requires`. */
  requested: readonly string[]
  /** Requirements that the backend adds once it runs, by the name of its hook. */
  backendRequested?: Readonly<Record<string, readonly string[]>>
  /** Projects that may be taken as an sdist where there is no wheel. */
  allowSdists: readonly string[]
  log: Log
  signal?: AbortSignal
  /** Versions to keep where they still satisfy; left out to take the newest. */
  previous?: PythonLock
  /** Collaborators with defaults. */
  pip?: PipRunner
  configuration?: PipConfiguration
  netrc?: Netrc
  client?: HttpClient
}

/**
 * Resolves the build environment of a Python target: pip of the root decides, for the root's interpreter, from the
 * user's own indexes. Wheels alone are taken, so no foreign code runs here.
 *
 * @throws TagproofError `lock-unresolvable` (no such version, a conflict, no wheel), `network`, `index-answer`
 */
export async function resolvePython(options: ResolvePythonOptions): Promise<PythonLock> {
  const asked = [
    ...options.requested.map((requirement) => ({ by: 'build-system.requires', requirement })),
    ...Object.entries(options.backendRequested ?? {}).flatMap(([by, list]) =>
      list.map((requirement) => ({ by, requirement }))
    )
  ]
  const requirements = [...new Set(asked.map((entry) => entry.requirement))].sort()
  const configuration = options.configuration ?? (await readPipConfiguration())
  const netrc = options.netrc ?? (await readNetrc(process.env))
  const report = await runPip(options, requirements, configuration, netrc)
  const { interpreter, files } = parsePipReport(report)
  const because = reasons(files, asked)
  const client = options.client ?? createHttpClient()
  try {
    const packages = await Promise.all(
      files.map(async (file) =>
        lockedPackage(file, because.get(file.name) ?? [], options, { configuration, netrc, client })
      )
    )
    packages.sort((left, right) => (left.name < right.name ? -1 : 1))
    return { interpreter, requested: requirements, packages }
  } finally {
    if (options.client === undefined) client.close()
  }
}

/** With the previous versions as constraints first; if those cannot be kept, with fewer, then with none. */
async function runPip(
  options: ResolvePythonOptions,
  requirements: readonly string[],
  configuration: PipConfiguration,
  netrc: Netrc
): Promise<string> {
  const pip = options.pip ?? pipInRoot(options.root)
  let constraints = (options.previous?.packages ?? []).map((entry) => `${entry.name}==${entry.version}`)
  for (;;) {
    const result = await pip({
      requirements,
      constraints,
      configuration,
      netrc,
      ...(options.signal === undefined ? {} : { signal: options.signal })
    })
    if (result.code === 0 && result.report !== null) return result.report
    if (constraints.length === 0) throw unresolvable(result, options.allowSdists)
    constraints = fewerConstraints(constraints, result.output)
  }
}

/** Without those that pip complains about; without any if it names none. */
export function fewerConstraints(constraints: readonly string[], output: string): string[] {
  // What comes before tells of downloads, and names everybody.
  const complaint = output.slice(Math.max(output.search(/^ERROR:/m), 0))
  const words = new Set(complaint.split(/[^A-Za-z0-9._-]+/).map(normalisedName))
  const kept = constraints.filter((constraint) => !words.has(constraint.split('==')[0] ?? ''))
  return kept.length < constraints.length ? kept : []
}

function unresolvable(result: PipResult, allowSdists: readonly string[]): TagproofError {
  const output = lastLines(result.output.replace(/\/\/[^/@\s]*@/g, '//'), 20)
  if (
    /Max retries exceeded|NewConnectionError|Connection (refused|reset)|Temporary failure in name resolution|CERTIFICATE_VERIFY|SSLError/.test(
      output
    )
  )
    return new TagproofError('network', 'The package index cannot be reached.', {
      output,
      fix: 'Check the network, PIP_INDEX_URL, the proxy variables and the certificates (PIP_CERT).'
    })
  const missing = /No matching distribution found for ([^\n(]+)/.exec(output)?.[1]?.trim()
  if (missing === undefined)
    return new TagproofError('lock-unresolvable', 'The build requirements cannot be resolved together.', {
      output,
      fix: 'Correct build-system.requires; pip says above which requirements exclude each other.'
    })
  const name = normalisedName(missing.split(/[^A-Za-z0-9._-]/)[0] ?? missing)
  const allowed = allowSdists.map(normalisedName).includes(name)
  return new TagproofError(
    'lock-unresolvable',
    `There is no wheel of ${missing} for the interpreter of the root.`,
    {
      output,
      ...(allowed
        ? { found: `targets[].allow-sdists names ${name}, but an sdist cannot be locked yet` }
        : {}),
      fix: `Ask for a version that has a wheel, or build one (pip wheel ${name}) and put it where PIP_FIND_LINKS or the index finds it.`
    }
  )
}

interface IndexAccess {
  configuration: PipConfiguration
  netrc: Netrc
  client: HttpClient
}

async function lockedPackage(
  file: ResolvedFile,
  because: string[],
  options: ResolvePythonOptions,
  access: IndexAccess
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
  if (!file.file.endsWith('.whl') && !options.allowSdists.map(normalisedName).includes(name))
    throw new TagproofError('lock-unresolvable', `${name} ${version} is no wheel.`, {
      found: file.file,
      fix: `Allow it: targets[].allow-sdists: [${name}].`
    })
  const measured = file.url.startsWith('file:')
    ? await hashFile(fileURLToPath(file.url))
    : { sha256: requireHash(file), size: await sizeOf(file, access, options.signal) }
  return {
    name,
    version,
    file: file.file,
    ...measured,
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

/** The page of the index says it (PEP 700); an index that does not is asked for the headers of the file. */
async function sizeOf(
  file: ResolvedFile,
  access: IndexAccess,
  signal: AbortSignal | undefined
): Promise<number> {
  const { client, configuration, netrc } = access
  for (const offered of await offers(file, access, signal)) {
    if (offered.file !== file.file || offered.sha256 !== file.sha256) continue
    if (offered.size !== null) return offered.size
    const local = offered.url.startsWith('file:') ? await stat(fileURLToPath(offered.url)) : null
    if (local !== null) return local.size
    const head = await client.open({
      url: offered.url,
      method: 'HEAD',
      ...(signal === undefined ? {} : { signal })
    })
    head.stream.resume()
    const length = Number(head.headers['content-length'] ?? Number.NaN)
    if (Number.isSafeInteger(length)) return length
  }
  throw new TagproofError('index-answer', `The index does not say how large ${file.file} is.`, {
    expected: `${file.file} with SHA-256 ${file.sha256 ?? ''}`,
    found: `${[configuration.indexUrl === null ? 'the default index' : 'the configured index', ...configuration.extraIndexUrls.map(() => 'an extra index')].join(', ')}${netrc.size > 0 ? ' (with netrc)' : ''}`,
    fix: 'The pages of the index and what pip saw differ: try again, or check PIP_INDEX_URL.'
  })
}

async function offers(
  file: ResolvedFile,
  access: IndexAccess,
  signal: AbortSignal | undefined
): Promise<OfferedFile[]> {
  const { client, configuration, netrc } = access
  const found: OfferedFile[] = []
  const indexes = configuration.noIndex
    ? []
    : [configuration.indexUrl ?? (await defaultIndexUrl(null)), ...configuration.extraIndexUrls]
  for (const index of indexes)
    found.push(...(await listProject(client, withNetrc(index, netrc), file.name, signal)))
  for (const place of configuration.findLinks) {
    const url = /^https?:/i.test(place) ? withNetrc(place, netrc) : place
    found.push(...(await listLinks(client, url, signal)))
  }
  return found
}
