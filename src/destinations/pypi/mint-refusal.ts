import { TagproofError } from '../../platform/errors.ts'
import type { Claims } from '../../platform/github-identity.ts'
import { claimsTable, publisherValues, type PublisherValues } from './claims-table.ts'
import type { IndexService } from './services.ts'

/** An index that does not exchange an identity token (422): its code and its words. */
export interface MintRefusal {
  code: string
  words: string
}

/** Reads `{errors: [{code, description}]}`, or problem details (RFC 9457). */
export function readRefusal(body: string): Pick<MintRefusal, 'code'> {
  try {
    const { errors, type } = JSON.parse(body) as { errors?: { code?: unknown }[]; type?: unknown }
    const code = errors?.[0]?.code ?? type
    return { code: typeof code === 'string' ? code : '' }
  } catch {
    return { code: '' }
  }
}

/**
 * The error with what the run says of itself beside what has to be registered, and what to do.
 *
 * @param claims of the identity token that was refused
 */
export function mintRefused(
  service: IndexService,
  projects: readonly string[],
  refusal: MintRefusal,
  claims: Claims
): TagproofError {
  const values = publisherValues(claims)
  return new TagproofError('login-refused', `${service.name} gives this run no token${codeText(refusal)}.`, {
    found: refusal.words,
    expected: `a trusted publisher of ${projects.join(', ')} with just these values`,
    output: claimsTable(values),
    fix: remedy(service, projects, refusal, values)
  })
}

function codeText({ code }: MintRefusal): string {
  return /^[a-z-]{1,40}$/.test(code) ? ` (${code})` : ''
}

function remedy(
  service: IndexService,
  projects: readonly string[],
  { code, words }: MintRefusal,
  values: PublisherValues
): string {
  // These two can be known from the run itself, whatever the index calls them.
  if (values.event === 'pull_request_target')
    return 'Runs of pull_request_target never get a token. Publish from a push of the tag, or by workflow_dispatch on it.'
  if (values.workflowRepository !== '' && !sameRepository(values))
    return (
      `The job stands in a reusable workflow of ${values.workflowRepository}, which matches no publisher of ` +
      `${values.owner}/${values.repository}. Make publishing a job of the caller's own workflow file.`
    )
  switch (code) {
    case 'invalid-publisher':
      return `${register(service, projects, values)}${values.called ? calledNote(values) : ''}`
    case 'invalid-pending-publisher':
      return (
        'The pending publisher is for a project that exists by now, and has just been removed. ' +
        register(service, projects, values)
      )
    case 'invalid-reuse-token':
      return 'The identity token was used already; a new one did not help. Run the job again.'
    case 'not-enabled':
      return 'The index has switched trusted publishing off at this time. Run the job again later, or use a token.'
    case 'invalid-payload':
      return /issuer/i.test(words)
        ? 'The index does not know who signed: this GitHub server is not one that it takes. Use a token of the index.'
        : 'Do what the index says; a name that is too similar to another project cannot be made by a pending publisher.'
    case 'invalid-token':
      return 'The index could not verify the identity token: the clock of the runner may be wrong, or the audience is not its own. Run the job again.'
    default:
      return register(service, projects, values)
  }
}

function sameRepository({ owner, repository, workflowRepository }: PublisherValues): boolean {
  return `${owner}/${repository}`.toLowerCase() === workflowRepository.toLowerCase()
}

function register(service: IndexService, projects: readonly string[], values: PublisherValues): string {
  const environment = values.environment === '' ? 'no environment' : `environment ${values.environment}`
  return (
    `Register at ${pageOf(service, projects)}: owner ${values.owner}, repository ${values.repository}, ` +
    `workflow ${values.workflow}, ${environment}; or run the job as it is registered.`
  )
}

function pageOf({ name, jsonUrl }: IndexService, projects: readonly string[]): string {
  const [project] = projects
  return jsonUrl === null || project === undefined || projects.length > 1
    ? `${name}, under the publishers of each project,`
    : new URL(`manage/project/${encodeURIComponent(project)}/settings/publishing/`, jsonUrl).href
}

function calledNote({ workflow }: PublisherValues): string {
  return ` The job stands in the called workflow ${workflow}: it is that file which counts, and attestations will not match it.`
}
