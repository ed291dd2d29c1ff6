import { stat } from 'node:fs/promises'
import type { UploadImage } from '../../documents/uploads.ts'
import type { ReleaseArtifact } from '../../documents/release.ts'
import type { Descriptor } from '../../formats/oci/descriptor.ts'
import { openImage } from '../../formats/oci/image.ts'

const versionLabel = 'org.opencontainers.image.version'

/**
 * What a registry is sent of an image, and where it lies in the tar: layers, configurations, manifests, and the index
 * last, so that no document comes before what it names. Blobs are not read: they were, when the image was proven.
 *
 * @throws TagproofError `archive-invalid`
 */
export async function imageUpload(
  file: string,
  { name, sha256, repository }: Pick<ReleaseArtifact, 'name' | 'sha256'> & { repository: string }
): Promise<UploadImage> {
  const { layout, entry, indexBytes, platforms } = await openImage(file)
  try {
    const blobs = new Map<string, UploadImage['blobs'][number]>()
    const add = (role: UploadImage['blobs'][number]['role'], blob: Descriptor): void => {
      const digest = `sha256:${blob.sha256}`
      const { mediaType, size } = blob
      if (!blobs.has(digest))
        blobs.set(digest, { role, digest, mediaType, size, offset: layout.offsetOf(blob) })
    }
    for (const { layers } of platforms) for (const layer of layers) add('layer', layer)
    for (const { config } of platforms) add('config', config)
    for (const { manifest } of platforms) add('manifest', manifest)
    if (indexBytes !== null) add('index', entry)
    const versions = new Set(platforms.map(({ configuration }) => configuration.labels[versionLabel] ?? ''))
    const [version = ''] = versions.size === 1 ? versions : []
    const { mediaType, size } = entry
    return {
      name,
      size: (await stat(file)).size,
      sha256,
      repository,
      version: version === '' ? null : version,
      root: { digest: `sha256:${entry.sha256}`, mediaType, size },
      blobs: [...blobs.values()]
    }
  } finally {
    await layout.close()
  }
}
