import { createReadStream } from 'node:fs'
import { lstat, readFile, readlink } from 'node:fs/promises'
import path from 'node:path'
import type { ImageLock } from '../../documents/lock.ts'
import { sha256 as asSha256, type Sha256 } from '../../documents/identifiers.ts'
import { platformName, type Platform } from '../../formats/oci/descriptor.ts'
import { readConfig, readManifest, type ImageConfig } from '../../formats/oci/documents.ts'
import { LayerTree } from '../../formats/oci/layer-tree.ts'
import { readLayer } from '../../formats/oci/layer.ts'
import { mediaTypes, type LayerCompression } from '../../formats/oci/media-types.ts'
import { lockedImage } from '../../lock/images/locked-image.ts'
import { TagproofError } from '../../platform/errors.ts'
import type { WithImages } from '../build-request.ts'
import { platformOf, rootImage, type RootImageRequest } from './root-image.ts'

/** What of a folder of the base a layer above must say again. */
export interface BaseFolder {
  mode: number
  uid: number
  gid: number
}

export interface BaseFile {
  /** After all links. */
  path: string
  /** Null for what is no folder. */
  folder: BaseFolder | null
}

/** The image that ours begins with. */
export interface Base {
  /** Reference, as the configuration names it. */
  name: string
  /** Of its manifest, `sha256:…`. */
  digest: string
  config: ImageConfig
  layers: { mediaType: string; sha256: Sha256; size: number; file: string }[]
  /** Follows links as a process in it would. Undefined where nothing is. */
  find(name: string): Promise<BaseFile | undefined>
}

type BaseRequest = RootImageRequest & Pick<WithImages, 'images' | 'blob'>

/** The name that stands for the Debian root of the lock. */
export const rootName = 'tagproof-root'

/**
 * Opens the base of an image: `tagproof-root`, or a locked reference for the platform. Its blobs keep their bytes.
 *
 * @throws TagproofError `lock-incomplete` for a reference or platform that is not locked, `archive-invalid` for a base that
 *   is none; as {@link rootImage}
 */
export async function openBase(name: string, platform: Platform, request: BaseRequest): Promise<Base> {
  return name === rootName ? rootBase(platform, request) : lockedBase(name, platform, request)
}

async function rootBase(platform: Platform, request: BaseRequest): Promise<Base> {
  const own = platformName(platformOf(request.rootLock.architecture))
  if (platformName(platform) !== own)
    throw new TagproofError('lock-incomplete', `There is no root for ${platformName(platform)}.`, {
      found: own,
      fix: 'Name a base image that has this platform, or build on a machine of it.'
    })
  const { folder, digest } = await rootImage(request)
  const blob = (of: string): string => path.join(folder, 'blobs', 'sha256', of.replace(/^sha256:/, ''))
  const documents = await readDocuments(digest, blob)
  return { name: rootName, digest, ...documents, find: (file) => findInFolder(request.root.path, file) }
}

async function lockedBase(name: string, platform: Platform, request: BaseRequest): Promise<Base> {
  const locked = lockedPlatform(name, platform, request.images)
  const documents = await readDocuments(locked.manifest.digest, (digest) => request.blob(digest))
  const found = platformName(documents.config.platform)
  if (found !== platformName(platform))
    throw new TagproofError('archive-invalid', `The base image ${name} is not for its platform.`, {
      found,
      expected: platformName(platform),
      fix: 'The image is mislabelled; use another one.'
    })
  const tree = await readTree(documents)
  return {
    name,
    digest: locked.manifest.digest,
    ...documents,
    find: (file) => {
      const there = tree.find(file)
      if (there === undefined) return Promise.resolve(undefined)
      const { mode, uid, gid, kind } = there.node
      return Promise.resolve({ path: there.path, folder: kind === 'directory' ? { mode, uid, gid } : null })
    }
  }
}

function lockedPlatform(
  name: string,
  platform: Platform,
  images: WithImages['images']
): ImageLock['platforms'][string] {
  const image = lockedImage(images, name)
  const locked = image?.platforms[platformName(platform)]
  if (locked !== undefined) return locked
  throw new TagproofError('lock-incomplete', `The lock has no image ${name} for ${platformName(platform)}.`, {
    found: image === undefined ? 'no such image' : Object.keys(image.platforms).join(', '),
    fix: 'Run tagproof lock, and commit the lock.'
  })
}

async function readDocuments(
  digest: string,
  blob: (digest: string) => string
): Promise<Pick<Base, 'config' | 'layers'>> {
  const manifest = readManifest(await readFile(blob(digest)), digest)
  const configDigest = `sha256:${manifest.config.sha256}`
  const config = readConfig(await readFile(blob(configDigest)), manifest.layers.length, configDigest)
  return {
    config,
    layers: manifest.layers.map(({ sha256, size, compression }) => ({
      mediaType: ociTypes[compression],
      sha256,
      size,
      file: blob(`sha256:${sha256}`)
    }))
  }
}

/** The same bytes under OCI's names: a manifest does not mix them with Docker's. */
const ociTypes: Readonly<Record<LayerCompression, string>> = {
  none: 'application/vnd.oci.image.layer.v1.tar',
  gzip: mediaTypes.layerGzip,
  zstd: 'application/vnd.oci.image.layer.v1.tar+zstd'
}
const compressions = Object.fromEntries(
  Object.entries(ociTypes).map(([compression, type]) => [type, compression])
) as Readonly<Record<string, LayerCompression>>

async function readTree({ config, layers }: Pick<Base, 'config' | 'layers'>): Promise<LayerTree> {
  const tree = new LayerTree()
  for (const [index, { file, mediaType, sha256 }] of layers.entries()) {
    const packed = createReadStream(file, { highWaterMark: 1 << 18 }) as AsyncIterable<Buffer>
    const diffId = config.diffIds[index] ?? asSha256(sha256)
    const compression = compressions[mediaType] ?? 'none'
    const entries = readLayer(packed, { compression, diffId, tree, index })
    while ((await entries.next()).done !== true);
  }
  return tree
}

const mostLinks = 40

/** What `LayerTree.find` does, in a root that lies in a folder. */
async function findInFolder(folder: string, name: string): Promise<BaseFile | undefined> {
  const ahead = name.split('/').reverse()
  const behind: string[] = []
  for (let links = 0; ;) {
    const part = ahead.pop()
    const here = path.join(folder, ...behind)
    if (part === undefined) {
      const status = await lstat(here)
      const { mode, uid, gid } = status
      return {
        path: behind.join('/'),
        folder: status.isDirectory() ? { mode: mode & 0o7777, uid, gid } : null
      }
    }
    if (part === '' || part === '.') continue
    if (part === '..') {
      behind.pop()
      continue
    }
    const status = await lstat(path.join(here, part)).catch(() => undefined)
    if (status === undefined) return undefined
    if (!status.isSymbolicLink()) {
      behind.push(part)
      continue
    }
    links += 1
    if (links > mostLinks) return undefined
    const target = await readlink(path.join(here, part))
    if (target.startsWith('/')) behind.length = 0
    ahead.push(...target.split('/').reverse())
  }
}
