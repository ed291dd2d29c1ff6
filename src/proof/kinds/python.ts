import { rm } from 'node:fs/promises'
import type { Sha256 } from '../../documents/identifiers.ts'
import { readArchive, type ArchiveKind } from '../../formats/archive.ts'
import { canonicalWheel, canonicalWheelDigest } from '../../formats/canonical-wheel.ts'
import { canonicalSdist, canonicalSdistDigest, readSdist } from '../../formats/sdist.ts'
import { openWheel, wheelText } from '../../formats/wheel.ts'
import { openZip } from '../../formats/zip/reader.ts'
import { hashFile } from '../../platform/files.ts'
import { packingDifferences } from '../compare.ts'
import { sameBytes } from '../pair.ts'
import { recordWithOriginals, replaceWithOriginals } from '../putback.ts'
import { head } from './contents.ts'
import type { PackageKind, ShipRequest, Shipment } from './kind.ts'
import { packingFinding, repackedNote, shipAsBuilt } from './shipping.ts'

/** How an sdist or wheel is packed again: of world a it is written, of world b what is packed is hashed. */
interface Canonical {
  kind: ArchiveKind
  /** RECORD of both worlds, b's with originals; null where there is no such file. */
  records(request: ShipRequest): Promise<{ a: string; b: string } | null>
  write(request: ShipRequest): Promise<Sha256>
  digest(request: ShipRequest): Promise<Sha256>
}

/**
 * Packing decides which bytes are shipped: the backend's own where both files are the same and no original had to be
 * put back, otherwise those of our own writers. (Where an original was put back, what the backend's compressor made of
 * it in one world cannot be compared with anything, so such an artifact is never shipped as the backend packed it.) What
 * our writers would compress is hashed for both worlds and must agree; our compressor is a function of its input, so it
 * runs once, and the file that it makes is both worlds'.
 */
async function ship(request: ShipRequest, canonical: Canonical): Promise<Shipment> {
  const packing = await packingOf(request, canonical)
  if (packing.length === 0) return shipAsBuilt(request)
  const digests = { a: await canonical.write(request), b: await canonical.digest(request) }
  if (digests.a !== digests.b) {
    await rm(request.shipped, { force: true })
    return { shipped: null, findings: [packingFinding(request.name, digests)] }
  }
  const archive = await readArchive(request.shipped, canonical.kind)
  const { sha256, size } = await hashFile(request.shipped)
  return {
    shipped: { sha256, size, packing: 'canonical', built: { a: sha256, b: sha256 }, archive },
    findings: [repackedNote(request.name, packing)]
  }
}

async function packingOf(request: ShipRequest, canonical: Canonical): Promise<string[]> {
  const { archives, putBacks } = request
  // The index refuses sizes that come after the content, and our own writer has none.
  if (archives.a.members.some(({ fields }) => Number(fields.descriptor ?? 0) > 0)) return ['descriptor']
  const found = packingDifferences(archives.a, archives.b, putBacks, await canonical.records(request))
  if (putBacks.size > 0) return [...found, 'originals put back']
  if (found.length > 0) return found
  return (await sameBytes(request.a, request.b)) ? [] : ['deflate']
}

const canonicalForm: Record<'sdist' | 'wheel', Canonical> = {
  sdist: {
    kind: 'sdist',
    records: () => Promise.resolve(null),
    write: ({ a, shipped, epoch }) => canonicalSdist(a, shipped, epoch),
    digest: ({ b, shipped, epoch, putBacks, original }) =>
      canonicalSdistDigest(b, `${shipped}.b`, epoch, replaceWithOriginals(putBacks, original))
  },
  wheel: {
    kind: 'wheel',
    async records({ a, b, putBacks }) {
      const records = { a: await recordText(a), b: await recordText(b) }
      return { a: records.a, b: recordWithOriginals(records.a, records.b, putBacks) }
    },
    write: ({ a, shipped, epoch }) => canonicalWheel(a, shipped, epoch),
    digest: ({ b, putBacks, original }) => canonicalWheelDigest(b, replaceWithOriginals(putBacks, original))
  }
}

async function recordText(file: string): Promise<string> {
  const wheel = await openWheel(file)
  try {
    return await wheelText(wheel.archive, `${wheel.distInfo}/RECORD`)
  } finally {
    await wheel.archive.close()
  }
}

export const sdistKind: PackageKind = {
  async contents(file, wanted, most) {
    const contents = new Map<string, Buffer>()
    for await (const entry of readSdist(file))
      if (wanted.has(entry.path)) contents.set(entry.path, await head(entry.content, most))
    return contents
  },
  ship: (request) => ship(request, canonicalForm.sdist)
}

export const wheelKind: PackageKind = {
  async contents(file, wanted, most) {
    const contents = new Map<string, Buffer>()
    const archive = await openZip(file)
    try {
      for (const entry of archive.entries)
        if (wanted.has(entry.path)) contents.set(entry.path, await head(archive.content(entry), most))
    } finally {
      await archive.close()
    }
    return contents
  },
  ship: (request) => ship(request, canonicalForm.wheel)
}
