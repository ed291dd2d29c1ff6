import { randomBytes } from 'node:crypto'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { build } from 'esbuild'
import { startRegistry, digestOf, type TestRegistry } from '../__tests__/real/support/registry.ts'
import { plainEnvironment } from '../src/platform/process.ts'
import { mediaTypes } from '../src/formats/oci/media-types.ts'
import { inTurn, timed, type Figure } from './measure.ts'
import { rounds } from './projects.ts'
import type { ImageBlob, PushedImage } from '../src/destinations/registry/image.ts'
import { tarMember, tarOf } from '../__tests__/unit/formats/forge.ts'

const layers = 12
const mebibytes = Number(process.env.TAGPROOF_BENCH_PUSH_MEBIBYTES ?? 500)

/**
 * An image of 500 MiB in 12 layers pushed to Debian's docker-registry, against `skopeo copy` from the same tar: with nothing
 * there, and again with all of it there. Both log in to nothing, hash everything, and end with the tag; ours reads nothing back
 * here, as skopeo does not. The network is the loopback: the figure is what the client adds, not what a network takes.
 */
export async function* registryPush(folder: string): AsyncIterable<Figure> {
  const room = path.join(folder, 'registry-push')
  await mkdir(room, { recursive: true })
  const image = await makeImage(room)
  const program = path.join(room, 'push.mjs')
  // As the program is given out: one bundle, whose types nobody has to take away when it starts.
  const entryPoints = [path.join(import.meta.dirname, 'registry-push-once.ts')]
  await build({ entryPoints, bundle: true, platform: 'node', format: 'esm', outfile: program })
  const bench = new RegistryPush(room, image, program)
  try {
    const { first, second } = await inTurn(
      rounds,
      () => bench.withNothingThere((registry) => bench.byTagproof(registry)),
      () => bench.withNothingThere((registry) => bench.bySkopeo(registry))
    )
    yield {
      name: `push of ${mebibytes} MiB in ${layers} layers, against skopeo copy`,
      value: first / second,
      goal: 1,
      detail: `${first.toFixed(2)} s against ${second.toFixed(2)} s`
    }
    yield {
      name: 'push with all there already, against skopeo copy with nothing there',
      value: bench.again / second,
      goal: 0.1,
      detail: `${bench.again.toFixed(2)} s, the start of the program in it; skopeo with all there ${bench.skopeoAgain.toFixed(2)} s`
    }
    yield {
      name: 'push, peak memory / 150 MiB',
      value: bench.peakMib / 150,
      goal: 1,
      detail: `${bench.peakMib.toFixed(0)} MiB`
    }
    yield {
      name: 'reading it all back by hash, against the push',
      value: bench.readBack / first,
      goal: null,
      detail: `${bench.readBack.toFixed(2)} s`
    }
  } finally {
    await rm(room, { recursive: true, force: true })
  }
}

class RegistryPush {
  peakMib = 0
  again = 0
  skopeoAgain = 0
  readBack = 0
  private readonly room: string
  private readonly image: PushedImage
  private readonly program: string

  constructor(room: string, image: PushedImage, program: string) {
    this.room = room
    this.image = image
    this.program = program
  }

  async withNothingThere(push: (registry: TestRegistry) => Promise<number>): Promise<number> {
    const registry = await startRegistry()
    try {
      return await push(registry)
    } finally {
      await registry.close()
    }
  }

  async byTagproof(registry: TestRegistry): Promise<number> {
    const first = await this.once(registry, 'push')
    this.again = (await this.once(registry, 'push')).seconds
    this.readBack = (await this.once(registry, 'read-back')).seconds
    this.peakMib = Math.max(this.peakMib, first.peakMib)
    return first.seconds
  }

  async bySkopeo({ host }: TestRegistry): Promise<number> {
    const copy = async (): Promise<number> => {
      const quiet = ['--insecure-policy', 'copy', '--quiet', '--preserve-digests', '--dest-tls-verify=false']
      const places = [`oci-archive:${this.image.file}`, `docker://${host}/bench/image:1.0`]
      const env = { ...plainEnvironment, HOME: this.room, TMPDIR: this.room }
      return (await timed('skopeo', [...quiet, ...places], { env })).seconds
    }
    const first = await copy()
    this.skopeoAgain = await copy()
    return first
  }

  private once(
    registry: TestRegistry,
    what: 'push' | 'read-back'
  ): Promise<{ seconds: number; peakMib: number }> {
    const request = JSON.stringify({ origin: `http://${registry.host}`, image: this.image, what })
    return timed(process.execPath, [this.program, request], { env: plainEnvironment })
  }
}

/** Layers that nobody can compress, which are what they say all the same: plain tars. */
async function makeImage(room: string): Promise<PushedImage> {
  const blobs: ImageBlob[] = []
  const members: Buffer[] = []
  let offset = 0
  const add = (role: ImageBlob['role'], mediaType: string, bytes: Buffer): ImageBlob => {
    const digest = digestOf(bytes)
    const member = tarMember(`blobs/sha256/${digest.slice(7)}`, bytes)
    const blob = { role, digest, mediaType, size: bytes.length, offset: offset + 512 }
    blobs.push(blob)
    members.push(member)
    offset += member.length
    return blob
  }
  const descriptor = ({ mediaType, digest, size }: ImageBlob): object => ({ mediaType, digest, size })
  const tarType = 'application/vnd.oci.image.layer.v1.tar'
  const each = Math.floor((mebibytes * 2 ** 20) / layers / 512) * 512
  for (let at = 0; at < layers; at += 1)
    add('layer', tarType, tarOf(tarMember(`noise-${at}`, randomBytes(each))))
  const all = [...blobs]
  const rootfs = { type: 'layers', diff_ids: all.map(({ digest }) => digest) }
  const config = add(
    'config',
    mediaTypes.config,
    Buffer.from(JSON.stringify({ os: 'linux', architecture: 'amd64', config: {}, rootfs }))
  )
  const manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    config: descriptor(config),
    layers: all.map(descriptor)
  }
  const root = add('manifest', mediaTypes.manifest, Buffer.from(JSON.stringify(manifest)))
  const index = JSON.stringify({ schemaVersion: 2, manifests: [descriptor(root)] })
  const file = path.join(room, 'image.oci.tar')
  const ends = [tarMember('oci-layout', '{"imageLayoutVersion":"1.0.0"}'), tarMember('index.json', index)]
  await writeFile(file, tarOf(...members, ...ends))
  const { digest, mediaType, size } = root
  return {
    image: { name: 'image.oci.tar', version: null, root: { digest, mediaType, size }, blobs },
    file,
    repository: 'bench/image',
    tags: ['1.0'],
    moving: []
  }
}
