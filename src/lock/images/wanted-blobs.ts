import { sha256 } from '../../documents/identifiers.ts'
import type { BlobDescriptor, Lock } from '../../documents/lock.ts'
import type { OriginsOptions, WantedFile } from '../origins.ts'
import { fixed, storeAddress, type Place } from '../places.ts'
import { requireReference } from './image-source.ts'

/** Every blob of the base images of a lock, with its places: layouts, the registry of the reference, the own store. */
export function wantedBlobs(lock: Pick<Lock, 'images'>, options: OriginsOptions): WantedFile[] {
  return Object.entries(lock.images ?? {}).flatMap(([reference, { platforms }]) =>
    Object.entries(platforms).flatMap(([platform, { manifest, config, layers }]) => {
      const blob = (descriptor: BlobDescriptor, what: string): WantedFile => {
        const file = {
          name: `${reference}, ${what} for ${platform}`,
          file: descriptor.digest,
          size: descriptor.size,
          sha256: sha256(descriptor.digest.slice('sha256:'.length))
        }
        return { ...file, places: placesOf(reference, file, what === 'manifest', options) }
      }
      return [
        blob(manifest, 'manifest'),
        blob(config, 'configuration'),
        ...layers.map((layer, index) => blob(layer, `layer ${index + 1} of ${layers.length}`))
      ]
    })
  )
}

function placesOf(
  reference: string,
  file: Pick<WantedFile, 'size' | 'sha256'>,
  manifest: boolean,
  options: OriginsOptions
): Place[] {
  const { layouts, store } = options.sources
  const digest = `sha256:${file.sha256}`
  const kind = manifest ? 'manifests' : 'blobs'
  const registry = async (): ReturnType<Awaited<ReturnType<OriginsOptions['images']>>['registry']> =>
    (await options.images()).registry(requireReference(reference))
  const places: Place[] = []
  if (layouts !== undefined)
    places.push({
      label: 'layouts',
      find: async () => (await (await options.images()).layouts?.files(digest)) ?? []
    })
  places.push({
    label: 'registry',
    // The address is for messages: the registry itself logs in, and knows where its blobs lie.
    find: async () => [(await registry()).blobAddress(kind, digest)],
    download: async (partial, onBytes) => (await registry()).download(kind, file, partial, onBytes)
  })
  if (store !== undefined) places.push(fixed('own store', storeAddress(store, file.sha256)))
  return places
}
