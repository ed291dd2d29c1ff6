import { TagproofError } from './errors.ts'
import { claimsOf, identityToken } from './github-identity.ts'
import type { HttpClient } from './http.ts'

/** Never one that somebody accepts: this token is read here and dropped. */
const audience = 'tagproof-look-at-environment'

/**
 * The environment that this job runs in, by the runner's own word: a claim of its id token, which nothing else tells.
 * The token is not used for anything.
 *
 * @param onSecret called with the token, to mask it
 * @throws TagproofError `permission-missing` where no id token can be had, `environment-missing`, `network`
 */
export async function requireEnvironment(
  http: HttpClient,
  environment: NodeJS.ProcessEnv,
  onSecret: (value: string) => void
): Promise<string> {
  const { environment: name } = claimsOf(await identityToken(http, environment, audience, onSecret))
  if (typeof name === 'string' && name !== '') return name
  throw new TagproofError('environment-missing', 'The job that publishes runs in no environment.', {
    expected: 'environment: release in the job, with reviewers and a rule for its tags',
    fix: 'Make the environment in the settings of the repository, and name it in the job.'
  })
}
