import type { Plan } from '../documents/plan.ts'
import type { Proof } from '../documents/proof.ts'
import type { Release } from '../documents/release.ts'
import { writeFileAtomic } from '../platform/files.ts'
import { requireRights } from '../platform/rights.ts'
import type { AdoptOptions } from './adopt.ts'
import { attribute } from './attribute.ts'
import { build, type BuildOptions } from './build.ts'
import { complete } from './complete.ts'
import type { StageContext } from './context.ts'
import { fetch } from './fetch.ts'
import { expectedFilesOf } from './member-lists.ts'
import { plan } from './plan.ts'
import { prove } from './prove.ts'
import { publishLocally } from './local-destinations.ts'
import { judgedBy, record } from './record.ts'
import type { SourceOptions } from './source.ts'
import { worldsFitTogether } from './room.ts'
import { tryPackages } from './try.ts'

export type RehearseOptions = SourceOptions &
  Pick<AdoptOptions, 'adopt'> &
  Pick<BuildOptions, 'keep' | 'perturbations'> & {
    /** After a refusal, name what each difference follows by further builds. */
    attribute?: boolean
    /** Build the last release and a full clone too, to compare what is shipped. */
    complete?: boolean
    /** Install and start the packages; true by default. */
    try?: boolean
    /** Where the list of what world a built is written, to be committed as `expected-files`. */
    writeExpected?: string
  }

export interface Rehearsal {
  plan: Plan
  proof: Proof
  release: Release
}

/**
 * A whole release but for publishing: plan, fetch, build in both worlds, prove, try, record, and the directory
 * destinations. Needs no credential. Never publishes.
 */
export async function rehearse(context: StageContext, options: RehearseOptions): Promise<Rehearsal> {
  await requireRights()
  const planned = await plan(context, { ...options, rehearsal: true })
  await fetch(context, planned)
  const room = await worldsFitTogether(planned)
  if (!room.fits) context.log.info(`The worlds are built one after the other: ${room.reason}.`)
  const builds = await build(context, {
    worlds: ['a', 'b'],
    sequential: !room.fits,
    keep: options.keep ?? false,
    perturbations: options.perturbations ?? 1
  })
  if (options.complete === true) await complete(context, { sequential: !room.fits })
  const [calm] = builds
  if (options.writeExpected !== undefined && calm !== undefined)
    await writeFileAtomic(options.writeExpected, await expectedFilesOf(context, calm))
  const verdict = await prove(context, {
    singleJob: true,
    ownPlan: true,
    withoutAdopted: true,
    ...(options.adopt === undefined ? {} : { adopt: options.adopt })
  })
  const proof =
    options.attribute === true && verdict.verdict === 'refused' ? await attribute(context) : verdict
  const tried = options.try === false ? null : await tryPackages(context)
  const release = await record(context)
  await publishLocally(context, release)
  return { plan: planned, proof: tried === null ? proof : judgedBy(proof, tried), release }
}
