import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import type { CommandName, CommandOptions } from './commands.ts'
import { formatDocument } from './documents/format.ts'
import { variationNames, worlds } from './documents/identifiers.ts'
import {
  asTagproofError,
  describeError,
  exitStatusOf,
  TagproofError,
  type ExitStatus
} from './platform/errors.ts'
import {
  credentialUse,
  credentialVariable,
  secretsOf,
  takeCredentials,
  type CredentialName
} from './platform/secrets.ts'
import { terminalLog } from './platform/terminal.ts'
import { version } from './platform/version.ts'
import { stageContext } from './stages/context.ts'

interface Options extends CommandOptions {
  json?: boolean
  verbose?: boolean
}

/**
 * The command, from its arguments to its exit status. Progress goes to stderr; stdout gets the result, one
 * JSON document with `--json`.
 */
export async function main(argv: readonly string[]): Promise<ExitStatus> {
  let status: ExitStatus = 0
  const program = createProgram((outcome) => {
    status = outcome
  })
  try {
    await program.parseAsync([...argv], { from: 'user' })
    return status
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    throw error
  }
}

function createProgram(ended: (status: ExitStatus) => void): Command {
  const program = new Command('tagproof')
    .description('Turns a git tag into packages that anybody can prove came from that tag.')
    .version(version)
    .exitOverride()
    .showHelpAfterError('(tagproof COMMAND --help tells more)')
    .addHelpText(
      'after',
      `
Start with:
  tagproof rehearse              everything but publishing, in the current repository, for the tag at HEAD
  tagproof init                  write the release workflow and the lock, and say what to set where
  tagproof doctor                look whether machine and project are fit for a release

Exit status: 0 done and proven, 1 release refused, 2 wrong use or configuration,
             3 the environment lacks something, 4 internal fault.`
    )

  const command = (name: CommandName, description: string): Command =>
    program
      .command(name)
      .description(description)
      .action(async (...given: unknown[]) => {
        // Arguments come first, then the options, then the command itself.
        const options = given.at(-2) as Partial<Options>
        const files = given
          .slice(0, -2)
          .flat()
          .filter((file) => typeof file === 'string')
        ended(await runCommand(name, { repository: '.', out: 'tagproof-out', target: [], ...options, files }))
      })
  const add = (name: CommandName, description: string): Command => stageOptions(command(name, description))
  /** A command that is no stage of a release. */
  const alone = (name: CommandName, description: string): Command => commonOptions(command(name, description))
  const keep = (): Option => new Option('--keep', 'leave the build folder of each world behind as a tar file')
  const perturbations = (): Option =>
    new Option('--perturbations <number>', 'how many builds see scrambled files, each with other noise')
      .default(1)
      .argParser(perturbationCount)
  const world = (flags: string): Option => new Option(flags, 'which world').choices(worlds)

  add('plan', 'say what is released, and export the tagged tree for both worlds').option(
    '--against <file>',
    'release.json of an earlier release, to compare sizes with (default: that of the last run in --out)'
  )
  add('lock', 'resolve everything the builds need, and write the lock for review')
    .option('--upgrade', 'take the newest versions instead of keeping those of the committed lock')
    .option('--explain', 'tell for each package who asked for it')
  add('fetch', 'fetch what the lock names, hash-checked').option(
    '--offline',
    'touch no network: everything must be in the cache'
  )
  add('build', 'build every target in world a, b or both')
    .addOption(world('--world <name...>'))
    .addOption(keep())
    .addOption(
      new Option(
        '--without <variation...>',
        'leave a variation out, to find what a difference follows'
      ).choices(variationNames)
    )
    .addOption(perturbations())
  add('complete', 'build the last release and a full clone too, for prove to compare what is shipped')
  const adopt = (): Option =>
    new Option(
      '--adopt <folder>',
      'wheels that other jobs built, as adopt: in the configuration lists them; give it twice for two sets'
    ).argParser((folder: string, before: string[] | undefined) => [...(before ?? []), folder])
  add('prove', 'compare both worlds, with the originals put back')
    .option('--single-job', 'both builds were made in one job; the proof says so')
    .addOption(adopt())
  add('try', 'install and start each proven package in a clean root, with no network')
  add('record', 'write release.json, SHA256SUMS and summary.md')
  outOnly(
    alone('publish', 'send what was proven to the destinations of the tag, and read it back')
  ).addHelpText(
    'after',
    `
Takes what prove and record have left in --out, and the destinations that .github/tagproof.yml of the tag lists; without
any, it fills local/ alone. All is checked before the first write; what is there already with the same bytes counts as
done, so running it again is safe. receipt.json says what was written where.

Credentials come from these variables, and from nowhere else; where there are several servers, one line for each:
DESTINATION: VALUE.

${Object.entries(credentialUse)
  .map(([name, use]) => `  ${credentialVariable(name as CredentialName).padEnd(31)} ${use}`)
  .join('\n')}`
  )
  outOnly(alone('withdraw', 'move the names of a release back to what they stood for before it'))
    .option(
      '--receipt <file>',
      'receipt.json of the publication, with release.json, proof.json and uploads.json beside it (default: that of --out)'
    )
    .option('--dry-run', 'say what would be moved back, and ask no destination')
    .addHelpText(
      'after',
      `
Moves back what the receipt says was moved: tags of images such as latest, aliases of files, suites of apt, the release on
GitHub and its latest; and only where it still stands for this release. Deletes nothing that never changes, and says what is to
be done by hand: on PyPI a release is yanked on its page. Run it again whenever it was cut off: docs/withdraw.md. Run it in a clone that has the tag, with the variables of tagproof publish.`
    )
  add('rehearse', 'all of it but publishing, with no credential')
    .addOption(keep())
    .option('--complete', 'build the last release and a full clone too, and compare what is shipped')
    .option('--no-try', 'do not install and start the packages')
    .option('--attribute', 'after a refusal, build again and again to name what each difference follows')
    .addOption(perturbations())
    .addOption(adopt())
    .option('--write-expected <file>', 'write the list of what was built, to be committed as expected-files')
  add('trace', 'tell where every member of a package comes from, whoever built it').argument(
    '<file...>',
    'sdists, wheels, debs and images (*.oci.tar)'
  )
  add('explain', 'tell what a proof says: what, where, why, and how to mend it')
    .argument('[file]', 'a proof.json (default: that of --out)')
    .option('--all', 'show every finding and variation')
  alone('init', 'write the release workflow, and what else a project needs to be released from it')
    .option(
      '--action <reference>',
      "the release of this action to use: OWNER/NAME@COMMIT, or 'OWNER/NAME@COMMIT # v1.2.3'"
    )
    .option('--workflow <file>', 'name of the workflow file', 'release.yml')
    .option('--environment <name>', 'name of the protected environment of the publish job', 'release')
    .option('--github-release', 'make a release on GitHub too: the publish job may then write contents')
    .option('--no-lock', 'make no lock where there is none')
    .option('--yes', 'overwrite files that differ, without asking')
    .addHelpText(
      'after',
      `
Looks at the tree of HEAD, writes .github/workflows/release.yml, .github/tagproof.yml if the tree does not say all, and
.github/tagproof.lock if there is none, and says what to set on the site of the repository.

What is there and differs is shown as a diff and overwritten only if you agree: in a terminal you are asked; without
one nothing is written, and the exit status is 2 (file-differs). Run it again whenever you like.

Which release of this action the workflow uses: --action; else the clone that this program runs from, if its remote has
the commit; else what the workflow names already.`
    )
  outOnly(alone('doctor', 'look whether machine, project, workflow and repository are fit for a release'))
    .option('--install', 'put missing system packages in place first (apt-get, as root or with sudo)')
    .option('--offline', 'ask no server: neither for the time nor for settings of the repository')
    .option('--publish', 'ask the destinations whether they would take the release in --out; nothing is sent')
    .option('--action <reference>', 'the action, where its repository is not called tagproof: OWNER/NAME')
    .addHelpText(
      'after',
      `
Looks at the work tree and at HEAD; sets up a sandbox for real; changes nothing else. Settings of the repository (environment,
tag ruleset, permissions) are read with GH_TOKEN, GITHUB_TOKEN or the sign-in of gh; what cannot be read is said to be so.

✓ in order, ⚠ to think about, ✗ to mend. Exit status: 0 nothing to mend, 2 the project, workflow or repository has to be
mended, 3 this machine lacks something (whatever else there is).`
    )
  add('shell', 'look around in a world, as the build sees it').addOption(
    world('--world <name...>').default(['a'])
  )

  return program
}

function outOnly(command: Command): Command {
  return command.option('--out <folder>', 'where documents and packages are', 'tagproof-out')
}

function commonOptions(command: Command): Command {
  return command
    .option('--repository <folder>', 'the repository', '.')
    .option('--json', 'print one JSON document on stdout')
    .option('--verbose', 'show the stack of an internal fault')
}

function stageOptions(command: Command): Command {
  return command
    .option('--repository <folder>', 'the repository', '.')
    .option('--tag <name>', 'the tag (default: the tag at HEAD)')
    .option('--out <folder>', 'where documents and packages go', 'tagproof-out')
    .option('--config <file>', 'a config from outside the tagged tree, for trying; cannot be published')
    .option('--lock <file>', 'a lock from outside the tagged tree, for trying; cannot be published')
    .option('--target <name>', 'build this target only (repeatable)', collect, [])
    .option('--json', 'print one JSON document on stdout')
    .option('--verbose', 'show the stack of an internal fault')
}

function collect(value: string, previous: string[]): string[] {
  return [...previous, value]
}

/** Each costs a whole build. */
const mostPerturbations = 64

function perturbationCount(value: string): number {
  const number = Number(value)
  if (/^[1-9][0-9]*$/.test(value) && number <= mostPerturbations) return number
  throw new InvalidArgumentError(`Expected a whole number from 1 to ${mostPerturbations}.`)
}

async function runCommand(name: CommandName, options: Options): Promise<ExitStatus> {
  const interactive = process.stderr.isTTY && process.env.CI === undefined
  const secrets = secretsOf()
  const credentials = takeCredentials(process.env, secrets)
  const write = (text: string): boolean => process.stderr.write(secrets.mask(text))
  const log = terminalLog({
    write,
    interactive,
    color: interactive && process.env.NO_COLOR === undefined,
    columns: () => process.stderr.columns
  })
  const stop = new AbortController()
  const onSignal = (): void => stop.abort()
  process.once('SIGINT', onSignal).once('SIGTERM', onSignal)
  try {
    const { commands } = await import('./commands.ts')
    const context = stageContext({
      repository: options.repository,
      out: options.out,
      log,
      signal: stop.signal
    })
    const outcome = await commands[name](context, { ...options, credentials, onSecret: secrets.add })
    log.close()
    if (options.json === true) process.stdout.write(secrets.mask(formatDocument(outcome.document)))
    else if (outcome.text !== undefined) process.stdout.write(secrets.mask(`${outcome.text}\n`))
    return outcome.status ?? 0
  } catch (thrown) {
    log.close()
    return report(
      stop.signal.aborted ? new TagproofError('cancelled', 'Stopped on request.', { cause: thrown }) : thrown,
      options,
      secrets.mask
    )
  } finally {
    process.removeListener('SIGINT', onSignal).removeListener('SIGTERM', onSignal)
  }
}

function report(
  thrown: unknown,
  options: Pick<Options, 'json' | 'verbose'>,
  mask: (text: string) => string
): ExitStatus {
  const error = asTagproofError(thrown)
  process.stderr.write(mask(`${describeError(error)}\n`))
  if (error.code === 'internal' || options.verbose === true)
    process.stderr.write(mask(`${(error.cause instanceof Error ? error.cause : error).stack ?? ''}\n`))
  if (options.json === true)
    process.stdout.write(
      mask(formatDocument({ error: { code: error.code, message: error.message, ...withoutCause(error) } }))
    )
  return exitStatusOf(error.code)
}

function withoutCause(error: TagproofError): object {
  return Object.fromEntries(Object.entries(error.detail).filter(([name]) => name !== 'cause'))
}
