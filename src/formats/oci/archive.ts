import { createHash } from 'node:crypto'
import { sha256 as asSha256, type Sha256 } from '../../documents/identifiers.ts'
import type { Archive } from '../archive.ts'
import { invalidArchive } from '../invalid.ts'
import type { Member } from '../member.ts'
import { observeNothing, type ContentObserver, type Observe } from '../observer.ts'
import { tarMember } from '../tar-member.ts'
import { platformName } from './descriptor.ts'
import { openImage, type Image, type PlatformImage } from './image.ts'
import { LayerTree } from './layer-tree.ts'
import { readLayer } from './layer.ts'

export interface ImageArchiveOptions {
  observe?: Observe
  /** Layers of base images, `sha256:…`: each is one member, whose bytes are the packed blob. */
  baseLayers?: ReadonlySet<string>
}

/**
 * Reads a tar of an OCI layout with all its checks. Members are `manifest.json` and `config.json`, then layer by layer
 * from the bottom `layers/N.tar` for a layer of a base, and `layers/N/PATH` for each entry of another one; with several
 * platforms all of that below `OS-ARCHITECTURE/`. Layers of a base are read as strictly as the others.
 *
 * @throws TagproofError `archive-invalid`
 */
export async function readImageArchive(file: string, options: ImageArchiveOptions = {}): Promise<Archive> {
  const image = await openImage(file)
  try {
    const archive: Archive = { members: [], container: containerOf(image), metadata: metadataOf(image) }
    for (const platform of image.platforms) await readPlatformImage(archive, image, platform, options)
    const [extra] = image.layout.unread()
    if (extra !== undefined)
      throw invalidArchive({ format: 'image', path: `blobs/sha256/${extra}` }, 'the blob belongs to no image')
    return archive
  } finally {
    await image.layout.close()
  }
}

/** Folder of a platform's members, with `/` behind it; empty where there is one platform. */
export function platformPrefix(image: Pick<Image, 'indexBytes'>, { platform }: PlatformImage): string {
  return image.indexBytes === null ? '' : `${platformName(platform).replaceAll('/', '-')}/`
}

async function readPlatformImage(
  archive: Archive,
  image: Image,
  platform: PlatformImage,
  { observe = observeNothing, baseLayers = new Set() }: ImageArchiveOptions
): Promise<void> {
  const prefix = platformPrefix(image, platform)
  const { members, container } = archive
  members.push(
    documentMember(`${prefix}manifest.json`, platform.manifestBytes, platform.manifest.mediaType, observe)
  )
  members.push(
    documentMember(`${prefix}config.json`, platform.configBytes, platform.config.mediaType, observe)
  )
  const tree = new LayerTree()
  for (const [index, layer] of platform.layers.entries()) {
    const name = `${prefix}layers/${index}`
    container[`${name} media type`] = layer.mediaType
    const diffId = platform.configuration.diffIds[index] ?? layer.sha256
    const rules = { compression: layer.compression, diffId, tree, index }
    const blob = image.layout.content(layer)
    if (baseLayers.has(`sha256:${layer.sha256}`)) {
      const path = `${name}.tar`
      const { size, sha256, mediaType } = layer
      const observer = observe({ path, kind: 'file', size, mode: 0o644, linkTarget: null })
      await drained(readLayer(observed(blob, observer), rules))
      observer?.end()
      members.push(blobMember(path, size, sha256, mediaType))
      continue
    }
    const onContainer = (key: string, value: string | number): void => {
      container[`${name} ${key}`] = value
    }
    const ofLayer = new Map<string, Member>()
    for await (const entry of readLayer(blob, { ...rules, onContainer })) {
      const path = `${name}/${entry.path}`
      const hash = createHash('sha256')
      const observer = observe({ ...entry, path })
      for await (const piece of entry.content) {
        hash.update(piece)
        observer?.update(piece)
      }
      observer?.end()
      const member = tarMember(entry, hash, ofLayer.get(entry.linkTarget ?? ''))
      ofLayer.set(entry.path, member)
      members.push({ ...member, path })
    }
  }
}

async function drained(entries: AsyncIterable<unknown>): Promise<void> {
  const all = entries[Symbol.asyncIterator]()
  while ((await all.next()).done !== true);
}

async function* observed(
  content: AsyncIterable<Buffer>,
  observer: ContentObserver | undefined
): AsyncGenerator<Buffer> {
  for await (const piece of content) {
    observer?.update(piece)
    yield piece
  }
}

function documentMember(path: string, bytes: Buffer, mediaType: string, observe: Observe): Member {
  const observer = observe({ path, kind: 'file', size: bytes.length, mode: 0o644, linkTarget: null })
  if (bytes.length > 0) observer?.update(bytes)
  observer?.end()
  const sha256 = asSha256(createHash('sha256').update(bytes).digest('hex'))
  return blobMember(path, bytes.length, sha256, mediaType)
}

/** A blob has no headers of its own but its media type. */
function blobMember(path: string, size: number, sha256: Sha256, mediaType: string): Member {
  return {
    path,
    kind: 'file',
    mode: 0o644,
    size,
    sha256,
    linkTarget: null,
    headers: asSha256(createHash('sha256').update(mediaType).digest('hex')),
    packed: null,
    fields: { mode: 0o644, mediaType }
  }
}

/** What is the same whatever the digests are: they follow from the members. */
function containerOf({ layout, entry, indexBytes, platforms }: Image): Archive['container'] {
  const plain = (bytes: Buffer): string =>
    bytes
      .toString('utf8')
      .replace(/"sha256:[0-9a-f]{64}"/g, '""')
      .replace(/("size"\s*:\s*)[0-9]+/g, '$10')
  return {
    tarHeaders: layout.headers,
    tarEndZeros: layout.endZeros,
    index: plain(layout.index),
    ...(indexBytes === null ? {} : { platformIndex: plain(indexBytes) }),
    mediaType: entry.mediaType,
    platforms: platforms.map(({ platform }) => platformName(platform)).join(' ')
  }
}

/** The label; where platforms have different ones, all of them: no version is like that. */
function metadataOf({ platforms }: Image): Archive['metadata'] {
  const versions = new Set(
    platforms.map(({ configuration }) => configuration.labels['org.opencontainers.image.version'] ?? null)
  )
  const [version = null] = versions
  const all = [...versions].map((each) => each ?? 'none')
  return { name: '', version: versions.size === 1 ? version : all.join(' and ') }
}
