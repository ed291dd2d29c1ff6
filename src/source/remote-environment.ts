import type { Environment } from '../platform/process.ts'
import { hardenedEnvironment } from './private-git.ts'

const networkVariables =
  /^(https?_proxy|HTTPS_PROXY|HTTP_PROXY|no_proxy|NO_PROXY|GIT_SSL_CAINFO|SSL_CERT_FILE|SSL_CERT_DIR)$/

type Variables = Readonly<Record<string, string | undefined>>

/** Of the caller's variables git gets the way to the network and no more. */
export function networkEnvironment(environment: Variables): Environment {
  return picked(environment, (name) => networkVariables.test(name))
}

/** For ssh it gets the agent; a server whose key is not known is not spoken to, and nothing is asked. */
export function sshEnvironment(environment: Variables): Environment {
  return {
    ...picked(environment, (name) => ['SSH_AUTH_SOCK', 'HOME', 'USER', 'LOGNAME'].includes(name)),
    GIT_SSH_COMMAND: 'ssh -oBatchMode=yes -oStrictHostKeyChecking=yes',
    GIT_SSH_VARIANT: 'ssh'
  }
}

function picked(environment: Variables, wanted: (name: string) => boolean): Environment {
  return Object.fromEntries(
    Object.entries(environment).flatMap(([name, value]) =>
      value !== undefined && wanted(name) ? [[name, value]] : []
    )
  )
}

export interface RemoteAccess {
  /** Of the repository: `https://HOST/OWNER/NAME`. */
  url: string
  /** Undefined for what is public. It goes to the host of the address alone, and never into arguments. */
  token: string | undefined
  /** Where variables of proxies and certificates are looked up. */
  environment: Variables
}

/**
 * What git runs with when it speaks to a server over http or https.
 *
 * @param settings of git's configuration, for this command alone
 */
export function remoteEnvironment(
  { url, token, environment }: RemoteAccess,
  settings: Readonly<Record<string, string>> = {}
): Environment {
  const basic = Buffer.from(`x-access-token:${token ?? ''}`).toString('base64')
  const login =
    token === undefined
      ? {}
      : { [`http.${new URL(url).origin}/.extraheader`]: `AUTHORIZATION: basic ${basic}` }
  return {
    ...hardenedEnvironment,
    ...networkEnvironment(environment),
    GIT_ALLOW_PROTOCOL: 'http:https',
    ...settingsEnvironment({ ...settings, ...login })
  }
}

/** Settings of git's configuration as variables (git-config(1), GIT_CONFIG_COUNT). */
export function settingsEnvironment(settings: Readonly<Record<string, string>>): Environment {
  const entries = Object.entries(settings)
  if (entries.length === 0) return {}
  return Object.fromEntries([
    ['GIT_CONFIG_COUNT', String(entries.length)],
    ...entries.flatMap(([name, value], at) => [
      [`GIT_CONFIG_KEY_${at}`, name],
      [`GIT_CONFIG_VALUE_${at}`, value]
    ])
  ]) as Record<string, string>
}
