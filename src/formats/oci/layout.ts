import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import { sha256 as asSha256, type Sha256 } from '../../documents/identifiers.ts'
import { whole } from '../../platform/pieces.ts'
import { invalidArchive } from '../invalid.ts'
import { readTar, type TarEntry } from '../tar/reader.ts'
import type { Descriptor } from './descriptor.ts'
import { checkKeys, largestJson, parseStrictJson } from './json.ts'

/** A file of the tar: where its content lies. */
interface Place {
  offset: number
  size: number
  /** Its raw headers, less name, size and checksum, which follow from content. */
  headers: Buffer
}

/** A tar of an OCI image layout (image-spec, "Image Layout"), opened for random access. */
export interface LayoutFile {
  /** Content of `index.json`. */
  index: Buffer
  /** A small blob, checked. @throws TagproofError `archive-invalid` */
  document(blob: Descriptor): Promise<Buffer>
  /** A blob, its digest compared at the end. @throws TagproofError `archive-invalid` */
  content(blob: Descriptor): AsyncGenerator<Buffer, void, void>
  /** Where the content of a blob begins in the tar. @throws TagproofError `archive-invalid` */
  offsetOf(blob: Descriptor): number
  /** Blobs that nothing has asked for yet. */
  unread(): Sha256[]
  /** What the tar's own headers say: SHA-256 over those of all files, each without name and size. */
  headers: Sha256
  /** Zero bytes that end the tar. */
  endZeros: number
  close(): Promise<void>
}

const mostBlobs = 64 * 600
const pieceSize = 1 << 16

/**
 * Opens a tar of an OCI layout: a strict tar with `oci-layout` of version 1.0.0, `index.json`, blobs below
 * `blobs/sha256`, and nothing else. Blobs are checked when they are read.
 *
 * @throws TagproofError `archive-invalid`
 */
export async function openLayout(file: string): Promise<LayoutFile> {
  const handle = await open(file, 'r')
  try {
    return await layoutOf(file, handle)
  } catch (error) {
    await handle.close()
    throw error
  }
}

async function layoutOf(file: string, handle: FileHandle): Promise<LayoutFile> {
  const { places, endZeros } = await readPlaces(file)
  const read = async (name: string): Promise<Buffer> => {
    const place = places.get(name)
    if (place === undefined) throw invalidArchive({ format: 'image', path: name }, 'the file is missing')
    if (place.size > largestJson)
      throw invalidArchive(
        { format: 'image', path: name },
        `the document is larger than ${largestJson} bytes`
      )
    return whole(pieces(handle, place))
  }
  checkVersion(await read('oci-layout'))
  const index = await read('index.json')
  const unread = new Set([...places.keys()].filter((name) => name.startsWith('blobs/')))
  const content = async function* (blob: Descriptor): AsyncGenerator<Buffer, void, void> {
    const name = `blobs/sha256/${blob.sha256}`
    const place = places.get(name)
    const fail = (problem: string, detail = {}): Error =>
      invalidArchive({ format: 'image', path: name }, problem, detail)
    if (place === undefined) throw fail('the blob is missing')
    unread.delete(name)
    if (place.size !== blob.size)
      throw fail('the blob has another size than its descriptor', {
        found: String(place.size),
        expected: String(blob.size)
      })
    const hash = createHash('sha256')
    for await (const piece of pieces(handle, place)) {
      hash.update(piece)
      yield piece
    }
    const found = hash.digest('hex')
    if (found !== blob.sha256)
      throw fail('the blob has another digest than its name', { found, expected: blob.sha256 })
  }
  return {
    index,
    content,
    async document(blob) {
      if (blob.size > largestJson)
        throw invalidArchive(
          { format: 'image', path: `blobs/sha256/${blob.sha256}` },
          `the document is larger than ${largestJson} bytes`
        )
      return whole(content(blob))
    },
    offsetOf({ sha256, size }) {
      const place = places.get(`blobs/sha256/${sha256}`)
      if (place?.size === size) return place.offset
      throw invalidArchive(
        { format: 'image', path: `blobs/sha256/${sha256}` },
        place === undefined ? 'the blob is missing' : 'the blob has another size than its descriptor'
      )
    },
    unread: () => [...unread].map((name) => asSha256(name.slice('blobs/sha256/'.length))),
    headers: headersOf(places),
    endZeros,
    close: () => handle.close()
  }
}

async function readPlaces(file: string): Promise<{ places: Map<string, Place>; endZeros: number }> {
  const places = new Map<string, Place>()
  let endZeros = 0
  const source = createReadStream(file, { highWaterMark: 1 << 20 })
  for await (const entry of readTar(source, { twins: 'accept', onEnd: (zeros) => (endZeros = zeros) })) {
    const problem = entryProblem(entry)
    if (problem !== undefined)
      throw invalidArchive(
        { format: 'image', entry: entry.index, offset: entry.offset, path: entry.path },
        problem
      )
    if (entry.kind === 'directory') continue
    if (places.size > mostBlobs) throw invalidArchive({ format: 'image' }, 'the layout has too many blobs')
    places.set(entry.path, {
      offset: entry.offset + entry.headers.length,
      size: entry.size,
      headers: plainHeaders(entry.headers)
    })
  }
  return { places, endZeros }
}

function entryProblem({ path, kind }: TarEntry): string | undefined {
  if (kind === 'directory')
    return ['.', 'blobs', 'blobs/sha256'].includes(path) ? undefined : 'the folder belongs to no layout'
  if (kind !== 'file') return 'a layout holds files and folders alone'
  if (path === 'oci-layout' || path === 'index.json') return undefined
  return /^blobs\/sha256\/[0-9a-f]{64}$/.test(path) ? undefined : 'the file belongs to no layout'
}

/** The last block without what names the file and counts its bytes; extension headers as they are. */
function plainHeaders(headers: Buffer): Buffer {
  const plain = Buffer.from(headers)
  const block = plain.subarray(plain.length - 512)
  block.fill(0, 0, 100)
  block.fill(0, 124, 136)
  block.fill(0, 148, 156)
  block.fill(0, 345, 500)
  return plain
}

/** The order of blobs follows from their digests, so it does not count. */
function headersOf(places: ReadonlyMap<string, Place>): Sha256 {
  const role = (name: string): string => (name.startsWith('blobs/') ? 'blob' : name)
  const lines = [...places].map(([name, { headers }]) => `${role(name)} ${headers.toString('hex')}`).sort()
  return asSha256(createHash('sha256').update(lines.join('\n')).digest('hex'))
}

function checkVersion(bytes: Buffer): void {
  const fail = (problem: string): never => {
    throw invalidArchive({ format: 'image', path: 'oci-layout' }, problem)
  }
  const layout = parseStrictJson(bytes, 'oci-layout')
  checkKeys(layout, ['imageLayoutVersion'], { closed: true, fail })
  if (layout.imageLayoutVersion !== '1.0.0') fail('the version of the layout is not 1.0.0')
}

async function* pieces(handle: FileHandle, { offset, size }: Place): AsyncGenerator<Buffer> {
  for (let at = 0; at < size;) {
    const piece = Buffer.allocUnsafe(Math.min(pieceSize, size - at))
    const { bytesRead } = await handle.read(piece, 0, piece.length, offset + at)
    if (bytesRead === 0) throw invalidArchive({ format: 'image', offset: offset + at }, 'the file was cut')
    at += bytesRead
    yield piece.subarray(0, bytesRead)
  }
}
