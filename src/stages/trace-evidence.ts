import { parseReference, pinned } from '../platform/registry/reference.ts'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import type { Sha256 } from '../documents/identifiers.ts'
import { isWheel, type ImageLock, type Lock, type PythonLock } from '../documents/lock.ts'
import { readArchive } from '../formats/archive.ts'
import { normalizeName } from '../formats/metadata.ts'
import { readManifest } from '../formats/oci/documents.ts'
import { readSdist } from '../formats/sdist.ts'
import type { Inputs } from '../lock/inputs.ts'
import type { BaseImage, DependencySdist, DependencyWheel } from '../proof/trace/evidence.ts'
import { platformOf, rootImage, type RootImageRequest } from '../targets/image/root-image.ts'
import { platformName } from '../formats/oci/descriptor.ts'
import { createHash } from 'node:crypto'

/** Locked run-time dependencies: what each wheel holds by path, and each sdist whatever its paths. */
export async function dependenciesOf(
  locked: PythonLock | undefined,
  inputs: Pick<Inputs, 'python'>
): Promise<{ wheels: DependencyWheel[]; sdists: DependencySdist[] }> {
  const wheels: DependencyWheel[] = []
  const sdists: DependencySdist[] = []
  for (const entry of locked?.packages ?? []) {
    const { file, name, version } = entry
    const common = { file, name: normalizeName(name), version }
    const at = inputs.python(entry)
    if (isWheel(entry)) wheels.push({ ...common, members: await wheelMembers(at) })
    else sdists.push({ ...common, files: await filesOf(at) })
  }
  return { wheels, sdists }
}

/** SHA-256 of each file of a wheel. @throws TagproofError `archive-invalid` */
export async function wheelMembers(file: string): Promise<Map<string, Sha256>> {
  const { members } = await readArchive(file, 'wheel')
  return new Map(members.flatMap(({ path: name, kind, sha256 }) => (kind === 'file' ? [[name, sha256]] : [])))
}

async function filesOf(sdist: string): Promise<Set<string>> {
  const files = new Set<string>()
  for await (const entry of readSdist(sdist)) {
    if (entry.kind !== 'file' || entry.size === 0) continue
    const hash = createHash('sha256')
    for await (const piece of entry.content) hash.update(piece)
    files.add(hash.digest('hex'))
  }
  return files
}

/**
 * Locked base images, each platform with its configuration: under the name of the lock, and under that with the digest,
 * which may have been added to the Dockerfile since.
 */
export async function lockedBases(
  images: Readonly<Record<string, ImageLock>>,
  inputs: Pick<Inputs, 'blob'>
): Promise<BaseImage[]> {
  const bases: BaseImage[] = []
  for (const [name, { digest: top, platforms }] of Object.entries(images))
    for (const [platform, { manifest, config, layers }] of Object.entries(platforms)) {
      const base = {
        platform,
        digest: manifest.digest,
        layers: layers.map(({ digest }) => digest),
        config: await readFile(inputs.blob(config.digest)).catch(() => null)
      }
      const parsed = parseReference(name)
      const names = new Set([name, ...(parsed === null ? [] : [pinned(parsed, top)])])
      for (const reference of names) bases.push({ ...base, reference })
    }
  return bases
}

/** The Debian root of the lock as a base: its one layer is no packed member, for the root explains each file of it. */
export async function rootBase(request: RootImageRequest): Promise<BaseImage> {
  const { folder, digest } = await rootImage(request)
  const blob = (of: string): Promise<Buffer> => readFile(path.join(folder, 'blobs', 'sha256', of))
  const { config } = readManifest(await blob(digest.replace(/^sha256:/, '')), digest)
  return {
    reference: 'tagproof-root',
    platform: platformName(platformOf(request.rootLock.architecture)),
    digest,
    layers: [],
    config: await blob(config.sha256)
  }
}

/** Backends of a root, as Python knows them: `python3-hatchling` 1.12.2-1 is hatchling 1.12.2. */
export function backendsOf(lock: Lock, root: string): [string, string][] {
  return (lock.roots[root]?.packages ?? []).flatMap(({ name, version }): [string, string][] =>
    name.startsWith('python3-')
      ? [
          [
            normalizeName(name.slice('python3-'.length)),
            version
              .replace(/^\d+:/, '')
              .replace(/-[^-]*$/, '')
              .replace(/[+~]d.*$/, '')
          ]
        ]
      : []
  )
}
