import { createHash } from 'node:crypto'
import path from 'node:path'
import type { DebFile } from '../../../../src/destinations/apt/packages.ts'
import type { ReleaseFile } from '../../../../src/destinations/github/destination.ts'
import type { PushedImage } from '../../../../src/destinations/registry/image.ts'
import type { ReleaseArtifact } from '../../../../src/documents/release.ts'
import type { Upload } from '../../../../src/documents/uploads.ts'
import { hashFile } from '../../../../src/platform/files.ts'
import { makeDebRelease, type DebRelease } from '../../support/apt/deb-release.ts'
import { makeTinyRelease, type TinyRelease } from '../../support/pypi/tiny-release.ts'
import { makeTinyImages, type TinyImages } from '../../support/registry/tiny-images.ts'

/** What a publication is told of a release, in a form that another process can be handed. */
export interface Parcel {
  version: string
  tag: string
  commit: string
  python: { uploads: readonly Upload[]; artifacts: readonly ReleaseArtifact[]; folder: string }
  debs: { debs: readonly DebFile[]; folder: string }
  images: readonly (Omit<PushedImage, 'moving'> & { moving: readonly string[] })[]
  /** Everything, for a release on a code host. */
  files: readonly ReleaseFile[]
}

/** A release of every kind of package, a few kilobytes each, and what it must look like to those who use it. */
export interface WholeRelease {
  parcel: Parcel
  python: TinyRelease
  debs: DebRelease
  images: TinyImages
  remove: () => Promise<void>
}

export async function makeWholeRelease(version: string, { noise = 0 } = {}): Promise<WholeRelease> {
  const text = version
  const python = await makeTinyRelease({ version, text, wheels: ['py3'] })
  const debs = await makeDebRelease({ version, text })
  const images = await makeTinyImages({ version, text, noise, repositories: ['web'], moving: ['latest'] })
  const names = [
    ...python.artifacts.map(({ name }) => path.join(python.folder, name)),
    ...debs.debs.map(({ name }) => path.join(debs.folder, name)),
    ...images.images.map(({ file }) => file)
  ]
  const files: ReleaseFile[] = []
  for (const file of names)
    files.push({ name: path.basename(file), file, evidence: false, ...(await hashFile(file)) })
  const parcel: Parcel = {
    version,
    tag: `v${version}`,
    commit: createHash('sha1').update(version).digest('hex'),
    python: { uploads: python.uploads, artifacts: python.artifacts, folder: python.folder },
    debs: { debs: debs.debs, folder: debs.folder },
    images: images.images.map((image) => ({ ...image, moving: image.moving.map(({ tag }) => tag) })),
    files
  }
  const remove = async (): Promise<void> => {
    await python.remove()
    await debs.remove()
    await images.remove()
  }
  return { parcel, python, debs, images, remove }
}
