import { TagproofError } from '../../platform/errors.ts'
import type { GithubApi } from './api.ts'
import { readAnswer, repositoryField } from './documents.ts'
import { mayNotWrite } from './refusals.ts'

/**
 * The repository, as this token sees it.
 *
 * @returns whether only those who log in may read it
 * @throws TagproofError `login-refused` where the token sees none, `project-refused` for an archived one
 */
export async function readRepository(api: GithubApi): Promise<{ isPrivate: boolean }> {
  const answer = await api.call({ path: '' }, [403, 404])
  if (answer.status !== 200)
    throw new TagproofError(
      'login-refused',
      `There is no repository ${api.repository} that this token sees.`,
      {
        found: answer.words,
        fix: 'Correct repository: of the destination, or hand over a token that was made for it.'
      }
    )
  const { private: isPrivate, archived } = readAnswer(repositoryField, answer.body, answer.url)
  if (archived)
    throw new TagproofError('project-refused', `The repository ${api.repository} is archived.`, {
      found: 'read-only',
      fix: 'Un-archive it in its settings: an archived repository takes no release.'
    })
  return { isPrivate }
}

/**
 * Asks for notes that nobody keeps. GitHub makes them only for who may write releases (REST API, "Generate release notes
 * content": contents, write), and what a repository says of `permissions` tells nothing for the token of a workflow; so this is
 * the one question about the permission that changes nothing.
 *
 * @throws TagproofError `permission-missing`
 */
export async function requireMayWrite(api: GithubApi, tag: string): Promise<void> {
  const answer = await api.call(
    { method: 'POST', path: '/releases/generate-notes', json: { tag_name: tag } },
    [400, 403, 404, 409, 422]
  )
  if (answer.status === 403 || answer.status === 404) throw mayNotWrite(answer)
}
