import { TagproofError } from '../../platform/errors.ts'
import type { HttpClient } from '../../platform/http.ts'
import type { Log } from '../../platform/log.ts'
import type { ApiAnswer, GithubApi } from './api.ts'
import { readAnswer, releaseField, type GithubRelease } from './documents.ts'
import { assetsOf, chooseRelease, findReleases } from './find.ts'
import { refused, tagBurned } from './refusals.ts'

export interface DraftRequest {
  tag: string
  marker: string
  notes: string
  prerelease: boolean
  api: GithubApi
  http: HttpClient
  log: Log
  signal?: AbortSignal
}

/**
 * The release to upload to: what is there already, else a draft that is made now. An answer that may hide a success is not
 * repeated before it is known that no draft is there; where two runs made one each, the older one counts.
 *
 * @throws TagproofError `destination-different`, `upload-refused`, `permission-missing`, `network`
 */
export async function ensureDraft(request: DraftRequest): Promise<GithubRelease> {
  const { tag, api, http, signal } = request
  for (let attempt = 1; ; attempt += 1) {
    const there = chooseRelease(await findReleases(api, tag), request)
    if (there !== null) return there
    const answer = await api.send({
      method: 'POST',
      path: '/releases',
      json: { tag_name: tag, name: tag, body: request.notes, draft: true, prerelease: request.prerelease }
    })
    if (answer.status === 201) return oldest(made(answer, tag), request)
    if (answer.status !== 0 && !answer.words.includes('already_exists')) throw refusedDraft(tag, answer)
    if (attempt >= http.attempts)
      throw new TagproofError('network', `GitHub did not make a draft for ${tag}.`, {
        found: `${answer.words} (${attempt} attempts)`,
        fix: 'Run the same job again later: what is there already is not sent again.'
      })
    await http.pause(attempt, undefined, signal)
  }
}

function refusedDraft(tag: string, answer: ApiAnswer): TagproofError {
  return /immutable/i.test(answer.words) ? tagBurned(tag, answer) : refused(`a draft for ${tag}`, answer)
}

function made(answer: ApiAnswer, tag: string): GithubRelease {
  const release = readAnswer(releaseField, answer.body, answer.url)
  if (release.draft && release.tag_name === tag) return release
  throw new TagproofError('index-answer', 'GitHub made another release than the draft it was asked for.', {
    found: `${release.draft ? 'a draft' : 'a published release'} for ${release.tag_name}`,
    expected: `a draft for ${tag}`,
    fix: `Look at ${release.html_url}, and delete it.`
  })
}

/** Of those that runs of this release made at the same time, each of which would have some of the files. */
async function oldest(mine: GithubRelease, request: DraftRequest): Promise<GithubRelease> {
  const { api, log } = request
  const found = await findReleases(api, request.tag)
  const there = chooseRelease(found, request)
  if (there === null || there.id === mine.id) return mine
  if ((await assetsOf(api, mine)).length === 0) {
    await api.call({ method: 'DELETE', path: `/releases/${mine.id}` }, [404])
    log.info(`Another run of this release made a draft too; the older one is used: ${there.html_url}`)
  }
  return there
}
