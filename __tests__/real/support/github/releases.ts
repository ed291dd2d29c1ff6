import type { CreateBody, UpdateBody } from './answers.ts'
import { invalid, Refusal } from './refusal.ts'
import { mangled, storeAsset, type RepositoryState, type StoredAsset, type StoredRelease } from './state.ts'

/**
 * What releases let be done with them. Where each rule comes from:
 *
 * - a tag that is not there is made when the release is published (REST API, "Create a release": `target_commitish`);
 * - two published releases never share a tag (422 `already_exists`, seen in anton-yurchenko/git-release issue 144), drafts may;
 * - "Drafts and prereleases cannot be set as latest" (REST API, "Create a release": `make_latest`);
 * - an immutable release takes and loses no asset, and stays published; `prerelease` and `make_latest` may change
 *   (github/docs issue 45718); the tag of a deleted one is used up (github-community-projects/ospo-reusable-workflows issue 83);
 * - names of assets are altered, and an upload of a name that is there is refused (REST API, "Upload a release asset").
 */

export function createRelease(state: RepositoryState, body: CreateBody): StoredRelease {
  const draft = body.draft ?? false
  const prerelease = body.prerelease ?? false
  if (!draft) requireFree(state, body.tag_name)
  if (body.make_latest === 'true' && (draft || prerelease)) throw cannotBeLatest()
  const release: StoredRelease = {
    id: state.nextId++,
    tag: body.tag_name,
    title: body.name ?? body.tag_name,
    body: body.body ?? '',
    draft,
    prerelease,
    immutable: false,
    created: state.nextId,
    assets: []
  }
  state.releases.push(release)
  state.writes.push(`release ${release.id}`)
  if (!draft) publish(state, release, body.make_latest)
  return release
}

export function updateRelease(state: RepositoryState, release: StoredRelease, body: UpdateBody): void {
  const draft = body.draft ?? release.draft
  const prerelease = body.prerelease ?? release.prerelease
  if (release.immutable && (draft || (body.tag_name ?? release.tag) !== release.tag))
    throw new Refusal(422, 'Cannot change an immutable release')
  if (body.make_latest === 'true' && (draft || prerelease)) throw cannotBeLatest()
  const opens = release.draft && !draft
  if (opens) requireFree(state, body.tag_name ?? release.tag)
  state.writes.push(`update ${release.id} ${JSON.stringify(body)}`)
  release.tag = body.tag_name ?? release.tag
  release.title = body.name ?? release.title
  release.body = body.body ?? release.body
  release.prerelease = prerelease
  release.draft = draft
  if (opens) publish(state, release, body.make_latest)
  else if (body.make_latest !== undefined) markLatest(state, release, body.make_latest)
  if (draft && state.latest === release.id) state.latest = null
}

function publish(state: RepositoryState, release: StoredRelease, latest: UpdateBody['make_latest']): void {
  if (!state.tags.has(release.tag)) {
    state.tags.set(release.tag, { type: 'commit', sha: 'f'.repeat(40) })
    state.madeTags.push(release.tag)
  }
  release.immutable = state.immutableReleases
  markLatest(state, release, latest ?? (release.prerelease ? 'false' : 'true'))
}

function markLatest(
  state: RepositoryState,
  release: StoredRelease,
  latest: NonNullable<UpdateBody['make_latest']>
): void {
  if (latest === 'true') state.latest = release.id
  if (latest === 'false' && state.latest === release.id) state.latest = null
}

function requireFree(state: RepositoryState, tag: string): void {
  if (state.burned.has(tag))
    throw new Refusal(422, 'Validation Failed', [
      {
        resource: 'Release',
        code: 'custom',
        field: 'tag_name',
        message: 'tag_name was used by an immutable release'
      },
      { resource: 'Release', code: 'custom', message: 'Published releases must have a valid tag' }
    ])
  if (state.releases.some((one) => !one.draft && one.tag === tag))
    throw invalid('Release', 'tag_name', 'already_exists')
}

function cannotBeLatest(): Refusal {
  return invalid('Release', 'make_latest', 'custom', 'make_latest cannot be true for drafts and pre-releases')
}

export function deleteRelease(state: RepositoryState, release: StoredRelease): void {
  state.releases = state.releases.filter((one) => one !== release)
  if (release.immutable) state.burned.add(release.tag)
  state.writes.push(`delete release ${release.id}`)
}

/** Before the bytes come: what is known from the name alone. */
export function requireUploadable(release: StoredRelease, name: string): void {
  if (release.immutable) throw new Refusal(422, 'Cannot upload assets to an immutable release.')
  if (name === '') throw new Refusal(400, 'Bad Request')
  if (release.assets.length >= 1000) throw invalid('ReleaseAsset', 'name', 'custom', 'too many assets')
  if (release.assets.some((one) => one.name === mangled(name)))
    throw invalid('ReleaseAsset', 'name', 'already_exists')
}

export function upload(
  state: RepositoryState,
  release: StoredRelease,
  { name, label, bytes }: { name: string; label: string; bytes: Buffer }
): StoredAsset {
  requireUploadable(release, name)
  if (bytes.length === 0) throw new Refusal(400, 'Bad Content-Length')
  return storeAsset(state, release, { name: mangled(name), label, bytes })
}

/** REST API, "Upload a release asset": an upstream failure may leave an empty asset with a state of `starter`. */
export function breakUpload(state: RepositoryState, release: StoredRelease, name: string): void {
  const asset: StoredAsset = {
    id: state.nextId++,
    name: mangled(name),
    label: '',
    state: 'starter',
    bytes: Buffer.alloc(0),
    digest: null
  }
  release.assets.push(asset)
}

export function deleteAsset(state: RepositoryState, release: StoredRelease, asset: StoredAsset): void {
  if (release.immutable) throw new Refusal(422, 'Cannot delete assets from an immutable release.')
  release.assets = release.assets.filter((one) => one !== asset)
  state.writes.push(`delete asset ${asset.name} of ${release.id}`)
}
