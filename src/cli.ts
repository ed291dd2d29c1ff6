import { Command, CommanderError, Option } from 'commander'
import path from 'node:path'
import { variationField, type VariationName } from './documents/fields.ts'
import type { World } from './documents/identifiers.ts'
import { lockPath } from './documents/layout.ts'
import { formatDocument } from './documents/reading.ts'
import { formatTable } from './evidence/table.ts'
import {
  asTagproofError,
  describeError,
  exitStatusOf,
  TagproofError,
  type ExitStatus
} from './platform/errors.ts'
import { terminalLog } from './platform/terminal.ts'
import { version } from './platform/version.ts'
import * as stages from './stages/index.ts'
import type { StageContext } from './stages/index.ts'

interface Options {
  repository: string
  tag?: string
  out: string
  config?: string
  lock?: string
  target: string[]
  json?: boolean
  verbose?: boolean
}

/** What a command may do besides its work: a document for `--json`, text for people, and its status. */
interface Outcome {
  document: object
  text?: string
  status?: ExitStatus
}

type Action<Extra> = (context: StageContext, options: Options & Extra) => Promise<Outcome>

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
  tagproof lock                  write .github/tagproof.lock, to be reviewed and committed

Exit status: 0 done and proven, 1 release refused, 2 wrong use or configuration,
             3 the environment lacks something, 4 internal fault.`
    )

  const add = <Extra>(name: string, description: string, action: Action<Extra>): Command =>
    commonOptions(program.command(name).description(description)).action(async (options: Options & Extra) => {
      ended(await runAction(options, action))
    })

  add(
    'plan',
    'say what is released, and export the tagged tree for both worlds',
    async (context, options) => {
      const plan = await stages.plan(context, sourceOptions(options))
      return {
        document: plan,
        text: `${plan.tag.name} is version ${plan.version ?? 'unknown'}; plan.json written to ${context.out.folder}`
      }
    }
  )

  add<{ upgrade?: boolean; explain?: boolean }>(
    'lock',
    'resolve everything the builds need, and write the lock for review',
    async (context, options) => {
      const to = options.lock ?? path.join(context.repository, lockPath)
      const result = await stages.lock(context, {
        ...sourceOptions({ ...options, lock: undefined }),
        upgrade: options.upgrade ?? false,
        to
      })
      const told = options.explain === true ? result.explanation : result.changes
      return {
        document: result.lock,
        text: [...told, `Written: ${path.relative('.', result.file)}. Review and commit it.`].join('\n')
      }
    }
  )
    .option('--upgrade', 'take the newest versions instead of keeping those of the committed lock')
    .option('--explain', 'tell for each package who asked for it')

  add<{ offline?: boolean }>('fetch', 'fetch what the lock names, hash-checked', async (context, options) => {
    const plan = await stages.readPlan(context)
    const { lock } = await stages.fetch(context, plan, { offline: options.offline ?? false })
    return { document: { roots: Object.keys(lock.roots), python: Object.keys(lock.python), complete: true } }
  }).option('--offline', 'touch no network: everything must be in the cache')

  add<{ world?: World[]; keep?: boolean; without?: VariationName[] }>(
    'build',
    'build every target in world a, b or both',
    async (context, options) => {
      const builds = await stages.build(context, {
        worlds: options.world ?? ['a', 'b'],
        keep: options.keep ?? false,
        off: options.without ?? []
      })
      return { document: builds }
    }
  )
    .addOption(new Option('--world <name...>', 'which world').choices(['a', 'b']))
    .option('--keep', 'leave the build folder of each world behind as a tar file')
    .addOption(
      new Option(
        '--without <variation...>',
        'leave a variation out, to find what a difference follows'
      ).choices(variationField.shape.name.options)
    )

  add<{ singleJob?: boolean }>(
    'prove',
    'compare both worlds, with the originals put back',
    async (context, options) => {
      const proof = await stages.prove(context, { singleJob: options.singleJob ?? false })
      return { document: proof, text: formatTable(proof), status: statusOf(proof.verdict) }
    }
  ).option('--single-job', 'both builds were made in one job; the proof says so')

  add('record', 'write release.json, SHA256SUMS and summary.md', async (context) => {
    const release = await stages.record(context)
    return { document: release, status: statusOf(release.verdict) }
  })

  add<{ keep?: boolean }>(
    'rehearse',
    'all of it but publishing, with no credential',
    async (context, options) => {
      const { proof, release } = await stages.rehearse(context, {
        ...sourceOptions(options),
        keep: options.keep ?? false
      })
      return { document: release, text: formatTable(proof), status: statusOf(proof.verdict) }
    }
  ).option('--keep', 'leave the build folder of each world behind as a tar file')

  add<{ world: World }>('shell', 'look around in a world, as the build sees it', async (context, options) => {
    if (!process.stdin.isTTY)
      throw new TagproofError('usage', 'A shell needs a terminal, and standard input is none.', {
        fix: 'Run it in a terminal; in a log, tagproof build --keep leaves the build folder to look at.'
      })
    const code = await stages.shell(context, {
      world: options.world,
      ...(options.target[0] === undefined ? {} : { target: options.target[0] })
    })
    return { document: { code } }
  }).addOption(new Option('--world <name>', 'which world').choices(['a', 'b']).default('a'))

  return program
}

function commonOptions(command: Command): Command {
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

function sourceOptions(options: Pick<Options, 'tag' | 'config' | 'target'> & { lock?: string | undefined }): {
  tag?: string
  config?: string
  lock?: string
  targets: string[]
} {
  return {
    targets: options.target,
    ...(options.tag === undefined ? {} : { tag: options.tag }),
    ...(options.config === undefined ? {} : { config: options.config }),
    ...(options.lock === undefined ? {} : { lock: options.lock })
  }
}

function statusOf(verdict: 'proven' | 'refused'): ExitStatus {
  return verdict === 'proven' ? 0 : 1
}

async function runAction<Extra>(options: Options & Extra, action: Action<Extra>): Promise<ExitStatus> {
  const interactive = process.stderr.isTTY && process.env.CI === undefined
  const log = terminalLog({
    write: (text) => process.stderr.write(text),
    interactive,
    color: interactive && process.env.NO_COLOR === undefined,
    columns: () => process.stderr.columns
  })
  const stop = new AbortController()
  const onSignal = (): void => stop.abort()
  process.once('SIGINT', onSignal).once('SIGTERM', onSignal)
  try {
    const context = stages.stageContext({
      repository: options.repository,
      out: options.out,
      log,
      signal: stop.signal
    })
    const outcome = await action(context, options)
    log.close()
    if (options.json === true) process.stdout.write(formatDocument(outcome.document))
    else if (outcome.text !== undefined) process.stdout.write(`${outcome.text}\n`)
    return outcome.status ?? 0
  } catch (thrown) {
    log.close()
    return report(
      stop.signal.aborted ? new TagproofError('cancelled', 'Stopped on request.', { cause: thrown }) : thrown,
      options
    )
  } finally {
    process.removeListener('SIGINT', onSignal).removeListener('SIGTERM', onSignal)
  }
}

function report(thrown: unknown, options: Pick<Options, 'json' | 'verbose'>): ExitStatus {
  const error = asTagproofError(thrown)
  process.stderr.write(`${describeError(error)}\n`)
  if (error.code === 'internal' || options.verbose === true)
    process.stderr.write(`${(error.cause instanceof Error ? error.cause : error).stack ?? ''}\n`)
  if (options.json === true)
    process.stdout.write(
      formatDocument({ error: { code: error.code, message: error.message, ...withoutCause(error) } })
    )
  return exitStatusOf(error.code)
}

function withoutCause(error: TagproofError): object {
  return Object.fromEntries(Object.entries(error.detail).filter(([name]) => name !== 'cause'))
}
