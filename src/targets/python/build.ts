import { readdir, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import type { BuiltArtifact, BuiltTarget } from '../../documents/build.ts'
import { fileNameField, type Variation } from '../../documents/fields.ts'
import { TagproofError } from '../../platform/errors.ts'
import { hashFile } from '../../platform/files.ts'
import { takePreparedMetadata } from './prepared-metadata.ts'
import { runDriver, shellInWorld, type DriverRequest } from './driver.ts'

export type BuildPythonRequest = DriverRequest & {
  /** How many files world b sees scrambled. */
  scrambled: number
}

/**
 * Builds the sdist of a Python target from its export, and the wheel from that sdist, in one world (PEP 517).
 * Afterwards `folder` holds the two artifacts and nothing else.
 *
 * @throws TagproofError as runDriver; `build-output` if an artifact is not what the hooks said
 */
export async function buildPython(request: BuildPythonRequest): Promise<BuiltTarget> {
  const { result, world } = await runDriver('build', request)
  const artifacts = [
    await artifact(request.folder, 'sdist', result.sdist),
    await artifact(request.folder, 'wheel', result.wheel)
  ]
  if (request.keep === true) await keepTree(request)
  const metadata = await takePreparedMetadata(request.folder, result.metadata)
  await removeOthers(request.folder, artifacts)
  return {
    name: request.target.name,
    artifacts,
    ...(metadata === null ? {} : { metadata }),
    requires: result.requires,
    reads: world.reads,
    variations: world.variations.map((variation) => withCount(variation, request))
  }
}

/** A shell in the world of a target, as its build sees it. Returns the shell's exit status. */
export function shellPython(request: DriverRequest): Promise<number> {
  return shellInWorld(request)
}

async function artifact(
  folder: string,
  kind: BuiltArtifact['kind'],
  name: string | undefined
): Promise<BuiltArtifact> {
  const checked = fileNameField.safeParse(name)
  if (!checked.success) throw badOutput(kind, name)
  const hashed = await hashFile(path.join(folder, checked.data)).catch(() => undefined)
  if (hashed === undefined) throw badOutput(kind, name)
  return { kind, name: checked.data, size: hashed.size, sha256: hashed.sha256 }
}

function badOutput(kind: string, name: string | undefined): TagproofError {
  return new TagproofError('build-output', `The build left no ${kind}.`, {
    found: name === undefined ? 'no name of it' : JSON.stringify(name),
    fix: 'Something in the build removed or renamed it; see the log of the build.'
  })
}

async function keepTree({ folder, target }: DriverRequest): Promise<void> {
  const kept = path.join(path.dirname(folder), `${target.name}.tree.tar`)
  await rename(path.join(folder, 'tree.tar'), kept)
}

/** What else lies there is no artifact, and would look like one. */
async function removeOthers(folder: string, artifacts: readonly BuiltArtifact[]): Promise<void> {
  const names = artifacts.map((entry) => entry.name)
  for (const name of await readdir(folder))
    if (!names.includes(name)) await rm(path.join(folder, name), { recursive: true, force: true })
}

/** The variation is without effect where nothing is scrambled, and the record must say so. */
export function withCount(variation: Variation, { scrambled }: { scrambled: number }): Variation {
  if (variation.name !== 'scrambled-files' || !variation.applied) return variation
  if (scrambled === 0) return { ...variation, applied: false, reason: 'the plan scrambles no file' }
  return { ...variation, value: `${scrambled} files ${variation.value}` }
}
