import { createHash } from 'node:crypto'

/** What the stand-in for GitHub holds of one repository. */

export interface StoredAsset {
  id: number
  name: string
  label: string
  /** `starter`: the upload broke off; it holds the name and has no bytes. */
  state: 'uploaded' | 'starter'
  bytes: Buffer
  /** Null on servers, and for assets, from before June 2025. */
  digest: string | null
}

export interface StoredRelease {
  id: number
  tag: string
  title: string
  body: string
  draft: boolean
  prerelease: boolean
  immutable: boolean
  created: number
  assets: StoredAsset[]
}

export interface GitObject {
  type: 'commit' | 'tag'
  sha: string
}

export interface RepositoryState {
  owner: string
  name: string
  private: boolean
  archived: boolean
  /** Setting of the repository: a release is locked when it is published. */
  immutableReleases: boolean
  /** Whether the server computes digests. */
  digests: boolean
  /** Tags, by name; `tagObjects` what annotated ones point at. */
  tags: Map<string, GitObject>
  tagObjects: Map<string, GitObject>
  releases: StoredRelease[]
  /** Id of the release that was marked as the latest; null: GitHub decides. */
  latest: number | null
  /** Tags of immutable releases that were deleted: no release takes them any more. */
  burned: Set<string>
  /** Tags that a release has made: nobody but git should. */
  madeTags: string[]
  /** Everything that was written, in order. */
  writes: string[]
  /** Bytes that a name gives out in place of its own. */
  lies: Map<string, Buffer>
  /** Reads of the public address for which a published file is not there yet. */
  late: number
  /** By the token that asks: what it may do with contents. */
  tokens: Map<string, 'read' | 'write'>
  nextId: number
}

export function emptyRepository(more: Partial<RepositoryState> = {}): RepositoryState {
  return {
    owner: 'octo',
    name: 'project',
    private: false,
    archived: false,
    immutableReleases: false,
    digests: true,
    tags: new Map(),
    tagObjects: new Map(),
    releases: [],
    latest: null,
    burned: new Set(),
    madeTags: [],
    writes: [],
    lies: new Map(),
    late: 0,
    tokens: new Map([['ghs_writer', 'write']]),
    nextId: 1,
    ...more
  }
}

export function storeAsset(
  state: RepositoryState,
  release: StoredRelease,
  { name, label = '', bytes }: { name: string; label?: string; bytes: Buffer }
): StoredAsset {
  const digest = state.digests ? `sha256:${createHash('sha256').update(bytes).digest('hex')}` : null
  const asset: StoredAsset = { id: state.nextId++, name, label, state: 'uploaded', bytes, digest }
  release.assets.push(asset)
  state.writes.push(`asset ${name} of ${release.id}`)
  return asset
}

/** The release that `latest` stands for (REST API, "Get the latest release": no drafts, no pre-releases). */
export function latestOf({ releases, latest }: RepositoryState): StoredRelease | undefined {
  const able = releases.filter(({ draft, prerelease }) => !draft && !prerelease)
  return able.find(({ id }) => id === latest) ?? able.sort((one, other) => other.created - one.created)[0]
}

/** As GitHub renames assets (cli/cli, `pkg/cmd/release/upload`): special characters become one dot, dots at the ends go. */
export function mangled(name: string): string {
  const value = name
    .normalize('NFKD')
    .replace(/[^\p{ASCII}]/gu, '')
    .replace(/[^A-Za-z0-9\-_+@]+/g, '.')
    .replace(/^\.+|\.+$/g, '')
  return value !== name && !value.includes('.') ? `default.${value}` : value
}
