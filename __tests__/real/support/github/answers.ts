import type { components, operations } from '@octokit/openapi-types'
import { z } from 'zod'
import type { RepositoryState, StoredAsset, StoredRelease } from './state.ts'

/** Answers and questions in the shapes of the published description of the REST API: a shape that is wrong does not compile. */

type Schemas = components['schemas']
type BodyOf<T extends 'repos/create-release' | 'repos/update-release'> = NonNullable<
  operations[T]['requestBody']
>['content']['application/json']

const latest = z.enum(['true', 'false', 'legacy'])
const releaseBody = {
  target_commitish: z.string().optional(),
  name: z.string().optional(),
  body: z.string().max(125_000).optional(),
  draft: z.boolean().optional(),
  prerelease: z.boolean().optional(),
  make_latest: latest.optional()
}
export const createBody = z.strictObject({ tag_name: z.string().min(1), ...releaseBody })
export const updateBody = z.strictObject({ tag_name: z.string().min(1).optional(), ...releaseBody })
export type CreateBody = z.output<typeof createBody>
export type UpdateBody = z.output<typeof updateBody>
/** They take nothing that the description does not. */
type Fits<Small, Large> = keyof Small extends keyof Large ? true : never
export const fits: [
  Fits<CreateBody, BodyOf<'repos/create-release'>>,
  Fits<UpdateBody, BodyOf<'repos/update-release'>>
] = [true, true]

export interface Origins {
  /** Where the request came to, `http://127.0.0.1:1`. */
  origin: string
}

const user = null

export function assetAnswer(
  state: RepositoryState,
  release: StoredRelease,
  asset: StoredAsset,
  { origin }: Origins
): Omit<Schemas['release-asset'], 'state'> & { state: string } {
  const tag = release.draft ? `untagged-${release.id}` : release.tag
  return {
    url: `${apiOf(state, origin)}/releases/assets/${asset.id}`,
    browser_download_url: `${origin}/${state.owner}/${state.name}/releases/download/${tag}/${encodeURIComponent(asset.name)}`,
    id: asset.id,
    node_id: `RA_${asset.id}`,
    name: asset.name,
    label: asset.label,
    state: asset.state,
    content_type: 'application/octet-stream',
    size: asset.bytes.length,
    digest: asset.digest,
    download_count: 0,
    created_at: '2026-01-01T00:00:00Z',
    updated_at: '2026-01-01T00:00:00Z',
    uploader: user
  }
}

export function releaseAnswer(
  state: RepositoryState,
  release: StoredRelease,
  origins: Origins
): Omit<Schemas['release'], 'author' | 'assets'> & { assets: object[] } {
  const base = apiOf(state, origins.origin)
  const { id, tag } = release
  const page = release.draft ? `untagged-${id}` : tag
  return {
    url: `${base}/releases/${id}`,
    html_url: `${origins.origin}/${state.owner}/${state.name}/releases/tag/${page}`,
    assets_url: `${base}/releases/${id}/assets`,
    upload_url: `${origins.origin}/api/uploads/repos/${state.owner}/${state.name}/releases/${id}/assets{?name,label}`,
    tarball_url: null,
    zipball_url: null,
    id,
    node_id: `RE_${id}`,
    tag_name: tag,
    target_commitish: 'main',
    name: release.title,
    body: release.body,
    draft: release.draft,
    prerelease: release.prerelease,
    immutable: release.immutable,
    created_at: new Date(release.created).toISOString(),
    published_at: release.draft ? null : new Date(release.created).toISOString(),
    assets: release.assets
      .filter(({ state: is }) => is === 'uploaded')
      .map((one) => assetAnswer(state, release, one, origins))
  }
}

export function repositoryAnswer(
  state: RepositoryState
): Pick<Schemas['full-repository'], 'full_name' | 'private' | 'archived' | 'permissions'> {
  return {
    full_name: `${state.owner}/${state.name}`,
    private: state.private,
    archived: state.archived,
    // For the token of a workflow it is false whatever the token may do (semantic-release/github, verify.js).
    permissions: { admin: false, maintain: false, push: false, triage: false, pull: false }
  }
}

export function apiOf({ owner, name }: RepositoryState, origin: string): string {
  return `${origin}/api/v3/repos/${owner}/${name}`
}
