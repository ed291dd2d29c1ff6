import { TagproofError } from './platform/errors.ts'
import { identityToken } from './platform/github-identity.ts'
import { credentialVariable } from './platform/secrets.ts'
import type { Credentials } from './stages/index.ts'

interface TerminalSecrets {
  /** Taken out of the environment before anything ran. */
  credentials?: Credentials['given']
  onSecret?: (value: string) => void
}

/** In a step of a workflow the command has its identity too; elsewhere there are tokens only. */
export function terminalCredentials({
  credentials = new Map(),
  onSecret = () => undefined
}: TerminalSecrets): Credentials {
  const environment = process.env
  return {
    given: credentials,
    nameOf: (name) => `The variable ${credentialVariable(name)}`,
    identityToken: (http, audience) => {
      if ((environment.ACTIONS_ID_TOKEN_REQUEST_URL ?? '') !== '')
        return identityToken(http, environment, audience, onSecret)
      throw new TagproofError(
        'login-refused',
        'There is no token, and no workflow that could vouch for this run.',
        {
          found: `no ${credentialVariable('pypi-token')}, and no id token of GitHub`,
          fix: `Set ${credentialVariable('pypi-token')} to a token of the project, or publish from the workflow that tagproof init writes.`
        }
      )
    },
    onSecret,
    environment
  }
}
