import { setTimeout as sleep } from 'node:timers/promises'
import { TagproofError } from '../../platform/errors.ts'
import type { GithubApi } from './api.ts'
import { hashOfAsset, type Fetching } from './bytes.ts'
import type { Asset } from './documents.ts'
import type { AssetFile } from './state.ts'

/** A minute in all: what was published just now is not everywhere at once. */
export const usualPatience: readonly number[] = [1, 2, 4, 8, 15, 30].map((seconds) => seconds * 1000)

export interface UserFetching extends Fetching {
  api: GithubApi
  /** With the token where nobody sees the repository without. */
  isPrivate: boolean
  /** Milliseconds to wait before each further look. */
  patience: readonly number[]
}

/**
 * Fetches a published file from where users do, and compares.
 *
 * @throws TagproofError `readback-missing`, `hash-mismatch`
 */
export async function fetchAsUser(
  { name, asset, size, sha256 }: AssetFile,
  assets: readonly Asset[],
  fetching: UserFetching
): Promise<void> {
  const listed = assets.find((one) => one.name === asset)
  if (listed === undefined) throw missing(name, 'the release does not list it', sha256)
  const [url, headers] = fetching.isPrivate
    ? [listed.url, fetching.api.bytesHeaders()]
    : [listed.browser_download_url, {}]
  for (let round = 0; ; round += 1) {
    const found = await hashOfAsset(url, size, headers, fetching)
    if (found?.sha256 === sha256) return
    if (found !== null)
      throw new TagproofError('hash-mismatch', `GitHub gives out other bytes of ${name} than were sent.`, {
        where: url,
        found: found.size > size ? `more than ${size} bytes` : found.sha256,
        expected: sha256,
        fix: 'Warn your users, withdraw the release (tagproof withdraw), and find out who changed the file or stands between you and GitHub.'
      })
    const wait = fetching.patience[round]
    if (wait === undefined) throw missing(name, `${url} gives out nothing`, sha256)
    const { signal } = fetching
    await sleep(wait, undefined, signal === undefined ? {} : { signal }).catch(() => {
      throw new TagproofError('cancelled', 'Stopped on request.')
    })
  }
}

export function missing(name: string, found: string, expected: string): TagproofError {
  return new TagproofError('readback-missing', `GitHub does not give out ${name}.`, {
    found,
    expected,
    fix: 'Run the same job again in some minutes: nothing is sent twice, and it is read back then.'
  })
}
