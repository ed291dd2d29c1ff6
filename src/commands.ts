import path from 'node:path'
import type { VariationName, World } from './documents/identifiers.ts'
import { lockPath } from './documents/layout.ts'
import type { Proof } from './documents/proof.ts'
import { formatExplanation } from './evidence/explanation.ts'
import { formatPlan } from './evidence/plan-preview.ts'
import { formatPublication } from './evidence/publication.ts'
import { formatTable } from './evidence/table.ts'
import { formatTried } from './evidence/tried.ts'
import { formatTrace } from './evidence/trace-table.ts'
import { TagproofError, type ExitStatus } from './platform/errors.ts'
import { terminalCredentials } from './terminal-credentials.ts'
import { consentFor } from './init/consent.ts'
import * as stages from './stages/index.ts'
import type { StageContext } from './stages/index.ts'

/** Options of the command line, as they were given; which a command takes is defined in `cli.ts`. */
export interface CommandOptions {
  repository: string
  tag?: string
  out: string
  config?: string
  lock?: string
  target: string[]
  world?: World[]
  without?: VariationName[]
  keep?: boolean
  offline?: boolean
  upgrade?: boolean
  explain?: boolean
  singleJob?: boolean
  perturbations?: number
  attribute?: boolean
  all?: boolean
  complete?: boolean
  try?: boolean
  writeExpected?: string
  adopt?: string[]
  against?: string
  action?: string
  workflow?: string
  environment?: string
  githubRelease?: boolean
  yes?: boolean
  install?: boolean
  publish?: boolean
  receipt?: string
  dryRun?: boolean
  /** Taken out of the environment before anything ran. */
  credentials?: stages.Credentials['given']
  onSecret?: (value: string) => void
  /** What stands beside the options. */
  files: string[]
}

/** What a command gives: a document for `--json`, text for people, and its status. */
export interface Outcome {
  document: object
  text?: string
  status?: ExitStatus
}

export type CommandName =
  | 'plan'
  | 'lock'
  | 'fetch'
  | 'build'
  | 'complete'
  | 'prove'
  | 'try'
  | 'record'
  | 'publish'
  | 'withdraw'
  | 'rehearse'
  | 'trace'
  | 'explain'
  | 'shell'
  | 'init'
  | 'doctor'
export type CommandAction = (context: StageContext, options: CommandOptions) => Promise<Outcome>

/** What each command does. Loaded once one is run: help and version need none of it. */
export const commands: Readonly<Record<CommandName, CommandAction>> = {
  async plan(context, options) {
    const preview = await stages.planWithPreview(context, {
      ...sourceOptions(options),
      untagged: true,
      ...(options.against === undefined ? {} : { against: options.against })
    })
    return {
      document: preview.plan,
      text: `${formatPlan(preview)}\n\nplan.json and plan.md written to ${context.out.folder}`
    }
  },

  async lock(context, options) {
    const { lock: file, ...rest } = options
    const to = file ?? path.join(context.repository, lockPath)
    const result = await stages.lock(context, {
      ...sourceOptions(rest),
      upgrade: options.upgrade ?? false,
      to
    })
    const told = options.explain === true ? result.explanation : result.changes
    return {
      document: result.lock,
      text: [
        ...told,
        ...(result.pins.length === 0 ? [] : ['To name the base images by digest:', ...result.pins]),
        `Written: ${path.relative('.', result.file)}. Review and commit it.`
      ].join('\n')
    }
  },

  async fetch(context, options) {
    const plan = await stages.readPlan(context)
    const { lock } = await stages.fetch(context, plan, { offline: options.offline ?? false, git: true })
    return { document: { roots: Object.keys(lock.roots), python: Object.keys(lock.python), complete: true } }
  },

  async build(context, options) {
    const builds = await stages.build(context, {
      worlds: options.world ?? ['a', 'b'],
      keep: options.keep ?? false,
      off: options.without ?? [],
      perturbations: options.perturbations ?? 1
    })
    const failed = builds.flatMap(({ targets }) => targets.filter(({ failure }) => failure !== undefined))
    return failed.length === 0
      ? { document: builds }
      : {
          document: builds,
          text: `World b could not build ${failed.map(({ name }) => name).join(', ')}; tagproof prove tells why.`,
          status: 1
        }
  },

  async complete(context) {
    const compared = await stages.complete(context)
    const previous = 'none' in compared.previous ? `none: ${compared.previous.none}` : compared.previous.tag
    return { document: compared, text: `To compare with: the last release (${previous}), and a full clone.` }
  },

  async prove(context, options) {
    const proof = await stages.prove(context, {
      singleJob: options.singleJob ?? false,
      adopt: options.adopt ?? []
    })
    return { document: proof, text: formatTable(proof), status: statusOf(proof.verdict) }
  },

  async try(context) {
    const tried = await stages.tryPackages(context)
    const failed = tried.findings.length > 0
    return { document: tried, text: formatTried(tried), status: failed ? 1 : 0 }
  },

  async record(context) {
    const release = await stages.record(context)
    return { document: release, status: statusOf(release.verdict) }
  },

  async publish(context, options) {
    const published = await stages.publish(context, terminalCredentials(options))
    return { document: published.receipt, text: formatPublication(published.release, published) }
  },

  async withdraw(context, options) {
    const { receipt, names, text } = await stages.withdraw(
      context,
      {
        dryRun: options.dryRun ?? false,
        ...(options.receipt === undefined ? {} : { receipt: options.receipt })
      },
      terminalCredentials(options)
    )
    return {
      document: { schema: 'tagproof/withdrawal/1', dryRun: options.dryRun ?? false, names, receipt },
      text
    }
  },

  async rehearse(context, options) {
    const { proof, release } = await stages.rehearse(context, {
      ...sourceOptions(options),
      keep: options.keep ?? false,
      complete: options.complete ?? false,
      try: options.try ?? true,
      attribute: options.attribute ?? false,
      perturbations: options.perturbations ?? 1,
      adopt: options.adopt ?? [],
      ...(options.writeExpected === undefined ? {} : { writeExpected: options.writeExpected })
    })
    return { document: release, text: formatTable(proof), status: statusOf(proof.verdict) }
  },

  async trace(context, options) {
    const trace = await stages.trace(context, options.files, sourceOptions(options))
    return {
      document: trace,
      text: formatTrace(trace),
      status: trace.verdict === 'traced' ? 0 : 1
    }
  },

  async explain(context, options) {
    const proof = await stages.explain(context, options.files[0])
    const width = Math.min(Math.max(process.stdout.isTTY ? process.stdout.columns : 100, 60), 120)
    return {
      document: proof,
      text: formatExplanation(proof, { all: options.all ?? false, width }),
      status: statusOf(proof.verdict)
    }
  },

  async init(context, options) {
    const { text, ...document } = await stages.init(context, {
      program: process.argv[1] ?? null,
      workflow: options.workflow ?? 'release.yml',
      environment: options.environment ?? 'release',
      githubRelease: options.githubRelease ?? false,
      // `--no-lock` makes it false; the common option of that name is not one of this command.
      lock: (options.lock as unknown) !== false,
      consent: consentFor(context, options.yes ?? false),
      ...(options.action === undefined ? {} : { action: options.action })
    })
    return { document, text }
  },

  async doctor(context, options) {
    const diagnosis = await stages.doctor(context, {
      install: options.install ?? false,
      offline: options.offline ?? false,
      ...(options.publish === true ? { publish: terminalCredentials(options) } : {}),
      ...(options.action === undefined ? {} : { action: options.action })
    })
    const color = process.stdout.isTTY && process.env.NO_COLOR === undefined
    return {
      document: { schema: 'tagproof/doctor/1', ...diagnosis },
      text: stages.formatDiagnosis(diagnosis, color),
      status: diagnosis.status
    }
  },

  async shell(context, options) {
    if (!process.stdin.isTTY)
      throw new TagproofError('usage', 'A shell needs a terminal, and standard input is none.', {
        fix: 'Run it in a terminal; in a log, tagproof build --keep leaves the build folder to look at.'
      })
    const code = await stages.shell(context, {
      world: options.world?.[0] ?? 'a',
      ...(options.target[0] === undefined ? {} : { target: options.target[0] })
    })
    return { document: { code } }
  }
}

function sourceOptions({ tag, config, lock, target }: CommandOptions): {
  tag?: string
  config?: string
  lock?: string
  targets: string[]
} {
  return {
    targets: target,
    ...(tag === undefined ? {} : { tag }),
    ...(config === undefined ? {} : { config }),
    ...(lock === undefined ? {} : { lock })
  }
}

/** What is traced alone was accepted by the configuration, with a reason. */
function statusOf(verdict: Proof['verdict']): ExitStatus {
  return verdict === 'refused' ? 1 : 0
}
