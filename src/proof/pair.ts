import { open, stat } from 'node:fs/promises'
import { readArchive, type Archive, type ArchiveKind } from '../formats/archive.ts'
import { settleAll } from '../platform/concurrency.ts'

/** One artifact of both worlds; the same object twice where the files are equal, byte for byte. */
export interface ArchivePair {
  a: Archive
  b: Archive
}

const pieceSize = 1 << 20

/**
 * Reads both worlds' artifact. Equal files are read once: every check of one holds for the other. Files that differ
 * are read side by side.
 *
 * @param baseLayers layers of base images, `sha256:…`
 * @throws TagproofError `archive-invalid`
 */
export async function readPair(
  a: string,
  b: string,
  kind: ArchiveKind,
  baseLayers: ReadonlySet<string> = new Set()
): Promise<ArchivePair> {
  if (await sameBytes(a, b)) {
    const archive = await readArchive(a, kind, { baseLayers })
    return { a: archive, b: archive }
  }
  const [one, other] = await settleAll([a, b].map((file) => readArchive(file, kind, { baseLayers })))
  if (one === undefined || other === undefined) throw new Error('two archives were read')
  return { a: one, b: other }
}

/** Whether two files hold the same bytes; reads no further than the first difference. */
export async function sameBytes(a: string, b: string): Promise<boolean> {
  if ((await stat(a)).size !== (await stat(b)).size) return false
  const [one, other] = [await open(a), await open(b)]
  const [left, right] = [Buffer.allocUnsafe(pieceSize), Buffer.allocUnsafe(pieceSize)]
  try {
    for (let at = 0; ;) {
      const [{ bytesRead: read }, { bytesRead: also }] = await Promise.all([
        one.read(left, 0, pieceSize, at),
        other.read(right, 0, pieceSize, at)
      ])
      if (read !== also || !left.subarray(0, read).equals(right.subarray(0, read))) return false
      if (read === 0) return true
      at += read
    }
  } finally {
    await one.close()
    await other.close()
  }
}
