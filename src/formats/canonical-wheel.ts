import { createHash } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { sha256, type Epoch, type Sha256 } from '../documents/identifiers.ts'
import { hashed } from './hashed.ts'
import { invalidArchive } from './invalid.ts'
import { comparePaths } from './member-names.ts'
import { formatRecord, type RecordLine } from './record.ts'
import { replaceNothing, type Replace } from './replacement.ts'
import { openWheel, signatures, wheelContent, type WheelArchive } from './wheel.ts'
import type { ZipEntry } from './zip/reader.ts'
import { writeZip, type ZipFile } from './zip/writer.ts'
import { once } from '../platform/pieces.ts'

/**
 * Packs a wheel again, canonically: files in byte order of their paths, `.dist-info` after all others and RECORD the
 * very last, one time (the epoch), modes 644 or 755, no folder entries, our own DEFLATE. RECORD is written anew in that
 * order; all other content is untouched. The same files give the same bytes, and packing the result again changes
 * nothing.
 *
 * @returns SHA-256 over the lines `mode size path` and the content of each file: what {@link canonicalWheelDigest} gives
 * @throws TagproofError `archive-invalid`, also for a wheel whose RECORD is signed: a new RECORD would break the signature
 */
export async function canonicalWheel(
  input: string,
  output: string,
  epoch: Epoch,
  replace: Replace = replaceNothing
): Promise<Sha256> {
  const hash = createHash('sha256')
  try {
    await withUnsignedWheel(input, (wheel) =>
      writeZip(output, digested(canonicalFiles(wheel, replace), hash), epoch)
    )
  } catch (error) {
    await rm(output, { force: true })
    throw error
  }
  return sha256(hash.digest('hex'))
}

/**
 * What {@link canonicalWheel} would compress, as SHA-256: two wheels with one digest have one canonical form at a
 * given epoch, since all else is a function of these files.
 *
 * @throws TagproofError as {@link canonicalWheel}
 */
export async function canonicalWheelDigest(
  input: string,
  replace: Replace = replaceNothing
): Promise<Sha256> {
  const hash = createHash('sha256')
  await withUnsignedWheel(input, async (wheel) => {
    for await (const file of digested(canonicalFiles(wheel, replace), hash)) await drain(file.content)
  })
  return sha256(hash.digest('hex'))
}

async function* digested(
  files: AsyncIterable<ZipFile>,
  hash: { update(bytes: Uint8Array): unknown }
): AsyncGenerator<ZipFile> {
  for await (const file of files) {
    hash.update(Buffer.from(`${file.mode.toString(8)} ${file.size} ${file.path}\n`))
    yield { ...file, content: hashed(file.content, hash) }
  }
}

async function withUnsignedWheel(input: string, use: (wheel: WheelArchive) => Promise<void>): Promise<void> {
  const wheel = await openWheel(input)
  try {
    const signed = wheel.archive.entries.find(({ path }) =>
      signatures.some((name) => path === `${wheel.distInfo}/${name}`)
    )
    if (signed !== undefined)
      throw invalidArchive(
        { format: 'wheel', entry: signed.index, path: signed.path },
        'the RECORD is signed, so the wheel cannot be packed again'
      )
    await use(wheel)
  } finally {
    await wheel.archive.close()
  }
}

async function* canonicalFiles(wheel: WheelArchive, replace: Replace): AsyncGenerator<ZipFile> {
  const recordPath = `${wheel.distInfo}/RECORD`
  const last = (name: string): number => (name.startsWith(`${wheel.distInfo}/`) ? 1 : 0)
  const files = wheel.archive.entries
    .filter(({ isDirectory, path }) => !isDirectory && path !== recordPath)
    .sort((one, other) => last(one.path) - last(other.path) || comparePaths(one.path, other.path))
  const lines: RecordLine[] = []
  for (const entry of files) {
    const { path } = entry
    const other = await replace({ path, size: entry.size })
    // What is replaced must have been what RECORD said, too.
    if (other !== undefined) await drain(wheelContent(wheel, entry))
    const { size, content } = other ?? { size: entry.size, content: wheelContent(wheel, entry) }
    const hash = createHash('sha256')
    yield { path, mode: modeOf(entry), size, content: hashed(content, hash) }
    lines.push({ path, algorithm: 'sha256', digest: hash.digest('hex'), size })
  }
  lines.push({ path: recordPath, algorithm: null, digest: null, size: null })
  const record = Buffer.from(formatRecord(lines))
  yield { path: recordPath, mode: 0o644, size: record.length, content: once(record) }
}

function modeOf({ mode }: ZipEntry): 0o644 | 0o755 {
  return (mode & 0o100) === 0 ? 0o644 : 0o755
}

async function drain(content: AsyncIterable<Uint8Array>): Promise<void> {
  const pieces = content[Symbol.asyncIterator]()
  while ((await pieces.next()).done !== true);
}
