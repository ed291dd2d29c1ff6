import type { MoveEvent, MovedName } from '../destination.ts'
import type { ReleaseContext } from './context.ts'
import type { GithubRelease } from './documents.ts'
import { publishedRelease } from './find.ts'
import { latestRelease } from './latest.ts'
import { refused } from './refusals.ts'

/**
 * `latest` goes back to the release before, and the release back to a draft, which keeps its files. An immutable one stays
 * public for ever: it is marked as a pre-release, which is never the latest (what of it may change: github/docs issue 45718),
 * and its name is not told as moved.
 */
export async function withdrawRelease(
  names: readonly MovedName[],
  onMoved: (event: MoveEvent) => Promise<void>,
  context: ReleaseContext
): Promise<void> {
  const latest = names.find(({ name }) => name === 'latest')
  if (latest !== undefined) await onMoved({ name: 'latest', outcome: await backToLatest(latest, context) })
  const published = names.find(({ name }) => name !== 'latest')
  if (published === undefined) return
  const release = await publishedRelease(context.api, context.tag)
  if (release === null) return onMoved({ name: published.name, outcome: 'there' })
  if (release.immutable) return markImmutable(release, context)
  await change(release, { draft: true }, context)
  await onMoved({ name: published.name, outcome: 'moved' })
}

async function backToLatest(
  { before, expected }: MovedName,
  context: ReleaseContext
): Promise<MoveEvent['outcome']> {
  const { api, log } = context
  const current = (await latestRelease(api))?.tag_name ?? null
  if (current !== expected) return current === before ? 'there' : 'ahead'
  const earlier = before === null ? null : await publishedRelease(api, before)
  if (before !== null && earlier === null)
    log.warn(`GitHub has no release ${before} any more; which one is the latest is left to GitHub.`)
  const own = await publishedRelease(api, context.tag)
  if (earlier !== null) await change(earlier, { make_latest: 'true' }, context)
  else if (own !== null) await change(own, { prerelease: true, make_latest: 'false' }, context)
  return 'moved'
}

async function markImmutable(release: GithubRelease, context: ReleaseContext): Promise<void> {
  const { log, tag } = context
  if (!release.prerelease) await change(release, { prerelease: true, make_latest: 'false' }, context)
  log.warn(
    `The release ${tag} on GitHub is immutable and stays public; it is marked as a pre-release. Say in its notes why it was withdrawn: ${release.html_url}`
  )
}

async function change(
  release: GithubRelease,
  json: { draft?: boolean; prerelease?: boolean; make_latest?: 'true' | 'false' },
  { api }: ReleaseContext
): Promise<void> {
  const answer = await api.call({ method: 'PATCH', path: `/releases/${release.id}`, json }, [403, 404, 422])
  if (answer.status !== 200) throw refused(`this change of ${release.tag_name}`, answer)
}
