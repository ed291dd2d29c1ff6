import { TagproofError } from '../../platform/errors.ts'
import type { GithubApi } from './api.ts'
import { assetField, readAnswer, releaseField, type Asset, type GithubRelease } from './documents.ts'

/** What GitHub has for a tag. */
export interface FoundReleases {
  published: GithubRelease | null
  /** Oldest first. */
  drafts: GithubRelease[]
}

/**
 * Releases of a tag. One that is published is found by its tag; drafts are not (REST API, "Get a release by tag name"), and
 * are looked for in the list, which shows them to those alone who may write.
 */
export async function findReleases(api: GithubApi, tag: string): Promise<FoundReleases> {
  const published = await publishedRelease(api, tag)
  const drafts = (await api.list('/releases', releaseField)).filter(
    (one) => one.draft && one.tag_name === tag
  )
  return { published, drafts: drafts.sort((one, other) => one.id - other.id) }
}

export async function publishedRelease(api: GithubApi, tag: string): Promise<GithubRelease | null> {
  const { status, body, url } = await api.call({ path: `/releases/tags/${encodeURIComponent(tag)}` }, [404])
  return status === 404 ? null : readAnswer(releaseField, body, url)
}

/** All assets, those too whose upload broke off. */
export function assetsOf(api: GithubApi, { id }: Pick<GithubRelease, 'id'>): Promise<Asset[]> {
  return api.list(`/releases/${id}/assets`, assetField)
}

/**
 * The release to go on with: the published one, else our own draft. Pure.
 *
 * @param marker what the text of a draft of ours holds
 * @returns null where there is none yet
 * @throws TagproofError `destination-different` for a draft of somebody else
 */
export function chooseRelease(
  { published, drafts }: FoundReleases,
  { tag, marker }: { tag: string; marker: string }
): GithubRelease | null {
  if (published !== null) return published
  const foreign = drafts.find(({ body }) => body?.includes(marker) !== true)
  if (foreign === undefined) return drafts[0] ?? null
  throw new TagproofError(
    'destination-different',
    drafts.length === 1
      ? `GitHub has a draft for ${tag} that is not of this release.`
      : `GitHub has ${drafts.length} drafts for ${tag}, and not all are of this release.`,
    {
      where: drafts.map(({ html_url }) => html_url).join(', '),
      found: 'a draft of somebody else, of another commit, or without its last line',
      expected: `no draft, or one whose text ends in ${marker}`,
      fix: 'Delete the draft on its page; what it says goes into the file that notes: names.'
    }
  )
}
