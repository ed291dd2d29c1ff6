import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import type { World } from '../../../src/documents/identifiers.ts'
import { objectId, sha256 } from '../../../src/documents/identifiers.ts'
import type { ImageLock } from '../../../src/documents/lock.ts'
import { assembleField } from '../../../src/documents/target-settings.ts'
import { silentLog } from '../../../src/platform/log.ts'
import { assembleImage, type AssembleRequest } from '../../../src/targets/image/assemble.ts'
import { configType, digestOf, layerType, manifestType } from '../../unit/formats/forge-image.ts'
import { tarFolder, tarLink, tarMember, tarOf } from '../../unit/formats/forge.ts'
import { exportOf, testLimits } from './world.ts'

/** What a base of the tests holds: Python as Debian has it, and a folder with a mode of its own. */
export const baseLayer = tarOf(
  tarFolder('usr'),
  tarFolder('usr/bin'),
  tarFolder('usr/lib'),
  tarMember('usr/bin/python3.11', '#!/bin/sh\n', { 100: '0000755' }),
  tarLink('usr/bin/python3', 'python3.11'),
  tarLink('lib', 'usr/lib'),
  tarMember('opt/', '', { 100: '0000711', 156: '5' })
)

export interface Assembling {
  folder: string
  request(world: World, more?: Partial<AssembleRequest>, settings?: object): AssembleRequest
  remove(): Promise<void>
}

/** Requests for images on a base of the tests, with what they need in a folder of their own. */
export async function assembling(base: Buffer = baseLayer): Promise<Assembling> {
  const folder = await mkdtemp(path.join(tmpdir(), 'tagproof-assemble-'))
  const blobs = path.join(folder, 'blobs')
  await mkdir(blobs)
  const lock = await lockedBase(blobs, base, ['amd64', 'arm64'])
  const exports: Record<World, string> = { a: 'original\n', b: 'noise\n' }
  for (const [world, text] of Object.entries(exports))
    await writeFile(
      path.join(folder, `export-${world}.tar`),
      exportOf([
        ['conf/app.conf', 'key = value\n'],
        ['conf/image.bin', text],
        ['run.sh', '#!/bin/sh\n']
      ])
    )
  return {
    folder,
    request: (world, more = {}, settings = {}) => ({
      target: {
        kind: 'image',
        name: 'image',
        path: '.',
        root: 'image',
        image: {
          mode: 'assemble',
          repository: 'acme/herald',
          platforms: ['linux/amd64'],
          assemble: assembleField.parse({ base: 'base:1', ...settings })
        }
      },
      world,
      tag: {
        name: 'v1.0',
        object: objectId('1'.repeat(40)),
        kind: 'annotated',
        commit: objectId('2'.repeat(40)),
        tree: objectId('3'.repeat(40)),
        epoch: 1_700_000_000
      },
      version: '1.0',
      exportTar: path.join(folder, `export-${world}.tar`),
      root: { path: path.join(folder, 'no-root'), hash: sha256('0'.repeat(64)), python: null },
      rootLock: {
        suite: 'x',
        architecture: 'amd64',
        components: ['main'],
        indexes: [],
        requested: [],
        packages: []
      },
      limits: testLimits,
      folder: path.join(folder, `build-${world}`, 'image'),
      scrambled: 1,
      off: [],
      log: silentLog,
      wheel: null,
      locked: null,
      // As in the store: the name of a file is its hash.
      file: (entry) => path.join(folder, entry.sha256),
      images: { 'base:1': lock },
      blob: (digest) => path.join(blobs, digest.replace('sha256:', '')),
      debian: () => '',
      cache: path.join(folder, 'cache'),
      clockLibrary: null,
      ...more
    }),
    remove: () => rm(folder, { recursive: true, force: true })
  }
}

async function lockedBase(
  blobs: string,
  layer: Buffer,
  architectures: readonly string[]
): Promise<ImageLock> {
  const place = async (
    mediaType: string,
    bytes: Buffer
  ): Promise<ImageLock['platforms'][string]['config']> => {
    await writeFile(path.join(blobs, createHash('sha256').update(bytes).digest('hex')), bytes)
    return { mediaType, digest: digestOf(bytes), size: bytes.length }
  }
  const packed = await place(layerType, gzipSync(layer))
  const platforms: ImageLock['platforms'] = {}
  for (const architecture of architectures) {
    const config = await place(
      configType,
      Buffer.from(
        JSON.stringify({
          architecture,
          os: 'linux',
          config: {
            Env: ['PATH=/usr/bin', 'LANG=C.UTF-8'],
            Cmd: ['python3'],
            Labels: { 'org.opencontainers.image.version': '12', keep: 'me' }
          },
          rootfs: { type: 'layers', diff_ids: [digestOf(layer)] }
        })
      )
    )
    const manifest = Buffer.from(
      JSON.stringify({ schemaVersion: 2, mediaType: manifestType, config, layers: [packed] })
    )
    platforms[`linux/${architecture}`] = {
      manifest: await place(manifestType, manifest),
      config,
      layers: [packed]
    }
  }
  return { digest: platforms['linux/amd64']?.manifest.digest ?? '', platforms }
}

export async function assembled(
  request: AssembleRequest
): Promise<{ file: string; built: Awaited<ReturnType<typeof assembleImage>> }> {
  const built = await assembleImage(request)
  return { file: path.join(request.folder, built.artifacts[0]?.name ?? ''), built }
}
