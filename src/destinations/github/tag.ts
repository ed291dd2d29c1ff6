import { TagproofError } from '../../platform/errors.ts'
import { showUrl } from '../../platform/http-rules.ts'
import type { GithubApi } from './api.ts'
import { readAnswer, referenceField } from './documents.ts'

/** As `src/source/tag.ts`. */
const deepestNesting = 16

/**
 * The tag on the server must be there, and name the commit of the release: a release without a tag would make one, at
 * whatever the default branch is then (REST API, "Create a release": `target_commitish`).
 *
 * @throws TagproofError `tag-missing`, `tag-moved`
 */
export async function requireTagThere(api: GithubApi, tag: string, commit: string): Promise<void> {
  const path = tag.split('/').map(encodeURIComponent).join('/')
  const answer = await api.call({ path: `/git/ref/tags/${path}` }, [404, 409])
  if (answer.status !== 200)
    throw new TagproofError('tag-missing', `The repository ${api.repository} has no tag ${tag}.`, {
      where: showUrl(answer.url),
      fix: `Push it: git push origin refs/tags/${tag}. A release is never made without its tag.`
    })
  let { object } = readAnswer(referenceField, answer.body, answer.url)
  for (let depth = 0; object.type === 'tag' && depth < deepestNesting; depth += 1) {
    const inner = await api.call({ path: `/git/tags/${object.sha}` })
    object = readAnswer(referenceField, inner.body, inner.url).object
  }
  if (object.type === 'commit' && object.sha === commit) return
  throw new TagproofError('tag-moved', `The tag ${tag} of ${api.repository} names another commit.`, {
    found: `${object.type} ${object.sha}`,
    expected: `commit ${commit}`,
    fix: 'Find out who moved it. A release tag must not move: make a new version.'
  })
}
