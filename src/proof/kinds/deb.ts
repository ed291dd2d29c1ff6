import { createHash } from 'node:crypto'
import type { Archive } from '../../formats/archive.ts'
import { debTarRules } from '../../formats/deb.ts'
import { hashed } from '../../formats/hashed.ts'
import type { Replace } from '../../formats/replacement.ts'
import { readTar } from '../../formats/tar/reader.ts'
import { packingDifferences } from '../compare.ts'
import { sameBytes } from '../pair.ts'
import { replaceWithOriginals, type PutBacks } from '../putback.ts'
import { tarDigestWithOriginals, type TarEnd } from '../tar-originals.ts'
import { contentsByReading } from './contents.ts'
import { debStreams } from './deb-streams.ts'
import { isPackedAlike } from './deb-packing.ts'
import type { PackageKind, Shipment, ShipRequest } from './kind.ts'
import { containerFinding, packedAgain, packedByA, shipAsBuilt, type ContainerTold } from './shipping.ts'

/**
 * A deb is never packed again: `.buildinfo` and `.changes` name it by hash, and what dpkg-deb made is what is shipped.
 * Where no original is put back, both files must be the same bytes. Otherwise control.tar and data.tar of world b, with
 * the originals in them, must be world a's bit for bit, all that holds them must be the same but for compressed bytes and
 * their number, and dpkg-deb of the locked root must make world a's file of them.
 */
export const debKind: PackageKind = {
  contents: (file, wanted, most) => contentsByReading('deb', file, wanted, most),
  async ship(request) {
    const { archives, putBacks, name } = request
    if (await sameBytes(request.a, request.b)) return shipAsBuilt(request)
    const container = packingDifferences(
      unchanged(archives.a, putBacks),
      unchanged(archives.b, putBacks),
      putBacks,
      null
    ).filter((field) => putBacks.size === 0 || !ends.test(field))
    const streams = container.length > 0 ? [] : await differingStreams(request)
    const differing = [...container, ...streams]
    const refused = (fields: readonly string[], why = causeOf(fields)): Shipment => ({
      shipped: null,
      findings: [containerFinding(name, fields, why)]
    })
    if (differing.length > 0) return refused(differing)
    if (putBacks.size === 0) return refused(['compressed bytes'])
    if (request.repack === undefined) return shipAsBuilt(request, [packedByA(name)])
    const [a, b] = [
      { file: request.a, archive: archives.a },
      { file: request.b, archive: archives.b }
    ]
    return (await isPackedAlike(a, b, request.repack))
      ? shipAsBuilt(request, [packedAgain(name)])
      : refused(['compressed bytes'], packedOtherwise)
  }
}

/** What follows from the sizes of what is put back, and is no choice of a packer; zeros at the end are compared later. */
const ends = /^(control|data)Tar(Zeros|XzBlocks|ZstdFrames|ZstdWindow)$/

/** Without members that are put back, whose headers the comparison of the archives sees. */
function unchanged(archive: Archive, putBacks: PutBacks): Archive {
  return { ...archive, members: archive.members.filter(({ path }) => !putBacks.has(path)) }
}

/** Names of the tar archives in which the worlds part, originals put back. */
async function differingStreams({ a, b, putBacks, original }: ShipRequest): Promise<string[]> {
  const ofA = new Map<string, { sha256: string; end: TarEnd }>()
  for await (const { name, tar } of debStreams(a)) ofA.set(name, await digestOf(tar))
  const originals = replaceWithOriginals(putBacks, original)
  const differing: string[] = []
  for await (const { name, tar } of debStreams(b)) {
    const one = ofA.get(name)
    const replace = replaceIn(name, originals)
    const found = await tarDigestWithOriginals(tar, {
      ...debTarRules,
      replace,
      ...(one === undefined ? {} : { end: one.end })
    })
    if (found !== one?.sha256) differing.push(`${name}.tar`)
  }
  return differing
}

/** Members of control.tar are known as `DEBIAN/NAME`. */
function replaceIn(name: 'control' | 'data', replace: Replace): Replace {
  return ({ path, size }) => replace({ path: name === 'control' ? `DEBIAN/${path}` : path, size })
}

async function digestOf(tar: AsyncIterable<Buffer>): Promise<{ sha256: string; end: TarEnd }> {
  const hash = createHash('sha256')
  const end = { size: 0, zeros: 0 }
  const counted = {
    update(piece: Uint8Array) {
      hash.update(piece)
      end.size += piece.length
    }
  }
  const entries = readTar(hashed(tar, counted), { ...debTarRules, onEnd: (zeros) => (end.zeros = zeros) })
  while ((await entries.next()).done !== true);
  return { sha256: hash.digest('hex'), end }
}

function causeOf(fields: readonly string[]): ContainerTold {
  return told.find(({ fits }) => fields.some((field) => fits.test(field))) ?? unknown
}

const told: readonly (ContainerTold & { fits: RegExp })[] = [
  {
    fits: /^order$/,
    cause: 'The files stand in another order: a folder was listed in the order of the file system.',
    fix: 'Let dpkg-deb pack the folder; if something else does, sort the names (LC_ALL=C sort).'
  },
  {
    fits: /compress|Xz|Zstd/i,
    cause:
      'The compressor made other bytes of the same content: another number of threads, level or version.',
    fix: 'Build with xz (`dh_builddeb -- -Zxz`): what zstd makes follows the number of threads.'
  },
  {
    fits: /time|mtime/i,
    cause: 'The members of the package file bear the time of the build.',
    fix: 'Let dpkg-deb see SOURCE_DATE_EPOCH.'
  }
]

const packedOtherwise: ContainerTold = {
  cause:
    'dpkg-deb of the locked root makes another file of the same tar archives: something else compressed them, in world a at least, and what it chose could carry data.',
  fix: 'Let dpkg-deb of the root pack the package (dh_builddeb), with the same level and strategy whatever is in it.'
}

const unknown: ContainerTold = {
  cause: 'Something else than dpkg-deb packed it, or packed it in another way.',
  fix: 'Let dpkg-deb pack the package, with the same options in every build.'
}
