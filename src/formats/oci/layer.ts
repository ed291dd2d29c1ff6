import { createHash } from 'node:crypto'
import type { Sha256 } from '../../documents/identifiers.ts'
import { readGzip } from '../gzip.ts'
import { hashed } from '../hashed.ts'
import { invalidArchive } from '../invalid.ts'
import { readTar, type TarEntry } from '../tar/reader.ts'
import { readZstd } from '../zstd.ts'
import type { LayerTree } from './layer-tree.ts'
import type { LayerCompression } from './media-types.ts'

export interface LayerRules {
  compression: LayerCompression
  /** What the configuration says of the uncompressed tar. */
  diffId: Sha256
  /** The layers below; this one is added. */
  tree: LayerTree
  /** Position of the layer, from 0, for messages. */
  index: number
  /** Told what belongs to no entry: the gzip header, and how many zeros end the tar. */
  onContainer?: (name: string, value: string | number) => void
}

/** The kernel's own marks on the upper folder of an overlay: they would change how layers are put together. */
const overlayAttribute = /^SCHILY\.xattr\.(trusted|user)\.overlay\./

/**
 * Reads a layer strictly: compression and tar as their readers demand, devices and pipes among the kinds, whiteouts and
 * all names by {@link LayerTree}, and the hash of the whole equal to its diff id.
 *
 * @param packed bytes of the blob
 * @throws TagproofError `archive-invalid`
 */
export async function* readLayer(
  packed: AsyncIterable<Buffer>,
  { compression, diffId, tree, index, onContainer }: LayerRules
): AsyncGenerator<TarEntry, void, void> {
  const hash = createHash('sha256')
  const unpacked = hashed(unpackLayer(packed, compression, onContainer), hash)
  tree.nextLayer()
  const onEnd = (zeros: number): void => onContainer?.('tarEndZeros', zeros)
  for await (const entry of readTar(unpacked, { twins: 'accept', specials: 'accept', onEnd })) {
    const problem = entryProblem(entry) ?? tree.add(entry)
    if (problem !== undefined)
      throw invalidArchive(
        { format: 'image', entry: entry.index, offset: entry.offset, path: `layers/${index}/${entry.path}` },
        problem
      )
    yield entry
  }
  const found = hash.digest('hex')
  if (found !== diffId)
    throw invalidArchive({ format: 'image', path: `layers/${index}` }, 'the layer has another diff id', {
      found,
      expected: diffId
    })
}

function entryProblem({ path, size, device, attributes, headers }: TarEntry): string | undefined {
  if (hasGlobalHeader(headers)) return 'a global pax header stands before the entry, which some tools refuse'
  const name = path.slice(path.lastIndexOf('/') + 1)
  if (name.startsWith('.wh.') && size !== 0) return 'a whiteout has content'
  if (device?.type === 'character' && device.major === 0 && device.minor === 0)
    return 'the device 0:0 is a whiteout to some tools alone'
  const attribute = [...attributes.keys()].find((key) => overlayAttribute.test(key))
  if (attribute !== undefined) return `the attribute ${JSON.stringify(attribute)} belongs to a file system`
  return undefined
}

/** Extension headers come before the entry's own block, each with its data. */
function hasGlobalHeader(headers: Buffer): boolean {
  for (let at = 0; at + 512 < headers.length;) {
    if (headers[at + 156] === 0x67) return true
    const size = parseInt(headers.toString('latin1', at + 124, at + 136), 8)
    at += 512 + Math.ceil((Number.isNaN(size) ? 0 : size) / 512) * 512
  }
  return false
}

/** The tar of a layer. @throws TagproofError `archive-invalid` */
export function unpackLayer(
  packed: AsyncIterable<Buffer>,
  compression: LayerCompression,
  onContainer?: LayerRules['onContainer']
): AsyncIterable<Buffer> {
  switch (compression) {
    case 'none':
      return packed
    case 'gzip':
      return readGzip(packed, {
        onHeader: ({ flags, mtime, extraFlags, operatingSystem, name }) => {
          const header = { flags, mtime, extraFlags, operatingSystem, name }
          for (const [key, value] of Object.entries(header)) onContainer?.(`gzip ${key}`, value)
        }
      })
    case 'zstd':
      return readZstd(packed, {
        onEnd: (facts) => {
          for (const [key, value] of Object.entries(facts)) onContainer?.(`zstd ${key}`, Number(value))
        }
      })
  }
}
