import { invalidArchive } from '../invalid.ts'
import { platformName, type Descriptor, type Platform } from './descriptor.ts'
import { readConfig, readIndex, readManifest, type ImageConfig, type LayerDescriptor } from './documents.ts'
import { openLayout, type LayoutFile } from './layout.ts'
import { indexTypes, manifestTypes } from './media-types.ts'

/** An image for one platform. */
export interface PlatformImage {
  platform: Platform
  manifest: Descriptor
  manifestBytes: Buffer
  config: Descriptor
  configBytes: Buffer
  configuration: ImageConfig
  /** From the bottom up. */
  layers: LayerDescriptor[]
}

export interface Image {
  layout: LayoutFile
  /** The one entry of `index.json`: the manifest of a single platform, or an index of several. */
  entry: Descriptor
  /** Content of the index of several platforms. */
  indexBytes: Buffer | null
  /** In the order of the index. */
  platforms: PlatformImage[]
}

/**
 * Opens an image and reads its documents: `index.json` has one entry, which is a manifest, or an index of manifests with
 * different platforms. The caller closes `layout`. Layers are not read.
 *
 * @throws TagproofError `archive-invalid`
 */
export async function openImage(file: string): Promise<Image> {
  const layout = await openLayout(file)
  try {
    const [entry, second] = readIndex(layout.index, 'index.json')
    if (entry === undefined || second !== undefined)
      throw invalidArchive(
        { format: 'image', path: 'index.json' },
        entry === undefined ? 'the layout holds no image' : 'the layout holds more than one image',
        { expected: 'one entry: a manifest, or an index of platforms' }
      )
    if (manifestTypes.includes(entry.mediaType))
      return { layout, entry, indexBytes: null, platforms: [await readPlatform(layout, entry)] }
    if (!indexTypes.includes(entry.mediaType)) throw unknownType('index.json', entry)
    const indexBytes = await layout.document(entry)
    const platforms: PlatformImage[] = []
    for (const manifest of readIndex(indexBytes, `blobs/sha256/${entry.sha256}`)) {
      checkIsImage(manifest)
      platforms.push(await readPlatform(layout, manifest))
    }
    checkPlatforms(platforms)
    return { layout, entry, indexBytes, platforms }
  } catch (error) {
    await layout.close()
    throw error
  }
}

/** Attestations in the index make each build another one, whatever the image; they belong beside it. */
function checkIsImage(manifest: Descriptor): void {
  if (manifest.annotations['vnd.docker.reference.type'] !== undefined)
    throw invalidArchive(
      { format: 'image', path: `blobs/sha256/${manifest.sha256}` },
      'the index holds an attestation of the builder beside the images',
      { fix: 'Build without attestations: leave out the options provenance and sbom.' }
    )
  if (!manifestTypes.includes(manifest.mediaType)) throw unknownType('the index', manifest)
}

function unknownType(path: string, { mediaType }: Descriptor): Error {
  return invalidArchive({ format: 'image', path }, 'an entry is no manifest of an image', {
    found: mediaType.slice(0, 200)
  })
}

async function readPlatform(layout: LayoutFile, manifest: Descriptor): Promise<PlatformImage> {
  const name = `blobs/sha256/${manifest.sha256}`
  const manifestBytes = await layout.document(manifest)
  const { config, layers } = readManifest(manifestBytes, name)
  const configBytes = await layout.document(config)
  const configuration = readConfig(configBytes, layers.length, `blobs/sha256/${config.sha256}`)
  const { platform } = configuration
  const stated = manifest.platform
  if (stated !== null && platformName(stated) !== platformName(platform))
    throw invalidArchive(
      { format: 'image', path: name },
      'index and configuration disagree on the platform',
      {
        found: platformName(platform),
        expected: platformName(stated)
      }
    )
  return { platform, manifest, manifestBytes, config, configBytes, configuration, layers }
}

function checkPlatforms(platforms: readonly PlatformImage[]): void {
  const seen = new Set<string>()
  for (const { platform, manifest } of platforms) {
    const name = platformName(platform)
    if (manifest.platform === null)
      throw invalidArchive(
        { format: 'image', path: name },
        'the index does not tell the platform of the image'
      )
    if (seen.has(name))
      throw invalidArchive({ format: 'image', path: name }, 'the index has two images for one platform')
    seen.add(name)
  }
  if (platforms.length === 0) throw invalidArchive({ format: 'image' }, 'the index holds no image')
}
