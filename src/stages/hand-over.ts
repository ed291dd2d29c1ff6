import { rename, rm } from 'node:fs/promises'
import path from 'node:path'
import type { HandedFile, Handover } from '../documents/handover.ts'
import type { World } from '../documents/identifiers.ts'
import { readDocument } from '../documents/reading.ts'
import { buildParcel, planParcels, proveParcel, type Parcel } from '../handover/contents.ts'
import { artifactName, findHanded, unknownFiles } from '../handover/found-files.ts'
import { packParcel, unpackParcel } from '../handover/parcel-file.ts'
import { knownFiles, offersFor, sameMachine, statementsIn, type Statements } from '../handover/statements.ts'
import type { ArtifactStore, StoredFile } from '../platform/artifacts/store.ts'
import { TagproofError } from '../platform/errors.ts'
import { hashFile, withTemporaryFolder } from '../platform/files.ts'
import type { Needs } from '../platform/github-inputs.ts'
import { writeForms } from '../source/export-forms.ts'
import { clearFrom, type StageContext } from './context.ts'
import { formsFile } from './variant.ts'

/** What a job knows of the run that it is part of. */
export interface RunPlace {
  store: ArtifactStore
  needs: Needs
  /** Attempt of the run, from 1. */
  attempt: number
  /** Tells the machines of this run apart; null where that cannot be known. */
  machine: string | null
}

type Handing = { stage: 'plan' | 'prove' } | { stage: 'build'; worlds: readonly World[] }
type Taking =
  { stage: 'build'; worlds: readonly World[] } | { stage: 'prove'; singleJob: boolean } | { stage: 'publish' }

/** How often another name is tried: an upload that fails at its end keeps its name for ever. */
const mostNames = 3

/**
 * Leaves what a stage made for later jobs, and says what that is: the statement becomes an output of the job, and with
 * it the SHA-256 of each file travels on another way than the file.
 *
 * @throws TagproofError `handover-failed`
 */
export async function handOver(context: StageContext, place: RunPlace, handing: Handing): Promise<Handover> {
  const progress = context.log.begin('hand over')
  try {
    const files: HandedFile[] = []
    if (handing.stage === 'plan') await addForms(context)
    for (const parcel of parcelsOf(handing)) files.push(await handParcel(context, place, parcel))
    progress.done(files.map(({ name, size }) => `${name} (${size} bytes)`).join(', '))
    return {
      schema: 'tagproof/handover/1',
      stage: handing.stage,
      worlds: handing.stage === 'build' ? [...handing.worlds] : [],
      attempt: place.attempt,
      files,
      before: knownFiles(statementsIn(place.needs)),
      machine: place.machine
    }
  } catch (error) {
    progress.failed()
    throw error
  }
}

/** World b's machine can build in the second tier without ever having seen an original. */
async function addForms({ out }: StageContext): Promise<void> {
  const { document: plan } = await readDocument('plan', out.plan)
  const inside = (name: string): string => path.join(out.exports, name)
  await writeForms(plan, inside(plan.exports.a.file), inside(formsFile))
}

function parcelsOf(handing: Handing): readonly Parcel[] {
  if (handing.stage === 'plan') return planParcels
  return [handing.stage === 'build' ? buildParcel(handing.worlds) : proveParcel]
}

async function handParcel(context: StageContext, place: RunPlace, parcel: Parcel): Promise<HandedFile> {
  return withTemporaryFolder('tagproof-handover', async (folder) => {
    const packed = path.join(folder, 'packed')
    const { sha256, size } = await packParcel(context.out.folder, parcel, packed)
    for (let again = 0; again < mostNames; again += 1) {
      const name = artifactName(parcel.label, place.attempt, sha256, again)
      const file = path.join(folder, name)
      await rename(packed, file)
      if ((await place.store.put(file)) === 'stored') return { for: parcel.for, name, sha256, size }
      // The answer to an upload that arrived may have been lost.
      const there = (await place.store.list()).find((stored) => stored.sha256 === sha256)
      if (there !== undefined) return { for: parcel.for, name: there.name, sha256, size }
      context.log.warn(`The name ${name} is used up; trying another one.`)
      await rename(file, packed)
    }
    throw new TagproofError('handover-failed', 'No name is left to hand over under.', {
      found: `${mostNames} names that are used up`,
      fix: 'Run the failed jobs again: the next attempt has names of its own.'
    })
  })
}

/**
 * Takes what the earlier jobs handed to this stage: found by SHA-256, hashed before a byte of it is read, unpacked into
 * the output folder, which holds nothing else then.
 *
 * @throws TagproofError `handover-missing`, `handover-changed`, `handover-extra`, `same-machine`, `handover-failed`,
 *   `archive-invalid`
 */
export async function takeOver(context: StageContext, place: RunPlace, taking: Taking): Promise<void> {
  const progress = context.log.begin('take over')
  try {
    const statements = statementsIn(place.needs)
    const offers = offersFor(statements, taking.stage, taking.stage === 'build' ? taking.worlds : [])
    if (taking.stage === 'prove' && !taking.singleJob) requireTwoMachines(statements)
    const stored = await place.store.list()
    if (taking.stage !== 'build') tellUnknown(context, place, statements, stored)
    await clearFrom(context.out, 'plan')
    await rm(context.out.lock, { force: true })
    for (const { job, file } of offers) {
      await takeParcel(context, place.store, file, findHanded(file, stored), parcelOf(statements, job, file))
      progress.line(`${file.name} of ${job}, SHA-256 ${file.sha256}`)
    }
    progress.done(offers.map(({ job }) => job).join(', '))
  } catch (error) {
    progress.failed()
    throw error
  }
}

function parcelOf(statements: Statements, job: string, file: HandedFile): Parcel {
  const said = statements.get(job)
  if (said?.stage === 'build') return buildParcel(said.worlds)
  return planParcels.find((parcel) => said?.stage === 'plan' && parcel.for === file.for) ?? proveParcel
}

async function takeParcel(
  context: StageContext,
  store: ArtifactStore,
  file: HandedFile,
  stored: StoredFile,
  parcel: Parcel
): Promise<void> {
  await withTemporaryFolder('tagproof-handover', async (folder) => {
    const got = await store.get(stored, folder)
    const { sha256 } = await hashFile(got)
    if (sha256 !== file.sha256)
      throw new TagproofError('handover-changed', `What was given as ${file.name} is something else.`, {
        found: sha256,
        expected: file.sha256,
        fix: 'Run the failed jobs again; if it happens again, run all jobs.'
      })
    await unpackParcel(got, parcel, context.out.folder)
  })
}

function requireTwoMachines(statements: Statements): void {
  const jobs = sameMachine(statements)
  if (jobs.length > 0)
    throw new TagproofError('same-machine', 'Both worlds were built on one machine.', {
      found: `${jobs.join(' and ')} ran on the same machine`,
      expected: 'a machine for each',
      fix: 'Run the two jobs on two runners, or set single-job: true for prove to accept it: the proof then says so.'
    })
}

/** Jobs that run side by side may not have told yet what they hand over: only those after them can know. */
function tellUnknown(
  context: StageContext,
  { attempt }: RunPlace,
  statements: Statements,
  stored: readonly StoredFile[]
): void {
  const { earlier, extra } = unknownFiles(knownFiles(statements), stored, attempt)
  if (earlier.length > 0) context.log.info(`Left over from earlier attempts, not read: ${earlier.join(', ')}`)
  if (extra.length > 0)
    throw new TagproofError('handover-extra', 'The run holds an artifact that no job handed over.', {
      found: extra.join(', '),
      fix: 'Find out which job uploaded it, remove that, and run all jobs again.'
    })
}
