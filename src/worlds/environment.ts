import { TagproofError } from '../platform/errors.ts'

/** Names that tell a build where it runs, or that carry a credential. */
const refused =
  /^(CI|GITHUB_.*|RUNNER_.*|ACTIONS_.*|INPUT_.*|SSH_.*|SUDO_.*|AWS_.*)$|TOKEN|SECRET|PASSWORD|CREDENTIAL/i

/**
 * The variables that a caller adds to a world. There is no way to hand on the environment of this process; what is
 * chosen by name must still be no credential and nothing of the machine's service.
 *
 * @throws TagproofError `internal`
 */
export function checkedEnvironment(environment: Readonly<Record<string, string>>): Record<string, string> {
  for (const [name, value] of Object.entries(environment)) {
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name) || value.includes('\0'))
      throw new TagproofError('internal', `The variable ${JSON.stringify(name)} cannot be given to a world.`)
    if (refused.test(name))
      throw new TagproofError('internal', `The variable ${name} must not reach a world.`)
  }
  return { ...environment }
}
