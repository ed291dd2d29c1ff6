import { TagproofError } from './errors.ts'
import { plainEnvironment, run, type RunResult } from './process.ts'

export interface Command {
  command: string
  args: string[]
}

/** The command as root runs it: as it is for root, through `sudo` without a password for anybody else. */
export function privileged(
  command: string,
  args: readonly string[],
  userId: number = process.getuid?.() ?? 0
): Command {
  if (userId === 0) return { command, args: [...args] }
  return { command: 'sudo', args: ['-n', '--', command, ...args] }
}

/**
 * Makes sure that {@link privileged} commands can run, before anything is half-made.
 *
 * @throws TagproofError `privilege-missing`
 */
export async function requirePrivilege(
  userId: number = process.getuid?.() ?? 0,
  tryCommand: (command: string, args: readonly string[]) => Promise<Pick<RunResult, 'code' | 'stderr'>> = (
    command,
    args
  ) => run(command, args, { env: plainEnvironment, timeoutSeconds: 20 })
): Promise<void> {
  if (userId === 0) return
  const { command, args } = privileged('true', [], userId)
  const answer = await tryCommand(command, args).catch((error: unknown) => {
    if (error instanceof TagproofError && error.code === 'tool-missing') return undefined
    throw error
  })
  if (answer?.code === 0) return
  throw new TagproofError(
    'privilege-missing',
    'Worlds are set up by root, and this user may not become root.',
    {
      found: answer === undefined ? 'no sudo' : answer.stderr.toString('utf8').trim() || 'sudo refused',
      expected: 'root, or sudo without a password',
      fix: 'Run as root, or allow sudo without a password for this user. Project code never gets root: it runs as an unprivileged user in a sandbox.'
    }
  )
}
