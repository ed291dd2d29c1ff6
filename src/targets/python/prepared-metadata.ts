import { mkdir, readFile, rename, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import type { BuiltTarget } from '../../documents/build.ts'
import type { Sha256 } from '../../documents/identifiers.ts'
import { TagproofError } from '../../platform/errors.ts'
import { hashFile, joinInside, sha256OfBytes } from '../../platform/files.ts'

/** Metadata is text that is held in memory; the driver takes no more either. */
const mostBytes = 16 * 1024 * 1024

/** Where the files lie: no target can be called so. */
function placeOf(folder: string): string {
  return `${folder}+metadata`
}

/**
 * Moves what the driver left in `metadata/` of a target's folder beside that folder, and hashes it.
 *
 * @param names as the driver told them; undefined where the backend has no hook for metadata
 * @throws TagproofError `build-output` if a file is not there, or is too large
 */
export async function takePreparedMetadata(
  folder: string,
  names: readonly string[] | undefined
): Promise<Record<string, Sha256> | null> {
  const place = placeOf(folder)
  await rm(place, { recursive: true, force: true })
  if (names === undefined) return null
  await mkdir(place)
  const hashes: Record<string, Sha256> = {}
  for (const name of names) {
    const file = joinInside(path.join(folder, 'metadata'), name)
    const size = await stat(file).then(
      (status) => (status.isFile() ? status.size : undefined),
      () => undefined
    )
    if (size === undefined || size > mostBytes) throw unusable(name, size)
    await rename(file, joinInside(place, name))
    hashes[name] = (await hashFile(joinInside(place, name))).sha256
  }
  return hashes
}

function unusable(name: string, size: number | undefined): TagproofError {
  return new TagproofError('build-output', `The backend's own metadata cannot be taken over.`, {
    where: name,
    found: size === undefined ? 'no such file' : `${size} bytes`,
    expected: `a file of at most ${mostBytes} bytes`,
    fix: 'Something in the build removed or changed it; see the log of the build.'
  })
}

/**
 * What a build handed on as the backend's own metadata, each file hashed again; null where the backend has no hook
 * for it.
 *
 * @param folder of the target's artifacts: `build-<world>/<target>`
 * @throws TagproofError `input-missing` or `hash-mismatch`
 */
export async function readPreparedMetadata(
  folder: string,
  { metadata }: Pick<BuiltTarget, 'metadata'>
): Promise<Map<string, Buffer> | null> {
  if (metadata === undefined) return null
  const files = new Map<string, Buffer>()
  for (const [name, expected] of Object.entries(metadata)) {
    const where = `${path.basename(placeOf(folder))}/${name}`
    const bytes = await readFile(joinInside(placeOf(folder), name)).catch((error: unknown) => {
      throw new TagproofError('input-missing', "A file of the backend's own metadata is not there.", {
        where,
        fix: 'Hand on the whole folder of the build, or build again.',
        cause: error
      })
    })
    const found = sha256OfBytes(bytes)
    if (found !== expected)
      throw new TagproofError('hash-mismatch', "The backend's own metadata has changed since the build.", {
        where,
        found,
        expected,
        fix: 'Build again; find out what wrote to the folder.'
      })
    files.set(name, bytes)
  }
  return files
}

/**
 * What both worlds' backends say: files that are not the same in both confirm nothing, and are left out. Null where
 * neither has a hook for metadata.
 */
export function agreedMetadata(
  a: ReadonlyMap<string, Buffer> | null,
  b: ReadonlyMap<string, Buffer> | null
): Map<string, Buffer> | null {
  if (a === null && b === null) return null
  return new Map([...(a ?? [])].filter(([name, bytes]) => b?.get(name)?.equals(bytes) === true))
}
