import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import http, { type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { mediaTypes } from '../../../src/formats/oci/media-types.ts'
import { plainEnvironment } from '../../../src/platform/process.ts'
import { portOf } from './port-of.ts'

export interface TestRegistry {
  /** Host and port. */
  host: string
  /** Where its files lie. */
  folder: string
  close(): Promise<void>
}

/** The user `herald` with the password `secret`, as bcrypt. */
const passwords = 'herald:$2y$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a\n'

/** Debian's docker-registry on the loopback, with its files in a folder that goes with it. */
export async function startRegistry({ login = false } = {}): Promise<TestRegistry> {
  const folder = await mkdtemp(path.join(tmpdir(), 'tagproof-registry-'))
  const auth = login ? `auth: { htpasswd: { realm: tests, path: ${folder}/htpasswd } }\n` : ''
  await writeFile(path.join(folder, 'htpasswd'), passwords)
  await writeFile(
    path.join(folder, 'config.yml'),
    `version: 0.1\nlog: { level: info }\nstorage: { filesystem: { rootdirectory: ${folder}/data } }\nhttp: { addr: '127.0.0.1:0' }\n${auth}`
  )
  const child = spawn('docker-registry', ['serve', path.join(folder, 'config.yml')], {
    env: plainEnvironment,
    stdio: ['ignore', 'pipe', 'pipe']
  })
  const ended = new Promise((resolve) => child.once('close', resolve))
  const port = await portOf(child, /listening on 127\.0\.0\.1:(\d+)/)
  return {
    host: `127.0.0.1:${port}`,
    folder: path.join(folder, 'data'),
    async close() {
      child.kill()
      await ended
      await rm(folder, { recursive: true, force: true })
    }
  }
}

/** An image by hand: documents and blobs by digest. */
export interface TestImage {
  blobs: Map<string, Buffer>
  /** Media types of manifests and index. */
  types: Map<string, string>
  /** Digest of the index. */
  index: string
  manifests: Record<string, string>
  layers: Record<string, string>
}

export interface ImageRecipe {
  platforms?: readonly string[]
  onBuild?: readonly string[]
  /** What the index says of each platform, where it lies. */
  saysPlatform?: string
  layerType?: string
  labels?: Readonly<Record<string, string>>
  entrypoint?: readonly string[]
  /** What the layer holds, a tar; by default nothing that can be read. */
  layer?: (platform: string) => Buffer
}

export function digestOf(bytes: Buffer | string): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`
}

/** Images of one small layer for each platform. */
export function makeImage(name: string, recipe: ImageRecipe = {}): TestImage {
  const blobs = new Map<string, Buffer>()
  const types = new Map<string, string>()
  const keep = (bytes: Buffer, mediaType: string): { mediaType: string; digest: string; size: number } => {
    const digest = digestOf(bytes)
    blobs.set(digest, bytes)
    return { mediaType, digest, size: bytes.length }
  }
  const json = (value: object): Buffer => Buffer.from(JSON.stringify(value))
  const manifests: Record<string, string> = {}
  const layers: Record<string, string> = {}
  const entries = (recipe.platforms ?? ['linux/amd64', 'linux/arm64']).map((platform) => {
    const tar = recipe.layer?.(platform) ?? Buffer.alloc(10_240 + name.length * 512)
    if (recipe.layer === undefined) tar.write(`${name} ${platform}`)
    const layer = keep(gzipSync(tar), recipe.layerType ?? mediaTypes.layerGzip)
    const [os, architecture, variant] = platform.split('/')
    const config = keep(
      json({
        os,
        architecture,
        ...(variant === undefined ? {} : { variant }),
        config: {
          ...(recipe.onBuild === undefined ? {} : { OnBuild: recipe.onBuild }),
          ...(recipe.labels === undefined ? {} : { Labels: recipe.labels }),
          ...(recipe.entrypoint === undefined ? {} : { Entrypoint: recipe.entrypoint })
        },
        rootfs: { type: 'layers', diff_ids: [digestOf(tar)] },
        history: [{ created_by: 'by hand' }]
      }),
      mediaTypes.config
    )
    const bytes = json({ schemaVersion: 2, mediaType: mediaTypes.manifest, config, layers: [layer] })
    const manifest = keep(bytes, mediaTypes.manifest)
    types.set(manifest.digest, mediaTypes.manifest)
    manifests[platform] = manifest.digest
    layers[platform] = layer.digest
    const [sayOs, sayArchitecture] = (recipe.saysPlatform ?? platform).split('/')
    return { ...manifest, platform: { os: sayOs, architecture: sayArchitecture } }
  })
  const index = keep(
    json({ schemaVersion: 2, mediaType: mediaTypes.index, manifests: entries }),
    mediaTypes.index
  )
  types.set(index.digest, mediaTypes.index)
  return { blobs, types, index: index.digest, manifests, layers }
}

/** Writes images as one OCI layout, each under a name. */
export async function writeTestLayout(folder: string, images: Record<string, TestImage>): Promise<void> {
  await mkdir(path.join(folder, 'blobs/sha256'), { recursive: true })
  await writeFile(path.join(folder, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}')
  const manifests = []
  for (const [name, image] of Object.entries(images)) {
    for (const [digest, bytes] of image.blobs)
      await writeFile(path.join(folder, 'blobs/sha256', digest.slice(7)), bytes)
    manifests.push({
      mediaType: mediaTypes.index,
      digest: image.index,
      size: image.blobs.get(image.index)?.length ?? 0,
      annotations: { 'org.opencontainers.image.ref.name': name }
    })
  }
  await writeFile(path.join(folder, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests }))
}

type Answer = (request: IncomingMessage, response: ServerResponse, url: URL) => boolean

/** A registry of few lines that follows the protocol, whose `before` may do otherwise; it records what it was asked. */
export async function startFake(
  image: TestImage,
  before: Answer = () => false
): Promise<Omit<TestRegistry, 'folder'> & { asked: { url: string; authorization: string | undefined }[] }> {
  const asked: { url: string; authorization: string | undefined }[] = []
  const server = http.createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://127.0.0.1')
    asked.push({ url: url.pathname, authorization: request.headers.authorization })
    if (before(request, response, url)) return
    const name = url.pathname.split('/').at(-1) ?? ''
    const digest = name === 'latest' || name === '1' ? image.index : name
    const bytes = image.blobs.get(digest)
    if (bytes === undefined) {
      response.writeHead(404, { 'content-type': 'application/json' }).end('{"errors":[]}')
      return
    }
    response.writeHead(200, {
      'content-type': image.types.get(digest) ?? 'application/octet-stream',
      'content-length': bytes.length
    })
    response.end(request.method === 'HEAD' ? undefined : bytes)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      })
  }
}
