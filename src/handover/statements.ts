import type { HandedFile, Handover, Receiver } from '../documents/handover.ts'
import type { World } from '../documents/identifiers.ts'
import { parseDocument } from '../documents/reading.ts'
import { TagproofError } from '../platform/errors.ts'
import type { Needs } from '../platform/github-inputs.ts'

/** What each earlier job says it handed over, by the id of the job. */
export type Statements = ReadonlyMap<string, Handover>

/** Name of the job output. */
const output = 'handover'

/** @throws TagproofError `document-invalid` for an output that is none of ours */
export function statementsIn(needs: Needs): Statements {
  const statements = new Map<string, Handover>()
  for (const [job, { outputs }] of Object.entries(needs)) {
    const text = outputs[output] ?? ''
    if (text !== '')
      statements.set(job, parseDocument('handover', Buffer.from(text), `output ${output} of ${job}`))
  }
  return statements
}

/** One file of a job, to be taken. */
export interface Offer {
  job: string
  file: HandedFile
}

/**
 * Picks what a stage takes: of the plan what is for it; for `prove` each world's build besides; for `publish` the proof.
 *
 * @throws TagproofError `handover-missing` where no job, or more than one, hands it over
 */
export function offersFor(
  statements: Statements,
  stage: 'build' | 'prove' | 'publish',
  worlds: readonly World[]
): Offer[] {
  const one = (from: Handover['stage'], to: Receiver, world?: World): Offer => {
    const found = [...statements].filter(
      ([, said]) => said.stage === from && (world === undefined || said.worlds.includes(world))
    )
    const offers = found.flatMap(([job, { files }]) =>
      files.filter((file) => file.for === to).map((file) => ({ job, file }))
    )
    const [offer, ...more] = offers
    if (offer !== undefined && more.length === 0) return offer
    throw missing(world === undefined ? from : `${from} of world ${world}`, to, offers, statements)
  }
  switch (stage) {
    case 'build':
      return worlds.map((world) => one('plan', `build-${world}`))
    case 'prove': {
      const builds = [one('build', 'prove', 'a'), one('build', 'prove', 'b')]
      // One job may have built both.
      return [one('plan', 'prove'), ...builds.filter(({ job }, at) => at === 0 || job !== builds[0]?.job)]
    }
    case 'publish':
      return [one('prove', 'publish')]
  }
}

function missing(
  what: string,
  to: Receiver,
  offers: readonly Offer[],
  statements: Statements
): TagproofError {
  const found =
    offers.length > 1
      ? `${offers.map(({ job }) => job).join(' and ')}: more than one`
      : [...statements].map(([job, { stage }]) => `${job} (${stage})`).join(', ') ||
        'no output handover at all'
  return new TagproofError('handover-missing', `No single job hands the ${what} over to ${to}.`, {
    found,
    expected: `one job with the stage ${what} among needs, with the output handover`,
    fix: 'Name every earlier job in needs, map steps.<id>.outputs.handover to the output handover of each, and give this step needs: ${{ toJSON(needs) }}.'
  })
}

/** Builds of two jobs that ran on one machine; none where one job was asked for both, or the machines are not known. */
export function sameMachine(statements: Statements): string[] {
  const builds = [...statements].filter(([, { stage }]) => stage === 'build')
  const machines = new Set(builds.map(([, { machine }]) => machine))
  const told = builds.every(([, { machine }]) => machine !== null)
  return told && machines.size < builds.length ? builds.map(([job]) => job) : []
}

/** Every artifact that some job before this one says it handed over. */
export function knownFiles(statements: Statements): Handover['before'] {
  const known = new Map<string, Handover['before'][number]>()
  for (const { files, before } of statements.values())
    for (const { name, sha256 } of [...files, ...before]) known.set(name, { name, sha256 })
  return [...known.values()].sort((one, other) => (one.name < other.name ? -1 : 1))
}
