import { readFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { TagproofError } from '../errors.ts'
import { describeEnd, plainEnvironment, run, type Environment } from '../process.ts'

/** How to log in to one registry. */
export type Credentials =
  | { kind: 'password'; user: string; password: string }
  /** A refresh token: it is exchanged for one that reads (`docker login` of some registries leaves these). */
  | { kind: 'identity'; token: string }

type Variables = Readonly<Record<string, string | undefined>>

/** What `docker login` has left: logins, and helpers that keep them. */
export interface DockerConfiguration {
  /** For messages. */
  file: string
  auths: Readonly<Record<string, unknown>>
  credHelpers: Readonly<Record<string, unknown>>
  credsStore: string | null
}

/**
 * Reads docker's configuration: `config.json` in `DOCKER_CONFIG`, or in `~/.docker`. None is an empty one.
 *
 * @throws TagproofError `config-invalid` for a file that is no JSON object
 */
export async function readDockerConfiguration(environment: Variables): Promise<DockerConfiguration> {
  const folder = environment.DOCKER_CONFIG ?? path.join(environment.HOME ?? os.homedir(), '.docker')
  const file = path.join(folder, 'config.json')
  const text = await readFile(file, 'utf8').catch(() => null)
  const none = { file, auths: {}, credHelpers: {}, credsStore: null }
  if (text === null || text.trim() === '') return none
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    // The text may hold passwords: nothing of it is shown.
    value = null
  }
  if (!isRecord(value))
    throw new TagproofError('config-invalid', 'The configuration of docker cannot be read.', {
      where: file,
      expected: 'a JSON object',
      fix: 'Correct the file, or log in again with docker login.'
    })
  return {
    file,
    auths: isRecord(value.auths) ? value.auths : {},
    credHelpers: isRecord(value.credHelpers) ? value.credHelpers : {},
    credsStore: typeof value.credsStore === 'string' && value.credsStore !== '' ? value.credsStore : null
  }
}

/**
 * The login for a host: that of its helper, of the general helper, or the one in the file; null for none.
 *
 * @param hosts names of one registry, each with its port if it has one
 * @throws TagproofError `tool-missing`, `config-invalid` if a helper cannot be used
 */
export async function credentialsFor(
  hosts: readonly string[],
  configuration: DockerConfiguration,
  environment: Variables
): Promise<Credentials | null> {
  for (const host of hosts) {
    const key = keyOf(configuration.credHelpers, host)
    const helper = key === undefined ? undefined : configuration.credHelpers[key]
    const server = keyOf(configuration.auths, host) ?? host
    const kept = key !== undefined && typeof helper === 'string' ? { helper, server: key } : null
    const asked =
      kept ?? (configuration.credsStore === null ? null : { helper: configuration.credsStore, server })
    const found = asked === null ? null : await askHelper(asked.helper, asked.server, environment)
    const own = found ?? readAuth(configuration.auths[server])
    if (own !== null) return own
  }
  return null
}

/** The key for a host: keys are hosts or addresses, and only the whole host counts. */
function keyOf(entries: Readonly<Record<string, unknown>>, host: string): string | undefined {
  return Object.keys(entries).find((key) => hostOf(key) === host.toLowerCase())
}

function hostOf(key: string): string {
  return key
    .replace(/^[a-z]+:\/\//i, '')
    .replace(/\/.*$/s, '')
    .toLowerCase()
}

function readAuth(entry: unknown): Credentials | null {
  if (!isRecord(entry)) return null
  if (typeof entry.identitytoken === 'string' && entry.identitytoken !== '')
    return { kind: 'identity', token: entry.identitytoken }
  if (typeof entry.auth === 'string' && entry.auth !== '') {
    const pair = Buffer.from(entry.auth, 'base64').toString('utf8')
    const colon = pair.indexOf(':')
    if (colon > 0)
      return {
        kind: 'password',
        user: pair.slice(0, colon),
        password: pair.slice(colon + 1).replace(/\0+$/, '')
      }
  }
  const { username, password } = entry
  return typeof username === 'string' && typeof password === 'string' && username !== ''
    ? { kind: 'password', user: username, password }
    : null
}

/** Helpers find their own logins by these, and need nothing else. */
const helperVariables =
  /^(HOME|PATH|USER|XDG_RUNTIME_DIR|DBUS_SESSION_BUS_ADDRESS|DOCKER_CONFIG|GNUPGHOME|PASSWORD_STORE_DIR|(AWS|AZURE|CLOUDSDK|GOOGLE)_[A-Z0-9_]+)$/

/** `docker-credential-NAME get`: the server on standard input, a JSON object on standard output. */
async function askHelper(name: string, server: string, environment: Variables): Promise<Credentials | null> {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name))
    throw new TagproofError(
      'config-invalid',
      'The configuration of docker names a helper that cannot be one.',
      {
        found: name.slice(0, 100)
      }
    )
  const program = `docker-credential-${name}`
  const env: Environment = { ...plainEnvironment, ...Object.fromEntries(chosen(environment)) }
  const result = await run(program, ['get'], {
    env,
    stdin: Buffer.from(server),
    timeoutSeconds: 60,
    keepBytes: 1 << 20
  })
  const answer = result.stdout.toString('utf8')
  if (result.code !== 0) {
    // The words of the protocol for a server that it does not know.
    if (/credentials not found/i.test(answer + result.stderr.toString('utf8'))) return null
    throw new TagproofError('config-invalid', `${program} ended with ${describeEnd(result)}.`, {
      fix: 'Log in again with docker login, or correct credsStore in the configuration of docker.'
    })
  }
  const value = parsed(answer)
  const { Username: user, Secret: secret } = value ?? {}
  if (typeof user !== 'string' || typeof secret !== 'string')
    throw new TagproofError('config-invalid', `${program} gave no login.`, {
      expected: 'a JSON object with Username and Secret'
    })
  if (user === '<token>') return { kind: 'identity', token: secret }
  return user === '' ? null : { kind: 'password', user, password: secret }
}

function chosen(environment: Variables): [string, string][] {
  return Object.entries(environment).flatMap(([name, value]): [string, string][] =>
    value !== undefined && helperVariables.test(name) ? [[name, value]] : []
  )
}

function parsed(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text)
    return isRecord(value) ? value : null
  } catch {
    return null
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
