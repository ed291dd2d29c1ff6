import type { NameReadBack } from '../../documents/receipt.ts'
import { TagproofError } from '../../platform/errors.ts'
import type { MoveEvent, MovedName, MovingNames, NameState } from '../destination.ts'
import { readAnswer, releaseField, type GithubRelease } from './documents.ts'
import { assetsOf, chooseRelease, findReleases, publishedRelease } from './find.ts'
import { latestRelease, latestState } from './latest.ts'
import { refused, tagBurned } from './refusals.ts'
import { isWhole, stateOfAsset, strangers } from './state.ts'
import { requireTagThere } from './tag.ts'
import type { ReleaseContext } from './context.ts'
import { withdrawRelease } from './withdraw.ts'

type Moved = (event: MoveEvent) => Promise<void>

/** The name under which the receipt knows that a release is public. */
export function releaseName(tag: string): string {
  return `release ${tag}`
}

/**
 * Two names move: the release itself, from a draft to what everybody sees, and `latest`. A release whose tag is a
 * pre-release is never the latest.
 */
export function movingNames(context: ReleaseContext): MovingNames {
  const { api, tag, version, prerelease } = context
  return {
    async state() {
      const there = chooseRelease(await findReleases(api, tag), context)
      const published: NameState = {
        name: releaseName(tag),
        state: there?.draft === false ? 'current' : 'behind',
        found: there === null ? null : there.draft ? 'draft' : 'published',
        expected: 'published'
      }
      if (prerelease) return [published]
      const found = (await latestRelease(api))?.tag_name ?? null
      return [
        published,
        { name: 'latest', state: latestState(found, { tag, version }), found, expected: tag }
      ]
    },
    move: (names, onMoved) => moveNames(names, onMoved, context),
    readBack: () => readBackNames(context),
    back: (names: readonly MovedName[], onMoved: Moved) => withdrawRelease(names, onMoved, context)
  }
}

async function moveNames(names: readonly string[], onMoved: Moved, context: ReleaseContext): Promise<void> {
  const { api, tag, version } = context
  const there = chooseRelease(await findReleases(api, tag), context)
  if (there === null)
    throw new TagproofError('readback-missing', `The draft for ${tag} is gone from GitHub.`, {
      fix: 'Find out who deleted it, and run the same job again: it makes another one.'
    })
  const current = (await latestRelease(api))?.tag_name ?? null
  const ahead = latestState(current, { tag, version }) === 'ahead'
  const latest = names.includes('latest') && !ahead
  const publish = names.includes(releaseName(tag))
  if (there.draft) await requireComplete(there, context)
  if (there.draft || (latest && current !== tag)) await update(there, latest, context)
  if (publish) await onMoved({ name: releaseName(tag), outcome: there.draft ? 'moved' : 'there' })
  if (names.includes('latest'))
    await onMoved({ name: 'latest', outcome: ahead ? 'ahead' : current === tag ? 'there' : 'moved' })
}

/** After this nothing can be added where releases are immutable: the draft holds all files, and no others. */
async function requireComplete(draft: GithubRelease, context: ReleaseContext): Promise<void> {
  const { api, files, tag, commit } = context
  const assets = await assetsOf(api, draft)
  refuseStrangers(draft, strangers(assets, files))
  for (const file of files) {
    const state = await stateOfAsset(file, assets, api, context)
    if (state.state === 'identical') continue
    throw new TagproofError('readback-missing', `${file.name} is not in the draft for ${tag} any more.`, {
      where: draft.html_url,
      found: state.state === 'different' ? state.found : 'no such asset',
      expected: file.sha256,
      fix: 'Find out who changed the draft, and run the same job again. Nothing was published on GitHub.'
    })
  }
  await requireTagThere(api, tag, commit)
}

/** A file that nobody proved would be published with the rest. @throws TagproofError `destination-different` */
export function refuseStrangers({ html_url, tag_name }: GithubRelease, names: readonly string[]): void {
  if (names.length === 0) return
  throw new TagproofError(
    'destination-different',
    `The draft for ${tag_name} holds files that are not of this release.`,
    {
      where: html_url,
      found: names.slice(0, 20).join(', '),
      expected: 'the files of the release, and its evidence',
      fix: 'Delete them on the page of the draft; what is to be published is built from the tag.'
    }
  )
}

async function update(release: GithubRelease, latest: boolean, context: ReleaseContext): Promise<void> {
  const { api, tag, commit, prerelease } = context
  const json = { draft: false, prerelease, make_latest: latest ? 'true' : 'false' }
  const answer = await api.call({ method: 'PATCH', path: `/releases/${release.id}`, json }, [403, 404, 422])
  if (answer.status !== 200)
    throw /immutable/i.test(answer.words)
      ? tagBurned(tag, answer)
      : refused(`that ${tag} is published`, answer)
  const after = readAnswer(releaseField, answer.body, answer.url)
  if (after.draft || after.tag_name !== tag)
    throw new TagproofError('index-answer', `GitHub did not publish ${tag} as it was asked to.`, {
      where: after.html_url,
      found: `${after.draft ? 'a draft' : 'published'} under ${after.tag_name}`,
      expected: `published under ${tag}`,
      fix: 'Look at the page of the release, and run the same job again.'
    })
  await requireTagThere(api, tag, commit)
}

async function readBackNames(context: ReleaseContext): Promise<NameReadBack[]> {
  const { api, tag, prerelease, files } = context
  const release = await publishedRelease(api, tag)
  if (release === null) return []
  const assets = (await assetsOf(api, release)).filter(isWhole)
  for (const file of files) await context.fetchAsUser(file, assets)
  const note = `${files.length} files by hash, ${context.isPrivate() ? 'with the token' : 'without credentials'}`
  const published: NameReadBack = {
    name: releaseName(tag),
    found: 'published',
    checks: [
      { what: 'release', result: 'agrees', note: release.immutable ? 'by its tag; immutable' : 'by its tag' },
      { what: 'bytes', result: 'agrees', note }
    ]
  }
  const latest = prerelease ? null : await latestRelease(api)
  const back: NameReadBack[] =
    latest === null
      ? []
      : [
          {
            name: 'latest',
            found: latest.tag_name,
            checks: [{ what: 'release', result: 'agrees', note: '' }]
          }
        ]
  return [published, ...back]
}
