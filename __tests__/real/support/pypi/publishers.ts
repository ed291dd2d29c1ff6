import type { Claims } from './identity-provider.ts'
import type { Publisher } from './state.ts'

export class NoPublisher extends Error {}

/**
 * The publisher that a token speaks for: by repository, owner, id of the owner and the file in `job_workflow_ref`; one
 * with the environment of the token before one without any. Then each claim is verified.
 *
 * @throws NoPublisher with the index's reason
 */
export function publisherFor<One extends Publisher>(publishers: readonly One[], claims: Claims): One {
  const text = (name: string): string => {
    const value = claims[name]
    if (typeof value !== 'string') throw new NoPublisher(`Missing claim '${name}'`)
    return value
  }
  const [owner, repository] = text('repository').split('/')
  const workflow = /[^/]+\.ya?ml(?=@)/.exec(text('job_workflow_ref'))?.[0]
  if (workflow === undefined)
    throw new NoPublisher('Could not job extract workflow filename from OIDC claims')
  const matching = publishers.filter(
    (one) =>
      one.repository === repository &&
      one.owner === owner &&
      one.ownerId === text('repository_owner_id') &&
      one.workflow === workflow
  )
  const environment = typeof claims.environment === 'string' ? claims.environment.toLowerCase() : ''
  const found =
    matching.find((one) => environment !== '' && one.environment.toLowerCase() === environment) ??
    matching.find((one) => one.environment === '')
  if (found === undefined) throw new NoPublisher('Publisher with matching claims was not found')
  verify(found, text)
  return found
}

function verify(publisher: Publisher, text: (name: string) => string): void {
  for (const name of ['ref', 'sha', 'jti', 'event_name', 'repository_owner']) text(name)
  const slug = `${publisher.owner}/${publisher.repository}`
  const checks: [string, boolean][] = [
    ['repository', text('repository').toLowerCase() === slug.toLowerCase()],
    ['repository_owner', text('repository_owner') === publisher.owner],
    ['repository_owner_id', text('repository_owner_id') === publisher.ownerId]
  ]
  for (const [name, right] of checks)
    if (!right) throw new NoPublisher(`Check failed for required claim '${name}'`)
  const refs = [text('ref'), text('sha')].filter((ref) => ref !== '')
  if (refs.length === 0) throw new NoPublisher('The ref and sha claims are empty')
  const expected = refs.map((ref) => `${slug}/.github/workflows/${publisher.workflow}@${ref}`).sort()
  const given = text('job_workflow_ref')
  if (!expected.includes(given))
    throw new NoPublisher(
      `The job_workflow_ref claim does not match, expecting one of ['${expected.join("', '")}'], got '${given}'`
    )
  if (text('event_name') === 'pull_request_target')
    throw new NoPublisher("Publishing from a workflow invoked via 'pull_request_target' is not supported.")
}
