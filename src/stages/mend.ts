import { rm } from 'node:fs/promises'
import path from 'node:path'
import type { Build, BuiltTarget } from '../documents/build.ts'
import { withTemporaryFolder } from '../platform/files.ts'
import { writeVariant } from '../source/export-variant.ts'
import type { BuildOptions } from './build.ts'
import { attemptTarget, type BuildRoom } from './build-target.ts'
import { diagnose } from './diagnose.ts'
import { variantSources } from './variant.ts'

type WorldB = Pick<Build, 'targets' | 'scramble'>

/**
 * What to do about targets that failed in world b: find what the failure follows; where scrambled files of the second
 * tier build, all of world b is built with those.
 */
export async function mendFailures(
  room: BuildRoom,
  targets: BuiltTarget[],
  options: BuildOptions
): Promise<WorldB> {
  const found: BuiltTarget[] = []
  let mendable = false
  for (const built of targets) {
    const target = room.plan.targets.find(({ name }) => name === built.name)
    // With variations left out the user looks for the culprit already.
    if (built.failure === undefined || target === undefined || (options.off ?? []).length > 0) {
      found.push(built)
      continue
    }
    const diagnosis = await diagnose(room, target, built)
    mendable ||= diagnosis.builds
    const follows = diagnosis.follows === null ? null : [...diagnosis.follows]
    const secondTier = !diagnosis.builds && (follows?.includes('scrambled-files') ?? false)
    found.push({ ...built, failure: { ...built.failure, follows, secondTier } })
  }
  return mendable ? secondTier(room, options) : { targets: found }
}

async function secondTier(room: BuildRoom, { keep = false }: BuildOptions): Promise<WorldB> {
  const { context, plan } = room
  const exports = await variantSources(context, plan)
  const folder = context.out.build('b')
  return withTemporaryFolder('tagproof-variant', async (temporary) => {
    const file = path.join(temporary, 'export-b.tar')
    const written = await writeVariant({ exports, scramble: plan.scramble, tier: 2, file })
    const targets: BuiltTarget[] = []
    for (const target of plan.targets) {
      await rm(path.join(folder, target.name), { recursive: true, force: true })
      targets.push(
        await attemptTarget(room, {
          target,
          world: 'b',
          exportTar: file,
          scrambled: written.files.length,
          folder: path.join(folder, target.name),
          off: [],
          keep,
          title: `build ${target.name} in world b, scrambled files keep their format`,
          logFile: path.join(folder, 'log.txt')
        })
      )
    }
    return { targets, scramble: { ...plan.scramble, tier: 2, files: written.files } }
  })
}
