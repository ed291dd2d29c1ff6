import { openImage, type Image, type PlatformImage } from '../../formats/oci/image.ts'
import { platformPrefix } from '../../formats/oci/archive.ts'
import { platformName } from '../../formats/oci/descriptor.ts'
import { unpackLayer } from '../../formats/oci/layer.ts'
import type { Replace } from '../../formats/replacement.ts'
import { sha256OfBytes } from '../../platform/files.ts'
import { compareMembers } from '../compare.ts'
import { replaceWithOriginals, withOriginals } from '../putback.ts'
import { tarDigestWithOriginals } from '../tar-originals.ts'
import type { BothWorlds, Following } from './kind.ts'

/** Opens both worlds' image. @throws TagproofError `archive-invalid` */
export async function withOpenImages<T>(
  { a, b }: Pick<BothWorlds, 'a' | 'b'>,
  use: (a: Image, b: Image) => Promise<T>
): Promise<T> {
  const one = await openImage(a)
  try {
    const other = await openImage(b)
    try {
      return await use(one, other)
    } finally {
      await other.layout.close()
    }
  } finally {
    await one.layout.close()
  }
}

/**
 * What follows from the members of layers: world b's tar of each layer is written with the originals in it, and where it
 * is world a's, bit for bit, its hash counts as that one's. Then `config.json` is world a's if its text is with those
 * hashes, and `manifest.json` if it differs in nothing but digests and sizes of such layers and of such a configuration.
 */
export async function followLayers(both: Following): Promise<void> {
  const { archives } = both
  // One object: the files are the same bytes.
  if (archives.a === archives.b) return
  await withOpenImages(both, async (a, b) => {
    const restored = withOriginals(archives.b.members, both.putBacks)
    const differing = compareMembers(archives.a.members, restored, 'image').map(({ member }) => member)
    for (const [at, platform] of a.platforms.entries()) {
      const twin = b.platforms[at]
      if (twin === undefined || platformName(platform.platform) !== platformName(twin.platform)) continue
      await followPlatform(both, {
        a: platform,
        b: twin,
        image: b,
        prefix: platformPrefix(a, platform),
        differing
      })
    }
  })
}

interface Pair {
  a: PlatformImage
  b: PlatformImage
  /** World b's, where its layers are read. */
  image: Image
  /** Of the platform's members. */
  prefix: string
  /** Members that differ, originals put back. */
  differing: readonly string[]
}

async function followPlatform(both: Following, pair: Pair): Promise<void> {
  const { a, b, prefix } = pair
  const { putBacks, digests } = both
  const same: boolean[] = []
  for (const index of a.layers.keys()) same.push(await isSameLayer(both, pair, index))
  const [one, other] = [a.configBytes.toString('utf8'), b.configBytes.toString('utf8')]
  const sameConfig = one === other || (await digests.restored(other)).includes(one)
  if (sameConfig && one !== other) {
    putBacks.set(`${prefix}config.json`, derived(a.configBytes))
    digests.learn(a.configBytes, b.configBytes)
  }
  if (a.manifest.sha256 !== b.manifest.sha256 && isSameManifest(pair, same, sameConfig))
    putBacks.set(`${prefix}manifest.json`, derived(a.manifestBytes))
}

function derived(bytes: Buffer): {
  kind: 'derived'
  bytes: Buffer
  sha256: ReturnType<typeof sha256OfBytes>
} {
  return { kind: 'derived', bytes, sha256: sha256OfBytes(bytes) }
}

/** Whether the tar of a layer is the same in both worlds, and how that is known to {@link Following}. */
async function isSameLayer(
  both: Following,
  { a, b, image, prefix, differing }: Pair,
  index: number
): Promise<boolean> {
  const [one, other] = [a.configuration.diffIds[index], b.configuration.diffIds[index]]
  const layer = b.layers[index]
  if (one === undefined || other === undefined || layer === undefined) return false
  if (one === other) return true
  const inside = `${prefix}layers/${index}/`
  const isOf = (member: string): boolean => member.startsWith(inside)
  if (differing.some(isOf) || ![...both.putBacks.keys()].some(isOf)) return false
  const originals = replaceWithOriginals(both.putBacks, both.original)
  const replace: Replace = ({ path, size }) => originals({ path: `${inside}${path}`, size })
  const tar = unpackLayer(image.layout.content(layer), layer.compression)
  const found = await tarDigestWithOriginals(tar, { replace, twins: 'accept', specials: 'accept' })
  if (found !== one) return false
  both.digests.learnSha256(one, other)
  return true
}

interface ManifestJson {
  config: object
  layers: object[]
}

/** Keys, their order and all values are compared, but for what same layers and a same configuration are called. */
function isSameManifest({ a, b }: Pair, same: readonly boolean[], sameConfig: boolean): boolean {
  const [one, other] = [a, b].map(
    ({ manifestBytes }) => JSON.parse(manifestBytes.toString('utf8')) as ManifestJson
  )
  if (one === undefined || other === undefined) return false
  const plain = (descriptor: object, is: boolean | undefined): object =>
    is === true ? { ...descriptor, digest: '', size: 0 } : descriptor
  const form = (manifest: ManifestJson): string =>
    JSON.stringify({
      ...manifest,
      config: plain(manifest.config, sameConfig),
      layers: manifest.layers.map((layer, index) => plain(layer, same[index]))
    })
  return form(one) === form(other)
}
