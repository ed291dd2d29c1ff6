import { createReadStream } from 'node:fs'
import { copyFile, lstat, mkdir, readdir, readlink, symlink, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { ImageLock } from '../../../src/documents/lock.ts'
import { readImageArchive } from '../../../src/formats/oci/archive.ts'
import { documentBlob, descriptorJson } from '../../../src/formats/oci/layout-writer.ts'
import { writeLayer, type LayerBlob, type LayerFile } from '../../../src/formats/oci/layer-writer.ts'
import { mediaTypes } from '../../../src/formats/oci/media-types.ts'
import { machinePlatform } from '../../../src/platform/registry/platform.ts'

export interface TestBase {
  lock: ImageLock
  blob: (digest: string) => string
}

/** Programs that a probe calls, what they are linked to, and the locale of world b. */
const paths = [
  ...['bin', 'dev', 'etc', 'proc', 'sys', 'tmp', 'lib', 'lib64'],
  ...words('sh cat date env head hostname id nproc mkdir rm touch grep sleep').map(
    (name) => `usr/bin/${name}`
  ),
  ...words('libc.so.6 libselinux.so.1 libpcre2-8.so.0'),
  ...words('usr/lib64/ld-linux-x86-64.so.2 usr/lib/ld-linux-aarch64.so.1'),
  ...['usr/lib/locale/et_EE.utf8']
]

function words(text: string): string[] {
  return text.split(' ')
}

/**
 * A base image of a few megabytes, from files of a root that is there anyway: a shell, a C library, a locale.
 *
 * @param more further programs by name, other files by their path, libraries by their file name
 * @param upper what lies in further layers
 */
export async function tinyBase(
  root: string,
  folder: string,
  more: readonly string[] = [],
  upper: readonly (readonly LayerFile[])[] = []
): Promise<TestBase> {
  const blobs = path.join(folder, 'blobs')
  await mkdir(blobs, { recursive: true })
  const sorted = await tinyFiles(root, more)
  const layers: LayerBlob[] = []
  for (const [at, entries] of [sorted, ...upper].entries())
    layers.push(await writeLayer(path.join(blobs, `layer-${at}`), entries, 1000))
  const [os = '', architecture = ''] = machinePlatform().split('/')
  const config = documentBlob({
    architecture,
    os,
    config: { Env: ['PATH=/usr/bin:/bin'], Cmd: ['/bin/sh'] },
    rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => `sha256:${diffId}`) },
    history: layers.map(() => ({ created_by: 'files of a root' }))
  })
  const manifest = documentBlob({
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    config: descriptorJson(mediaTypes.config, config),
    layers: layers.map((layer) => descriptorJson(layer.mediaType, layer))
  })
  for (const { sha256, bytes } of [config, manifest]) await writeFile(path.join(blobs, sha256), bytes)
  const described = (
    mediaType: string,
    blob: { sha256: string; size: number }
  ): ImageLock['platforms'][string]['config'] => ({
    mediaType,
    digest: `sha256:${blob.sha256}`,
    size: blob.size
  })
  return {
    lock: {
      digest: `sha256:${manifest.sha256}`,
      platforms: {
        [machinePlatform()]: {
          manifest: described(mediaTypes.manifest, manifest),
          config: described(mediaTypes.config, config),
          layers: layers.map((layer) => described(layer.mediaType, layer))
        }
      }
    },
    blob(digest) {
      const layer = layers.find(({ sha256 }) => digest === `sha256:${sha256}`)
      return layer?.file ?? path.join(blobs, digest.slice('sha256:'.length))
    }
  }
}

/** Writes a base image as a folder that `sources.layouts` names; it is not there before. */
export async function writeBaseLayout({ lock, blob }: TestBase, folder: string): Promise<void> {
  const blobs = path.join(folder, 'blobs/sha256')
  await mkdir(blobs, { recursive: true })
  const [platform] = Object.values(lock.platforms)
  if (platform === undefined) throw new Error('the base has no platform')
  for (const { digest } of [platform.manifest, platform.config, ...platform.layers])
    await copyFile(blob(digest), path.join(blobs, digest.slice('sha256:'.length)))
  await writeFile(path.join(folder, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}')
  await writeFile(
    path.join(folder, 'index.json'),
    JSON.stringify({ schemaVersion: 2, manifests: [platform.manifest] })
  )
}

async function tinyFiles(root: string, more: readonly string[]): Promise<LayerFile[]> {
  const files = new Map<string, LayerFile>()
  const named = more.map((name) => (/\/|\.so\./.test(name) ? name : `usr/bin/${name}`))
  for (const name of [...paths, ...named]) await take(root, name, files)
  return [...files.values()].sort((one, other) => (one.path < other.path ? -1 : 1))
}

/** The same files as a folder: a root of a few megabytes. */
export async function tinyFolder(root: string, folder: string): Promise<void> {
  await mkdir(folder)
  for (const { path: name, kind, mode, linkTarget } of await tinyFiles(root, [])) {
    const place = path.join(folder, name)
    if (kind === 'directory') await mkdir(place, { mode })
    else if (kind === 'symlink') await symlink(linkTarget ?? '', place)
    else await copyFile(path.join(root, name), place)
  }
}

/** What is there of a path, its links and the links' targets; libraries are looked for where Debian has them. */
async function take(root: string, written: string, files: Map<string, LayerFile>): Promise<void> {
  // bin, lib and lib64 are links into usr.
  const name = written.replace(/^(bin|lib|lib64)\//, 'usr/$1/')
  const places = name.includes('/') || !name.includes('.so') ? [name] : await libraryPaths(root, name)
  for (const place of places) {
    const status = await lstat(path.join(root, place)).catch(() => undefined)
    if (status === undefined) continue
    await takeParents(root, place, files)
    const common = { path: place, mode: status.mode & 0o7777, uid: 0, gid: 0, size: 0, linkTarget: null }
    if (status.isSymbolicLink()) {
      const target = await readlink(path.join(root, place))
      files.set(place, { ...common, kind: 'symlink', linkTarget: target })
      await take(
        root,
        path.posix.join(target.startsWith('/') ? '.' : path.posix.dirname(place), target).replace(/^\//, ''),
        files
      )
    } else if (status.isDirectory()) {
      files.set(place, { ...common, kind: 'directory' })
      if (place.startsWith('usr/lib/locale/'))
        for (const entry of await readdir(path.join(root, place)))
          await take(root, `${place}/${entry}`, files)
    } else if (status.isFile()) {
      const content = (): AsyncIterable<Buffer> => createReadStream(path.join(root, place))
      files.set(place, { ...common, kind: 'file', size: status.size, content })
    }
    return
  }
}

async function libraryPaths(root: string, name: string): Promise<string[]> {
  const folders = await readdir(path.join(root, 'usr/lib'))
  return folders
    .filter((folder) => folder.includes('-linux-gnu'))
    .map((folder) => `usr/lib/${folder}/${name}`)
}

async function takeParents(root: string, place: string, files: Map<string, LayerFile>): Promise<void> {
  const parent = path.posix.dirname(place)
  if (parent === '.' || files.has(parent)) return
  await take(root, parent, files)
}

/** Content of the members of an image whose path ends so, in order of the layers. */
export async function contentOf(file: string, ending: string): Promise<string[]> {
  const contents: string[] = []
  await readImageArchive(file, {
    observe: ({ path: name, size }) => {
      if (!name.endsWith(ending) || size > 1 << 20) return undefined
      const pieces: Buffer[] = []
      return {
        update: (piece) => void pieces.push(Buffer.from(piece)),
        end: () => void contents.push(Buffer.concat(pieces).toString('utf8'))
      }
    }
  })
  return contents
}
