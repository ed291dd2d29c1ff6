import { createHash } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { ImageBlob, PushedImage } from '../../../../src/destinations/registry/image.ts'
import { tarMember, tarOf } from '../../../unit/formats/forge.ts'
import { makeImage, type ImageRecipe, type TestImage } from '../registry.ts'

/** A folder with images of a few kilobytes, each in a repository of its own, and what prove would have written of them. */
export interface TinyImages {
  project: string
  version: string
  folder: string
  images: readonly PushedImage[]
  /** In their order; `sha256` is the digest of the index. */
  files: readonly { name: string; sha256: string }[]
  /** Tars by file name. */
  bytes: ReadonlyMap<string, Buffer>
  /** Blobs by the SHA-256 of the tar. */
  inside: ReadonlyMap<string, TestImage>
  remove: () => Promise<void>
}

export interface TinyImageOptions extends ImageRecipe {
  project?: string
  version?: string
  /** Null for images that say none. */
  label?: string | null
  /** Differs from release to release where the bytes shall. */
  text?: string
  repositories?: readonly string[]
  /** Bytes that no compression makes smaller, in each layer. */
  noise?: number
  moving?: readonly string[]
}

/** Every image that was made, by the SHA-256 of its tar: whoever puts one somewhere has only its bytes. */
const made = new Map<string, TestImage>()

export function imageInside(tar: Buffer): TestImage {
  const image = made.get(sha256(tar))
  if (image === undefined) throw new Error('no image of these tests')
  return image
}

export async function makeTinyImages(options: TinyImageOptions = {}): Promise<TinyImages> {
  const {
    project = 'tiny-demo',
    version = '1.0',
    text = 'first',
    repositories = ['base', 'web', 'worker']
  } = options
  const { label = version, noise = 0 } = options
  const folder = await mkdtemp(path.join(tmpdir(), 'tagproof-images-'))
  const series = version.split('.').slice(0, 2).join('.')
  const images: PushedImage[] = []
  const bytes = new Map<string, Buffer>()
  const inside = new Map<string, TestImage>()
  for (const repository of repositories) {
    const name = `${repository}-${version}.oci.tar`
    const image = makeImage(`${project} ${repository} ${text}`, {
      platforms: ['linux/amd64'],
      ...(label === null ? {} : { labels: { 'org.opencontainers.image.version': label } }),
      layer: (platform) =>
        tarOf(
          tarMember(
            `${repository}.txt`,
            `${project} ${repository} ${platform} ${text} ${noiseOf(noise, repository + platform + text)}`
          )
        ),
      ...options
    })
    const { tar, blobs } = layoutTar(image)
    const file = path.join(folder, name)
    await writeFile(file, tar)
    bytes.set(name, tar)
    inside.set(sha256(tar), image)
    made.set(sha256(tar), image)
    const size = image.blobs.get(image.index)?.length ?? 0
    const root = { digest: image.index, mediaType: image.types.get(image.index) ?? '', size }
    const moving = (options.moving ?? ['latest', 'series-{series}']).map((template) => ({
      template,
      tag: template.replace('{series}', series)
    }))
    images.push({
      image: { name, version: label, root, blobs },
      file,
      repository: `${project}/${repository}`,
      tags: [version],
      moving
    })
  }
  return {
    project,
    version,
    folder,
    images,
    files: images.map(({ image: { name, root } }) => ({ name, sha256: root.digest.slice(7) })),
    bytes,
    inside,
    remove: () => rm(folder, { recursive: true, force: true })
  }
}

/** A tar of the layout, and where each blob lies in it. */
function layoutTar(image: TestImage): { tar: Buffer; blobs: ImageBlob[] } {
  const root = {
    mediaType: image.types.get(image.index),
    digest: image.index,
    size: image.blobs.get(image.index)?.length
  }
  const members = [
    tarMember('oci-layout', '{"imageLayoutVersion":"1.0.0"}'),
    tarMember('index.json', JSON.stringify({ schemaVersion: 2, manifests: [root] }))
  ]
  const blobs: ImageBlob[] = []
  let offset = members.reduce((sum, member) => sum + member.length, 0)
  const roles = rolesOf(image)
  for (const [digest, content] of image.blobs) {
    const member = tarMember(`blobs/sha256/${digest.slice(7)}`, content)
    const { role, mediaType } = roles.get(digest) ?? { role: 'layer', mediaType: '' }
    blobs.push({ role, digest, mediaType, size: content.length, offset: offset + 512 })
    offset += member.length
    members.push(member)
  }
  const order = ['layer', 'config', 'manifest', 'index']
  blobs.sort((one, other) => order.indexOf(one.role) - order.indexOf(other.role))
  return { tar: tarOf(...members), blobs }
}

function rolesOf(image: TestImage): Map<string, Pick<ImageBlob, 'role' | 'mediaType'>> {
  const roles = new Map<string, Pick<ImageBlob, 'role' | 'mediaType'>>()
  roles.set(image.index, { role: 'index', mediaType: image.types.get(image.index) ?? '' })
  for (const digest of Object.values(image.manifests)) {
    const text = image.blobs.get(digest)?.toString() ?? ''
    const { config, layers } = JSON.parse(text) as Record<'config', Descriptor> & { layers: Descriptor[] }
    roles.set(digest, { role: 'manifest', mediaType: image.types.get(digest) ?? '' })
    roles.set(config.digest, { role: 'config', mediaType: config.mediaType })
    for (const layer of layers) roles.set(layer.digest, { role: 'layer', mediaType: layer.mediaType })
  }
  return roles
}

interface Descriptor {
  digest: string
  mediaType: string
}

/** The same for the same seed. */
function noiseOf(size: number, seed: string): string {
  let noise = ''
  for (let turn = 0; noise.length < size; turn += 1) noise += sha256(Buffer.from(`${seed} ${turn}`))
  return noise.slice(0, size)
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}
