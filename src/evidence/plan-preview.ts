import type { Plan, PlanTarget } from '../documents/plan.ts'
import type { ReleaseArtifact } from '../documents/release.ts'
import { printable } from '../platform/printable.ts'
import { block, code, table, text } from './markdown.ts'
import { sizeText } from './table.ts'
import { publishObstacles } from './trust.ts'

/** An artifact that is to come of a target, as far as it can be known before anything is built. */
export interface ExpectedArtifact {
  target: string
  kind: ReleaseArtifact['kind']
  /** File name, with `*` for what only the build tells; null where even the project's name is not readable. */
  name: string | null
  /** Version that the project states, and where; or why it is not known yet. */
  version: { stated: string; from: string; agrees: boolean } | { unknown: string }
  /** Directory destination below `--out`; null where the name is unknown. */
  destination: string | null
}

/** A release whose record is at hand. */
export interface EarlierRelease {
  tag: string
  artifacts: readonly Pick<ReleaseArtifact, 'target' | 'kind' | 'name' | 'size'>[]
}

/** A destination of the configuration, and what it says it has of the release that is to come. */
export interface DestinationPreview {
  name: string
  address: string
  /** By the name of the expected artifact. `there`: a file of that kind and version; its bytes are compared by publish. */
  files: { artifact: string; state: 'absent' | 'there' | 'no such project' }[]
  /** Why nothing was asked; null where it was. */
  note: string | null
}

export interface PlanPreview {
  plan: Plan
  artifacts: ExpectedArtifact[]
  destinations: DestinationPreview[]
  /** The release before this one, as git knows it; or why none is known. */
  previous: { name: string } | { none: string }
  earlier: EarlierRelease | null
}

type Machine = Pick<NodeJS.Process, 'arch'>

/** The job matrix of a plan: each target in each world. Both worlds of a target run on the same platform. */
export function planMatrix(
  plan: { targets: readonly Pick<PlanTarget, 'name'>[] },
  { arch }: Machine = process
): { include: { target: string; world: 'a' | 'b'; platform: string; runner: string }[] } {
  const machine =
    arch === 'arm64'
      ? { platform: 'linux/arm64', runner: 'ubuntu-24.04-arm' }
      : { platform: 'linux/amd64', runner: 'ubuntu-24.04' }
  return {
    include: plan.targets.flatMap((target) =>
      (['a', 'b'] as const).map((world) => ({ target: target.name, world, ...machine }))
    )
  }
}

const columns = ['target', 'artifact', 'version', 'destination', 'state', 'last size', 'seconds'] as const

/** What `tagproof plan` shows in a terminal. Foreign text is escaped. */
export function formatPlan(preview: PlanPreview): string {
  const rows = [columns, ...rowsOf(preview).map((row) => row.map(printable))]
  const widths = columns.map((_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)))
  return [
    printable(headOf(preview.plan)),
    rows
      .map((row) =>
        row
          .map((cell, at) => cell.padEnd(widths[at] ?? 0))
          .join('  ')
          .trimEnd()
      )
      .join('\n'),
    factsOf(preview)
      .map((fact) => `- ${printable(fact)}`)
      .join('\n'),
    `matrix  ${JSON.stringify(planMatrix(preview.plan))}`
  ].join('\n\n')
}

/** `plan.md`, the step summary of `plan`. */
export function formatPlanSummary(preview: PlanPreview): string {
  const { plan } = preview
  const rows = rowsOf(preview).map((row) =>
    row.map((cell, at) => (at === 1 || at === 3 ? code(cell) : text(cell)))
  )
  return [
    `# Plan of ${text(plan.tag.name)}`,
    text(headOf(plan)),
    table(columns, rows),
    factsOf(preview)
      .map((fact) => `- ${text(fact)}`)
      .join('\n'),
    '<details><summary>Job matrix (output <code>matrix</code>)</summary>',
    block(JSON.stringify(planMatrix(plan), null, 2), 'json'),
    '</details>\n'
  ].join('\n\n')
}

function headOf({ tag, version }: Plan): string {
  const what =
    tag.kind === 'untagged' ? 'no tag: a rehearsal, nothing of it can be published' : `${tag.kind} tag`
  return `${tag.name}  commit ${tag.commit.slice(0, 12)}  version ${version ?? 'unknown'}  (${what})`
}

function rowsOf({ artifacts, destinations, earlier }: PlanPreview): string[][] {
  return artifacts.map((artifact) => [
    artifact.target,
    artifact.name ?? `one ${artifact.kind}, its name is not readable before the build`,
    versionText(artifact.version),
    artifact.destination ?? 'unknown before the build',
    stateOf(artifact, destinations),
    sizeBefore(artifact, earlier),
    'not recorded'
  ])
}

/** Folders below the output folder are made anew; of servers, what they say. */
function stateOf({ name }: ExpectedArtifact, destinations: readonly DestinationPreview[]): string {
  const told = destinations.flatMap((destination) =>
    destination.files
      .filter(({ artifact }) => artifact === name)
      .map(({ state }) => `${destination.name}: ${state}`)
  )
  return told.length === 0 ? 'absent' : told.join(', ')
}

/** Where `publish` will write, and what is there of this version already. */
function destinationFacts({ plan, destinations }: PlanPreview): string[] {
  if (destinations.length === 0)
    return [
      'Destinations: directories below the output folder, made anew by each run. The configuration lists no others, so nothing leaves the machine.'
    ]
  return destinations.map(({ name, address, files, note }) => {
    const there = files.filter(({ state }) => state === 'there').length
    const said =
      note ??
      (there > 0
        ? `has ${there} of ${files.length} files of version ${plan.version ?? ''} already; publish stops unless they have the same bytes`
        : files.some(({ state }) => state === 'no such project')
          ? 'has no such project yet'
          : `has no file of version ${plan.version ?? ''} yet`)
    return `Destination ${name} (${address}): ${said}.`
  })
}

function versionText(version: ExpectedArtifact['version']): string {
  if ('unknown' in version) return `unknown: ${version.unknown}`
  return `${version.stated} (${version.from})${version.agrees ? '' : ', NOT that of the tag'}`
}

/** Artifacts are the same in two releases by target, kind, and what their name begins with, before any version. */
function sizeBefore({ target, kind, name }: ExpectedArtifact, earlier: EarlierRelease | null): string {
  if (earlier === null) return 'no earlier record'
  const begin = (file: string): string => /^.*?(?=[-_]v?\d|$)/.exec(file)?.[0].toLowerCase() ?? ''
  const same = earlier.artifacts.find(
    (one) => one.target === target && one.kind === kind && (name === null || begin(one.name) === begin(name))
  )
  return same === undefined ? `not in ${earlier.tag}` : `${sizeText(same.size)} in ${earlier.tag}`
}

function factsOf(preview: PlanPreview): string[] {
  const { plan, artifacts, previous, earlier } = preview
  const { scramble, skipped, waivers, config, lock } = plan
  const wrong = artifacts.filter(({ version }) => 'agrees' in version && !version.agrees)
  const obstacles = publishObstacles({
    tag: plan.tag,
    trust: { config: config.from, lock: lock.from, singleJob: false },
    variations: []
  })
  return [
    ...wrong.map(
      ({ target, version }) =>
        `The version of ${target} is ${'stated' in version ? version.stated : ''} in ${'from' in version ? version.from : ''}, and the tag says ${plan.version ?? ''}: prove will refuse it (version-mismatch).`
    ),
    ...obstacles.map((line) => `To publish: ${line}`),
    `Last release: ${'none' in previous ? `none known: ${previous.none}` : previous.name}.`,
    earlier === null
      ? 'Sizes: no earlier record. A release.json of an earlier release can be given with --against.'
      : `Sizes: from the record of ${earlier.tag}.`,
    'Seconds: no record holds times, so that it is the same on every machine; the log of an earlier run has them.',
    ...destinationFacts(preview),
    `Configuration: ${config.from}. Lock: ${lock.from}. Waivers: ${waivers.length}.`,
    ...(plan.git ?? []).map(
      ({ name, url, commit }) =>
        `Git input ${name}: commit ${commit.slice(0, 12)} of ${url}, for ${seeing(plan, name)}.`
    ),
    `World b sees ${scramble.files.length} files scrambled; ${scramble.inputs.length} declared inputs are spared.`,
    ...(skipped.length === 0 ? [] : [`Left out: ${skipped.map(({ name }) => name).join(', ')}.`]),
    ...(plan.notices.length === 0
      ? []
      : [
          `Seen in the tree: ${plan.notices.length} notices, such as ${plan.notices[0]?.code ?? ''}; prove judges them.`
        ]),
    'No project code was run: what the build alone decides is shown as * or unknown.'
  ]
}

function seeing({ targets }: Plan, input: string): string {
  return targets
    .filter(({ git }) => git?.includes(input) === true)
    .map(({ name }) => name)
    .join(', ')
}
