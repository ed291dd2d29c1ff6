import type { Log } from '../platform/log.ts'
import { lastLines, plainEnvironment, run } from '../platform/process.ts'
import { TagproofError } from '../platform/errors.ts'
import { installCommands, type SetupPlan } from '../platform/system-packages.mjs'

/**
 * Puts missing packages in place, where this user may; anything else is left for the checks to tell.
 *
 * @param searchPath tests give another one
 * @returns whether anything was installed
 * @throws TagproofError `tool-missing` with the last lines of apt-get where it could not
 */
export async function installMissing(
  setup: SetupPlan,
  { log, signal }: { log: Log; signal?: AbortSignal },
  environment: Readonly<Record<string, string | undefined>> = process.env,
  searchPath: string = plainEnvironment.PATH ?? ''
): Promise<boolean> {
  if (setup.action !== 'install') return false
  const { update, install } = installCommands(setup.packages, environment, process.getuid?.() === 0)
  const progress = log.begin(setup.message)
  const onLine = (line: string): void => progress.line(line)
  const options = {
    env: { ...plainEnvironment, PATH: searchPath },
    onLine,
    ...(signal === undefined ? {} : { signal })
  }
  // A source of somebody else's that does not answer must not stop us: the install says what is missing.
  await runWords(update, options)
  const { code, stdout, stderr } = await runWords(install, options)
  if (code === 0) {
    progress.done()
    return true
  }
  progress.failed()
  throw new TagproofError('tool-missing', `apt-get could not install ${setup.packages.join(' ')}.`, {
    output: lastLines(`${stdout.toString('utf8')}${stderr.toString('utf8')}`, 15),
    fix: 'Look at what apt-get says; the sources of this machine may lack the package.'
  })
}

function runWords(words: readonly string[], options: Parameters<typeof run>[2]): ReturnType<typeof run> {
  const [command = '', ...args] = words
  return run(command, args, options)
}
