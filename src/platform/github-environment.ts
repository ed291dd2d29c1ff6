import { TagproofError } from './errors.ts'
import type { HttpClient } from './http.ts'

/** Never one that somebody accepts: this token is read here and dropped. */
const audience = 'tagproof-look-at-environment'
const largestToken = 1 << 16

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
  const { ACTIONS_ID_TOKEN_REQUEST_URL: url = '', ACTIONS_ID_TOKEN_REQUEST_TOKEN: bearer = '' } = environment
  if (url === '' || bearer === '')
    throw new TagproofError('permission-missing', 'The job that publishes may not ask for an id token.', {
      found: 'no ACTIONS_ID_TOKEN_REQUEST_URL',
      expected: 'id-token: write in the permissions of the job',
      fix: 'Add id-token: write to the permissions of the job that publishes, and to no other job.'
    })
  const { body } = await http.read({
    url: `${url}${url.includes('?') ? '&' : '?'}audience=${audience}`,
    headers: { authorization: `Bearer ${bearer}`, accept: 'application/json' },
    maximumBytes: largestToken
  })
  const token = tokenIn(body)
  onSecret(token)
  const name = claimOf(token, 'environment')
  if (name !== '') return name
  throw new TagproofError('environment-missing', 'The job that publishes runs in no environment.', {
    expected: 'environment: release in the job, with reviewers and a rule for its tags',
    fix: 'Make the environment in the settings of the repository, and name it in the job.'
  })
}

function tokenIn(body: Buffer): string {
  try {
    const { value } = JSON.parse(body.toString('utf8')) as { value?: unknown }
    if (typeof value === 'string' && value !== '') return value
  } catch {
    // Told below.
  }
  throw new TagproofError('index-answer', 'The runner gave no id token.', {
    fix: 'Run the failed job again.'
  })
}

/** The signature is not checked: it came from the runner, and decides nothing but a refusal. */
function claimOf(token: string, name: string): string {
  try {
    const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8')) as Record<
      string,
      unknown
    >
    const value = claims[name]
    return typeof value === 'string' ? value : ''
  } catch {
    return ''
  }
}
