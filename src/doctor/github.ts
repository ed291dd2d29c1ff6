import { TagproofError } from '../platform/errors.ts'
import { createHttpClient, type HttpClient } from '../platform/http.ts'
import { run, type Environment } from '../platform/process.ts'
import type { HostedRepository } from '../source/remote.ts'
import { asList, asRecord } from './workflow/read.ts'

/** What a setting is, or why it could not be read. */
export type Read<T> = { value: T } | { unread: string }

export interface EnvironmentFacts {
  /** How many people or teams may approve. */
  reviewers: number
  /** Whether who started a run may not approve it. */
  preventsSelfReview: boolean
  /** Undefined where the answer does not say. */
  adminsBypass: boolean | undefined
  /** Which refs may deploy: all, protected branches, or those that rules name. */
  refs: 'all' | 'protected-branches' | 'rules'
}

export interface RefRule {
  name: string
  type: string
}

export interface Ruleset {
  name: string
  target: string
  enforcement: string
  include: string[]
  exclude: string[]
  rules: string[]
  /** Undefined where this token may not see it. */
  bypassers: number | undefined
}

export interface RepositoryFacts {
  repository: HostedRepository | null
  /** Name of the environment that was looked for. */
  environment: string
  /** Null: there is no such environment. */
  protection: Read<EnvironmentFacts | null>
  refRules: Read<RefRule[]>
  rulesets: Read<Ruleset[]>
  /** What a job gets that says nothing. */
  defaultPermissions: Read<string>
}

export interface GitHubAccess {
  repository: HostedRepository | null
  environment: string
  offline: boolean
  /** Base of the REST API. */
  api: string
  token: string | null
}

/** Where the API is, as the runner says it, or that of the public host. */
export function apiOf(environment: NodeJS.ProcessEnv): string {
  return (environment.GITHUB_API_URL ?? '').replace(/\/+$/, '') || 'https://api.github.com'
}

/** `GH_TOKEN`, `GITHUB_TOKEN`, or what gh(1) is signed in with; null where there is none. */
export async function tokenOf(environment: NodeJS.ProcessEnv): Promise<string | null> {
  const given = environment.GH_TOKEN ?? environment.GITHUB_TOKEN ?? ''
  if (given !== '') return given
  const names = ['PATH', 'HOME', 'XDG_CONFIG_HOME', 'GH_CONFIG_DIR', 'GH_HOST']
  const env: Environment = Object.fromEntries(
    names.flatMap((name) => (environment[name] === undefined ? [] : [[name, environment[name]]]))
  )
  const answer = await run('gh', ['auth', 'token'], { env, timeoutSeconds: 20 }).catch(() => null)
  const token = answer?.code === 0 ? answer.stdout.toString('utf8').trim() : ''
  return token === '' ? null : token
}

/** Reads the settings of a repository. What cannot be read says why; nothing of it ends the run. */
export async function gatherRepository(access: GitHubAccess): Promise<RepositoryFacts> {
  const { repository, environment } = access
  const unread = notAsked(access)
  if (unread !== null || repository === null) {
    const none = { unread: unread ?? 'its name is not known' }
    return {
      repository,
      environment,
      protection: none,
      refRules: none,
      rulesets: none,
      defaultPermissions: none
    }
  }
  const client = createHttpClient({ attempts: 2, stallMilliseconds: 10_000 })
  const ask = askFor(client, access, `/repos/${repository.owner}/${repository.name}`)
  try {
    const known = await ask('')
    if ('unread' in known)
      return {
        repository,
        environment,
        protection: known,
        refRules: known,
        rulesets: known,
        defaultPermissions: known
      }
    const place = `/environments/${encodeURIComponent(environment)}`
    const protection = mapRead(await ask(place, 'absent'), (value) =>
      value === null ? null : environmentOf(value)
    )
    return {
      repository,
      environment,
      protection,
      refRules: mapRead(await ask(`${place}/deployment-branch-policies?per_page=100`, 'absent'), refRulesOf),
      rulesets: await rulesetsOf(ask),
      defaultPermissions: mapRead(await ask('/actions/permissions/workflow'), (value) =>
        String(asRecord(value).default_workflow_permissions)
      )
    }
  } finally {
    client.close()
  }
}

function notAsked({ repository, environment, offline, api, token }: GitHubAccess): string | null {
  if (environment.includes('${{')) return 'the name of the environment is known only once the workflow runs'
  if (repository === null) return 'the clone has no remote origin on a code host'
  if (offline) return 'no network was to be used'
  if (token === null) return 'there is no token'
  const { protocol, hostname } = new URL(api)
  const loopback = ['127.0.0.1', '[::1]', 'localhost'].includes(hostname)
  return protocol === 'https:' || loopback
    ? null
    : 'the address of the API is not https, and the token goes nowhere else'
}

/** `absent`: that the thing is not there is an answer, null. */
type Ask = (path: string, missing?: 'absent') => Promise<Read<unknown>>

const mostBytes = 4 * 1024 * 1024

function askFor(client: HttpClient, { api, token }: GitHubAccess, base: string): Ask {
  return async (path, missing) => {
    try {
      const { status, body } = await client.read({
        url: `${api}${base}${path}`,
        headers: {
          authorization: `Bearer ${token ?? ''}`,
          accept: 'application/vnd.github+json',
          'x-github-api-version': '2022-11-28'
        },
        accept: [401, 403, 404],
        maximumBytes: mostBytes
      })
      if (status === 404 && missing === 'absent') return { value: null }
      if (status >= 400) return { unread: refusal(status) }
      return { value: JSON.parse(body.toString('utf8')) as unknown }
    } catch (error) {
      if (error instanceof TagproofError) return { unread: error.message.replace(/\.$/, '') }
      return { unread: 'the answer is not JSON' }
    }
  }
}

function refusal(status: number): string {
  if (status === 401) return 'the token is not valid (401)'
  if (status === 403) return 'the token may not read it (403)'
  return 'this token sees no such thing (404)'
}

function mapRead<T, U>(read: Read<T>, map: (value: T) => U): Read<U> {
  return 'value' in read ? { value: map(read.value) } : read
}

/** REST API, "Get an environment". */
function environmentOf(value: unknown): EnvironmentFacts {
  const { protection_rules, can_admins_bypass, deployment_branch_policy: policy } = asRecord(value)
  const rules = asList(protection_rules).map(asRecord)
  const reviewing = rules.find(({ type }) => type === 'required_reviewers') ?? {}
  return {
    reviewers: asList(reviewing.reviewers).length,
    preventsSelfReview: reviewing.prevent_self_review === true,
    adminsBypass: typeof can_admins_bypass === 'boolean' ? can_admins_bypass : undefined,
    refs:
      policy === null || policy === undefined
        ? 'all'
        : asRecord(policy).custom_branch_policies === true
          ? 'rules'
          : 'protected-branches'
  }
}

/** REST API, "List deployment branch policies". */
function refRulesOf(value: unknown): RefRule[] {
  return asList(asRecord(value).branch_policies)
    .map(asRecord)
    .map(({ name, type }) => ({ name: String(name), type: typeof type === 'string' ? type : 'branch' }))
}

/** REST API, "Get all repository rulesets": the list says who, each one says what. */
async function rulesetsOf(ask: Ask): Promise<Read<Ruleset[]>> {
  const list = await ask('/rulesets?includes_parents=true&per_page=100')
  if ('unread' in list) return list
  const found: Ruleset[] = []
  for (const { id, target } of asList(list.value).map(asRecord)) {
    if (target !== 'tag') continue
    const read = await ask(`/rulesets/${String(id)}?includes_parents=true`)
    if ('unread' in read) return read
    found.push(rulesetOf(asRecord(read.value)))
  }
  return { value: found }
}

function rulesetOf(value: Record<string, unknown>): Ruleset {
  const names = asRecord(asRecord(value.conditions).ref_name)
  return {
    name: String(value.name),
    target: String(value.target),
    enforcement: String(value.enforcement),
    include: asList(names.include).map(String),
    exclude: asList(names.exclude).map(String),
    rules: asList(value.rules).map((rule) => String(asRecord(rule).type)),
    bypassers: Array.isArray(value.bypass_actors) ? value.bypass_actors.length : undefined
  }
}
