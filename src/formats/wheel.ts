import { createHash } from 'node:crypto'
import path from 'node:path'
import { sha256, type Sha256 } from '../documents/identifiers.ts'
import { invalidArchive } from './invalid.ts'
import { normalizeName } from './metadata.ts'
import type { ContentObserver } from './observer.ts'
import { parseRecord, type RecordLine } from './record.ts'
import { openZip, type ZipArchive, type ZipEntry } from './zip/reader.ts'
import { whole } from '../platform/pieces.ts'

/** The parts of a wheel's file name (binary distribution format, "File name convention"). */
export interface WheelName {
  name: string
  version: string
  build: string | null
  /** Compressed tag sets as they stand there, such as `py2.py3`. */
  python: string
  abi: string
  platform: string
}

/** @throws TagproofError `archive-invalid` */
export function parseWheelName(fileName: string): WheelName {
  const part = '([A-Za-z0-9_.]+)'
  const form = new RegExp(
    `^${part}-([A-Za-z0-9_.!+]+)(?:-([0-9][A-Za-z0-9_.]*))?-${part}-${part}-${part}\\.whl$`
  )
  const [, name, version, build, python, abi, platform] = form.exec(fileName) ?? []
  if (!name || !version || !python || !abi || !platform)
    throw invalidArchive({ format: 'wheel', path: fileName }, 'the file name is none of a wheel', {
      expected: 'name-version(-build)?-python-abi-platform.whl'
    })
  return { name, version, build: build ?? null, python, abi, platform }
}

/** A wheel whose structure is checked; its content is not yet. */
export interface WheelArchive {
  archive: ZipArchive
  /** `name-version.dist-info` */
  distInfo: string
  /** RECORD's lines by path. */
  record: ReadonlyMap<string, RecordLine>
}

/** Metadata that is held in memory: larger is refused. */
const largestText = 16 * 2 ** 20
/** Signatures of RECORD, which it cannot list (wheel specification, "Signed wheel files"). */
export const signatures = ['RECORD.jws', 'RECORD.p7s']

/**
 * Opens a wheel, and checks its structure: a strict zip, one `.dist-info` folder with METADATA, WHEEL and RECORD that
 * fits the file's name (where the file is called `*.whl`), and a RECORD that lists every file with hash and size and
 * no other. The hashes themselves are checked by {@link wheelContent}. The caller closes the archive.
 *
 * @throws TagproofError `archive-invalid`
 */
export async function openWheel(file: string): Promise<WheelArchive> {
  const archive = await openZip(file)
  try {
    const distInfo = distInfoOf(archive.entries)
    if (file.endsWith('.whl')) checkName(distInfo, parseWheelName(path.basename(file)))
    for (const name of ['METADATA', 'WHEEL', 'RECORD']) entryOf(archive, `${distInfo}/${name}`)
    return { archive, distInfo, record: await readRecord(archive, distInfo) }
  } catch (error) {
    await archive.close()
    throw error
  }
}

function distInfoOf(entries: readonly ZipEntry[]): string {
  const folders = new Set(
    entries.flatMap(({ path }) => /^[^/]+\.dist-info(?=\/)/.exec(path)?.slice(0, 1) ?? [])
  )
  const [only] = folders
  if (only === undefined || folders.size > 1)
    throw invalidArchive({ format: 'wheel' }, `the wheel has ${folders.size} .dist-info folders`, {
      found: [...folders].join(', ') || 'none',
      expected: 'exactly one'
    })
  return only
}

function checkName(distInfo: string, expected: WheelName): void {
  const [, name = '', version = ''] = /^(.+)-([^-]+)\.dist-info$/.exec(distInfo) ?? []
  const sameVersion = version.toLowerCase() === expected.version.toLowerCase()
  if (normalizeName(name) !== normalizeName(expected.name) || !sameVersion)
    throw invalidArchive(
      { format: 'wheel', path: distInfo },
      'the folder does not fit the name of the file',
      {
        found: distInfo,
        expected: `${expected.name}-${expected.version}.dist-info`
      }
    )
}

function entryOf(archive: ZipArchive, name: string): ZipEntry {
  const entry = archive.entries.find(({ path, isDirectory }) => path === name && !isDirectory)
  if (entry === undefined) throw invalidArchive({ format: 'wheel', path: name }, 'the file is missing')
  return entry
}

/** A small text member. @throws TagproofError `archive-invalid` if it is missing, too large or not UTF-8 */
export async function wheelText(archive: ZipArchive, name: string): Promise<string> {
  const entry = entryOf(archive, name)
  const place = { format: 'wheel', entry: entry.index, offset: entry.offset, path: name } as const
  if (entry.size > largestText) throw invalidArchive(place, 'the file is larger than 16 MiB')
  const bytes = await whole(archive.content(entry))
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw invalidArchive(place, 'the text is not UTF-8', { cause })
  }
}

async function readRecord(archive: ZipArchive, distInfo: string): Promise<Map<string, RecordLine>> {
  const lines = new Map<string, RecordLine>()
  const recordPath = `${distInfo}/RECORD`
  for (const line of parseRecord(await wheelText(archive, recordPath))) {
    if (lines.has(line.path))
      throw invalidArchive({ format: 'wheel', path: line.path }, 'RECORD lists the file twice')
    lines.set(line.path, line)
  }
  const unlisted = [recordPath, ...signatures.map((name) => `${distInfo}/${name}`)]
  const files = archive.entries.filter(({ isDirectory }) => !isDirectory)
  for (const { path, size, index, offset } of files) {
    const place = { format: 'wheel', entry: index, offset, path } as const
    const line = lines.get(path)
    if (unlisted.includes(path)) {
      if ((line?.digest ?? null) !== null) throw invalidArchive(place, 'RECORD gives a hash of itself')
    } else if (line === undefined) throw invalidArchive(place, 'RECORD does not list the file')
    else if (line.digest === null) throw invalidArchive(place, 'RECORD has no hash of the file')
    else if (line.size !== size)
      throw invalidArchive(place, 'RECORD has another size', {
        found: String(size),
        expected: line.size === null ? 'a size' : String(line.size)
      })
  }
  const names = new Set(files.map(({ path }) => path))
  const extra = [...lines.keys()].find((name) => !names.has(name))
  if (extra !== undefined)
    throw invalidArchive({ format: 'wheel', path: extra }, 'RECORD lists a file that is not there')
  return lines
}

/**
 * Content of a file of the wheel, its hash compared with RECORD's at the end.
 *
 * @throws TagproofError `archive-invalid`
 */
export async function* wheelContent(
  wheel: WheelArchive,
  entry: ZipEntry
): AsyncGenerator<Buffer, void, void> {
  const hash = createHash(wheel.record.get(entry.path)?.algorithm ?? 'sha256')
  for await (const piece of wheel.archive.content(entry)) {
    hash.update(piece)
    yield piece
  }
  checkRecorded(wheel, entry, hash.digest('hex'))
}

/**
 * Reads a file of the wheel to its end.
 *
 * @returns SHA-256 of its content, which is compared with RECORD's hash
 * @throws TagproofError `archive-invalid`
 */
export async function wheelDigest(
  wheel: WheelArchive,
  entry: ZipEntry,
  observer: ContentObserver | undefined
): Promise<Sha256> {
  const algorithm = wheel.record.get(entry.path)?.algorithm ?? 'sha256'
  const hash = createHash('sha256')
  // RECORD's own hash is SHA-256 nearly always: then one hash is both.
  const recorded = algorithm === 'sha256' ? undefined : createHash(algorithm)
  for await (const piece of wheel.archive.content(entry)) {
    hash.update(piece)
    recorded?.update(piece)
    observer?.update(piece)
  }
  const digest = hash.digest('hex')
  checkRecorded(wheel, entry, recorded?.digest('hex') ?? digest)
  observer?.end()
  return sha256(digest)
}

function checkRecorded(wheel: WheelArchive, entry: ZipEntry, actual: string): void {
  const line = wheel.record.get(entry.path)
  if (line !== undefined && line.digest !== null && line.digest !== actual)
    throw invalidArchive(
      { format: 'wheel', entry: entry.index, offset: entry.offset, path: entry.path },
      'RECORD has another hash of the file',
      { found: actual, expected: line.digest }
    )
}
