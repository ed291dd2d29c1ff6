import { chmod, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { Sha256 } from '../../documents/identifiers.ts'
import type { RootLock } from '../../documents/lock.ts'
import { descriptorJson, documentBlob, layoutVersion } from '../../formats/oci/layout-writer.ts'
import { writeLayer, type LayerBlob, type LayerFile } from '../../formats/oci/layer-writer.ts'
import { mediaTypes } from '../../formats/oci/media-types.ts'
import type { Platform } from '../../formats/oci/descriptor.ts'
import type { TarEntry } from '../../formats/tar/reader.ts'
import type { Log } from '../../platform/log.ts'
import { readRoot } from '../../worlds/root-content.ts'
import type { PreparedRoot } from '../../worlds/root.ts'

export interface RootImageRequest {
  root: Pick<PreparedRoot, 'path' | 'hash'>
  rootLock: Pick<RootLock, 'architecture'>
  /** Folder that keeps the image from run to run. */
  cache: string
  log: Log
  signal?: AbortSignal
}

/** An image in a layout folder. */
export interface FolderImage {
  folder: string
  /** Of the manifest, `sha256:…`: the one entry of the index. */
  digest: string
}

/** Changes with what the image is made like: an image of another making is another one. */
const making = '2'
const defaultPath = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
const beingMade = new Map<string, Promise<FolderImage>>()

/**
 * `tagproof-root`: the root of a locked list of Debian packages as an image of one layer. It depends on the list alone,
 * not on the release, and is kept; entries have the times of their packages. The library that makes clocks late in
 * world b is left out.
 *
 * @throws TagproofError `sandbox-unavailable` where the root cannot be read; `cancelled`, `disk-full`
 */
export function rootImage(request: RootImageRequest): Promise<FolderImage> {
  const folder = keptImage(request.cache, request.root.hash)
  const made = beingMade.get(folder) ?? findOrMake(folder, request).finally(() => beingMade.delete(folder))
  beingMade.set(folder, made)
  return made
}

/** Whether an earlier run has left the image of a root in the cache. */
export async function hasRootImage(cache: string, hash: Sha256): Promise<boolean> {
  return (await digestOf(keptImage(cache, hash))) !== undefined
}

function keptImage(cache: string, hash: Sha256): string {
  return path.resolve(cache, 'images', `${hash}-${making}`)
}

async function findOrMake(folder: string, request: RootImageRequest): Promise<FolderImage> {
  const found = await digestOf(folder)
  if (found !== undefined) return { folder, digest: found }
  await mkdir(path.dirname(folder), { recursive: true })
  const progress = request.log.begin('image of the root')
  const part = await mkdtemp(`${folder}.part-`)
  try {
    await make(part, request)
    await chmod(part, 0o755)
    // Another run may have been quicker; both made the same.
    await rename(part, folder).catch(async (error: unknown) => {
      if ((await digestOf(folder)) === undefined) throw error
    })
    const digest = (await digestOf(folder)) ?? ''
    progress.done(digest.slice(0, 19))
    return { folder, digest }
  } catch (error) {
    progress.failed()
    throw error
  } finally {
    await rm(part, { recursive: true, force: true })
  }
}

async function digestOf(folder: string): Promise<string | undefined> {
  const text = await readFile(path.join(folder, 'index.json'), 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  return (JSON.parse(text) as { manifests: { digest: string }[] }).manifests[0]?.digest
}

async function make(folder: string, request: RootImageRequest): Promise<void> {
  const blobs = path.join(folder, 'blobs', 'sha256')
  await mkdir(blobs, { recursive: true })
  const layer = await layerOf(request, path.join(folder, 'layer'))
  await rename(layer.file, path.join(blobs, layer.sha256))
  const platform = platformOf(request.rootLock.architecture)
  const config = documentBlob({
    architecture: platform.architecture,
    os: platform.os,
    ...(platform.variant === '' ? {} : { variant: platform.variant }),
    config: { Env: [defaultPath], Cmd: ['/bin/sh'] },
    rootfs: { type: 'layers', diff_ids: [`sha256:${layer.diffId}`] },
    history: [{ created_by: `tagproof root ${request.root.hash}` }]
  })
  const manifest = documentBlob({
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    config: descriptorJson(mediaTypes.config, config),
    layers: [descriptorJson(layer.mediaType, layer)]
  })
  for (const { sha256, bytes } of [config, manifest]) await writeFile(path.join(blobs, sha256), bytes)
  const entry = descriptorJson(mediaTypes.manifest, manifest, platform)
  await writeFile(path.join(folder, 'oci-layout'), layoutVersion)
  await writeFile(
    path.join(folder, 'index.json'),
    JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.index, manifests: [entry] })
  )
}

/** What tar says of each file is written anew. */
function layerOf({ root, signal }: RootImageRequest, output: string): Promise<LayerBlob> {
  return readRoot(root.path, signal, (entries) => writeLayer(output, filesOf(entries), 0))
}

async function* filesOf(entries: AsyncIterable<TarEntry>): AsyncGenerator<LayerFile> {
  for await (const { path: name, kind, mode, uid, gid, mtime, size, linkTarget, content } of entries) {
    if (kind === 'device' || kind === 'fifo') continue
    const fields = { kind, mode, uid, gid, size, linkTarget, mtime: Math.floor(mtime) }
    yield { path: name, ...fields, content: () => content }
  }
}

const architectures: Readonly<Record<string, { architecture: string; variant: string }>> = {
  amd64: { architecture: 'amd64', variant: '' },
  arm64: { architecture: 'arm64', variant: '' },
  armhf: { architecture: 'arm', variant: 'v7' },
  i386: { architecture: '386', variant: '' },
  ppc64el: { architecture: 'ppc64le', variant: '' },
  riscv64: { architecture: 'riscv64', variant: '' },
  s390x: { architecture: 's390x', variant: '' }
}

/** The platform of images for an architecture of Debian. */
export function platformOf(debian: string): Platform {
  const known = Object.hasOwn(architectures, debian) ? architectures[debian] : undefined
  return { os: 'linux', architecture: debian, variant: '', ...known }
}
