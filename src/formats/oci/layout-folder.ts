import { constants } from 'node:fs'
import { copyFile, link, mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { BlobDescriptor, ImageLock } from '../../documents/lock.ts'
import { TagproofError } from '../../platform/errors.ts'
import { layoutVersion } from './layout-writer.ts'
import { mediaTypes } from './media-types.ts'

/**
 * Makes a layout folder that holds a locked image for one platform, for builders that take a base from such a folder.
 * Blobs are linked where the file system allows it, and must not be written to.
 *
 * @param platform such as `linux/amd64`
 * @param blob where the blob of a digest (`sha256:…`) lies, hash-checked
 * @param folder must not exist
 * @returns digest of the manifest, the one entry of the index
 * @throws TagproofError `lock-incomplete` where the lock has no such platform
 */
export async function layoutFromBlobs(
  image: ImageLock,
  platform: string,
  blob: (digest: string) => string,
  folder: string
): Promise<string> {
  const locked = image.platforms[platform]
  if (locked === undefined)
    throw new TagproofError('lock-incomplete', `The lock has no image for ${platform}.`, {
      found: Object.keys(image.platforms).join(', ') || 'no platform',
      fix: 'Run tagproof lock with this platform among those of the target, and commit the lock.'
    })
  const blobs = path.join(folder, 'blobs', 'sha256')
  await mkdir(folder)
  await mkdir(blobs, { recursive: true })
  const placed = new Map(
    [locked.manifest, locked.config, ...locked.layers].map((entry) => [entry.digest, entry])
  )
  for (const { digest } of placed.values())
    await place(path.resolve(blob(digest)), path.join(blobs, digest.slice('sha256:'.length)))
  await writeFile(path.join(folder, 'oci-layout'), layoutVersion)
  await writeFile(path.join(folder, 'index.json'), indexOf(locked.manifest))
  return locked.manifest.digest
}

async function place(from: string, to: string): Promise<void> {
  await link(from, to).catch(() => copyFile(from, to, constants.COPYFILE_FICLONE))
}

function indexOf({ mediaType, digest, size }: BlobDescriptor): string {
  const manifests = [{ mediaType, digest, size }]
  return JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.index, manifests })
}
