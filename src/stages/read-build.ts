import path from 'node:path'
import type { Build } from '../documents/build.ts'
import type { World } from '../documents/identifiers.ts'
import { readDocument } from '../documents/reading.ts'
import { TagproofError } from '../platform/errors.ts'
import { hashFile, joinInside } from '../platform/files.ts'
import type { StageContext } from './context.ts'

/** A build's document and artifacts, each artifact hashed again. */
export async function readBuild(context: StageContext, world: World, planDigest: string): Promise<Build> {
  const folder = context.out.build(world)
  const { document } = await readDocument('build', path.join(folder, 'build.json'))
  const where = `build-${world}/build.json`
  if (document.world !== world)
    throw new TagproofError('document-mismatch', `This is the build of world ${document.world}.`, {
      where: `${where}: world`,
      expected: world,
      fix: 'Hand on the folders build-a and build-b under their own names.'
    })
  if (document.plan !== planDigest)
    throw new TagproofError('document-mismatch', `World ${world} was built from another plan.`, {
      where: `${where}: plan`,
      found: document.plan,
      expected: planDigest,
      fix: 'Build both worlds from the same plan.json.'
    })
  await checkArtifacts(folder, `build-${world}`, document.targets)
  for (const { name, targets } of document.perturbations ?? [])
    await checkArtifacts(path.join(folder, `+${name}`), `build-${world}/+${name}`, targets)
  return document
}

async function checkArtifacts(folder: string, where: string, targets: Build['targets']): Promise<void> {
  for (const target of targets)
    for (const artifact of target.artifacts) {
      const file = joinInside(joinInside(folder, target.name), artifact.name)
      const found = await hashFile(file).catch((error: unknown) => {
        throw new TagproofError('input-missing', `An artifact of ${where} is not there.`, {
          where: `${where}/${target.name}/${artifact.name}`,
          fix: 'Hand on the whole folder of the build, or build again.',
          cause: error
        })
      })
      if (found.sha256 !== artifact.sha256)
        throw new TagproofError('hash-mismatch', `An artifact of ${where} has changed since it was built.`, {
          where: `${where}/${target.name}/${artifact.name}`,
          found: found.sha256,
          expected: artifact.sha256,
          fix: 'Build again; find out what wrote to the folder.'
        })
    }
}
