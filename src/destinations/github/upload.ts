import path from 'node:path'
import { Readable } from 'node:stream'
import { TagproofError } from '../../platform/errors.ts'
import type { HttpClient } from '../../platform/http.ts'
import { parseUrl, showUrl, isSecure } from '../../platform/http-rules.ts'
import type { WriteEvent } from '../destination.ts'
import { provenFile } from '../proven-file.ts'
import type { ApiAnswer, GithubApi } from './api.ts'
import { assetField, readAnswer, type Asset, type GithubRelease } from './documents.ts'
import { assetsOf } from './find.ts'
import { alreadyDifferent, lacksForEver, notStored, refused } from './refusals.ts'
import { isWhole, stateOfAsset, type AssetFile } from './state.ts'

export interface UploadContext {
  api: GithubApi
  http: HttpClient
  release: GithubRelease
  /** Whether the release is a draft of ours: only there a broken upload is removed. */
  own: boolean
  signal?: AbortSignal
}

/**
 * Uploads one file, and asks for its digest after every answer that may hide a success. What a broken upload left behind
 * (state `starter`) holds the name, and is deleted before the file is sent again (REST API, "Upload a release asset").
 *
 * @param file path of its bytes
 * @throws TagproofError `destination-different`, `upload-refused`, `permission-missing`, `hash-mismatch` for a file that is
 *   not the proven one; `network`, `cancelled`
 */
export async function uploadAsset(
  wanted: AssetFile,
  file: string,
  context: UploadContext
): Promise<WriteEvent['outcome']> {
  const { api, http, release, signal } = context
  for (let attempt = 1; ; attempt += 1) {
    const answer = await api.send({
      method: 'POST',
      path: addressOf(wanted, release, api),
      file: {
        open: () => Readable.from(provenFile(file, wanted), { objectMode: false }),
        size: wanted.size,
        type: typeOf(wanted.asset)
      }
    })
    if (answer.status === 201) {
      await requireStored(wanted, answer, context)
      return 'sent'
    }
    if (!isOpen(answer)) throw refusedUpload(wanted, answer, release)
    if (await isThere(wanted, context)) return 'there'
    if (attempt >= http.attempts) throw notStored(wanted.name, answer.words, attempt)
    await http.pause(attempt, undefined, signal)
  }
}

/** Whether the file may be there all the same, or only what a broken upload has left. */
function isOpen({ status, words }: ApiAnswer): boolean {
  return status === 0 || (status === 422 && words.includes('already_exists'))
}

function refusedUpload(
  { name }: AssetFile,
  answer: ApiAnswer,
  { tag_name: tag }: GithubRelease
): TagproofError {
  if (answer.status === 422 && /immutable/i.test(answer.words)) return lacksForEver(tag, [name])
  return refused(name, answer)
}

async function isThere(wanted: AssetFile, context: UploadContext): Promise<boolean> {
  const { api, release, own } = context
  const assets = await assetsOf(api, release)
  const found = assets.find(({ name }) => name === wanted.asset)
  if (found !== undefined && !isWhole(found)) {
    if (!own) throw brokenElsewhere(wanted, release)
    await removeAsset(api, found)
    return false
  }
  const state = await stateOfAsset(wanted, assets, api, context)
  if (state.state === 'different') throw alreadyDifferent(wanted.name, state.found, wanted.sha256)
  return state.state === 'identical'
}

/** @throws TagproofError what refuses it */
export async function removeAsset(api: GithubApi, { id, name }: Asset): Promise<void> {
  const answer = await api.call({ method: 'DELETE', path: `/releases/assets/${id}` }, [403, 404])
  if (answer.status === 403) throw refused(`that ${name} is deleted`, answer)
}

export function brokenElsewhere({ asset }: AssetFile, { html_url }: GithubRelease): TagproofError {
  return new TagproofError('upload-refused', `An upload of ${asset} to the published release broke off.`, {
    where: html_url,
    found: 'an asset without bytes',
    fix: 'Delete it on the page of the release, and run the same job again: only in a draft of its own does it delete anything.'
  })
}

/** What the server says that it has: under the name and with the bytes that were sent. */
async function requireStored(
  wanted: AssetFile,
  answer: ApiAnswer,
  { api, own }: UploadContext
): Promise<void> {
  const stored = readAnswer(assetField, answer.body, answer.url)
  const digest = stored.digest ?? null
  if (
    stored.name === wanted.asset &&
    stored.size === wanted.size &&
    (digest === null || digest === `sha256:${wanted.sha256}`)
  )
    return
  if (own) await removeAsset(api, stored)
  const renamed = stored.name !== wanted.asset
  throw new TagproofError(
    renamed ? 'upload-refused' : 'hash-mismatch',
    renamed
      ? `GitHub gave ${wanted.name} another name than it should.`
      : `GitHub has other bytes of ${wanted.name}.`,
    {
      found: renamed ? stored.name : `${digest ?? 'no digest'} (${stored.size} bytes)`,
      expected: renamed ? wanted.asset : `sha256:${wanted.sha256} (${wanted.size} bytes)`,
      fix: renamed
        ? 'Report it: the rule by which GitHub names assets has changed. Until then give the package a plainer name.'
        : 'Nothing was published. Run the same job again; if it happens twice, find out who stands between you and GitHub.'
    }
  )
}

/** Where the release says, with the name; the token goes to the API's own host and its `uploads.` neighbour alone. */
function addressOf({ name, asset }: AssetFile, release: GithubRelease, api: GithubApi): URL {
  const url = parseUrl(release.upload_url.replace(/\{[^}]*\}$/, ''))
  const home = new URL(api.base)
  const hosts = [home.hostname, home.hostname.replace(/^api\./, 'uploads.')]
  if (url === null || !hosts.includes(url.hostname) || !isSecure(url))
    throw new TagproofError('index-answer', 'GitHub names an address for uploads that is not its own.', {
      found: showUrl(release.upload_url),
      expected: `https://${hosts.at(-1) ?? ''}`,
      fix: 'Check api: of the destination: nothing was sent there.'
    })
  url.searchParams.set('name', asset)
  // Shown on the page in place of a name that had to change.
  if (asset !== name) url.searchParams.set('label', name)
  return url
}

const types: Readonly<Record<string, string>> = {
  '.json': 'application/json',
  '.jsonl': 'application/jsonl',
  '.md': 'text/markdown',
  '.whl': 'application/zip',
  '.gz': 'application/gzip',
  '.deb': 'application/vnd.debian.binary-package',
  '.tar': 'application/x-tar'
}

function typeOf(asset: string): string {
  return types[path.extname(asset)] ?? 'application/octet-stream'
}
