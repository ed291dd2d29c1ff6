import type { ArtifactState } from '../destination.ts'
import type { GithubApi } from './api.ts'
import { hashOfAsset, type Fetching } from './bytes.ts'
import type { Asset } from './documents.ts'

/** A file of the release, and what it is called on GitHub. */
export interface AssetFile {
  name: string
  asset: string
  size: number
  sha256: string
}

/** Whether the bytes of an asset are there; those of `starter` and `open` never came. */
export function isWhole({ state }: Pick<Asset, 'state'>): boolean {
  return state === 'uploaded'
}

/** By the digest that GitHub computed; where it names none, of the bytes themselves. */
export async function stateOfAsset(
  { name, asset, size, sha256 }: AssetFile,
  assets: readonly Asset[],
  api: GithubApi,
  fetching: Fetching
): Promise<ArtifactState> {
  const found = assets.find((one) => one.name === asset)
  if (found === undefined || !isWhole(found)) return { name, state: 'absent' }
  const there = await hashOf(found, size, api, fetching)
  return there === sha256 ? { name, state: 'identical' } : { name, state: 'different', found: there }
}

async function hashOf(asset: Asset, size: number, api: GithubApi, fetching: Fetching): Promise<string> {
  const told = /^sha256:([0-9a-f]{64})$/.exec(asset.digest ?? '')?.[1]
  if (told !== undefined) return told
  const bytes = await hashOfAsset(asset.url, size, api.bytesHeaders(), fetching)
  if (bytes === null) return 'a name without a file'
  return bytes.size > size ? `more than ${size} bytes` : bytes.sha256
}

/** What is in a release besides its files. */
export function strangers(assets: readonly Asset[], files: readonly AssetFile[]): string[] {
  return assets.filter(({ name }) => !files.some(({ asset }) => asset === name)).map(({ name }) => name)
}
