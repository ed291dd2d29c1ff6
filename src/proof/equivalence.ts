import { isAscii, isUtf8 } from 'node:buffer'
import { createHash } from 'node:crypto'
import { inflateSync } from 'node:zlib'
import { readGzip, type GzipHeader } from '../formats/gzip.ts'
import { readTar, type TarEntry } from '../formats/tar/reader.ts'
import { tarBlockSize } from '../formats/tar/writer.ts'
import { readXz } from '../formats/xz/reader.ts'
import { openZip, type ZipEntry } from '../formats/zip/reader.ts'
import { zipSourceOf } from '../formats/zip/source.ts'
import { asTagproofError } from '../platform/errors.ts'
import type { Digests } from './digests.ts'
import { once } from '../platform/pieces.ts'

export interface EquivalenceRules {
  /** Whether `b` is the whole of a scrambled file and `a` its original, by their SHA-256. */
  isCopy(a: string, b: string, path: string): boolean
  /** Whether `b` is the whole of a scrambled file, and `a` what a tool makes of every such original. */
  isChangedCopy?(a: Buffer, b: Buffer, path: string): Promise<boolean>
  digests: Digests
}

const deepest = 4
const largestContent = 64 * 2 ** 20
const largestText = 16 * 2 ** 20

interface Budget {
  /** Bytes that may still come out of containers. */
  left: number
}

/**
 * Whether world b's member is world a's once each scrambled file in it has its original back: as a copy inside a zip,
 * gzip, xz, zlib or tar, or as a whole digest in a text. Every header and name must be equal, and every byte must belong to
 * something; how a compressor packed equal content is not compared.
 *
 * @param path of the member, to which those inside are added
 */
export async function isEquivalent(
  a: Buffer,
  b: Buffer,
  path: string,
  rules: EquivalenceRules,
  budget: Budget = { left: 4 * largestContent },
  depth = 0
): Promise<boolean> {
  if (a.equals(b) || rules.isCopy(sha256(a), sha256(b), path)) return true
  if ((await rules.isChangedCopy?.(a, b, path)) === true) return true
  if (depth >= deepest) return false
  const same = (one: Buffer, other: Buffer, name: string): Promise<boolean> =>
    isEquivalent(one, other, name === '' ? path : `${path}/${name}`, rules, budget, depth + 1)
  for (const unpack of unpackers) {
    const [one, other] = [await unpack(a, budget), await unpack(b, budget)]
    if (one === undefined || other === undefined) continue
    return areSame(one, other, same)
  }
  return isSameText(a, b, rules.digests)
}

/** A container as parts; `form` is everything but their contents. */
interface Unpacked {
  form: string
  /** `packed`, where each part is compressed by itself. */
  parts: { name: string; content: Buffer; packed?: Buffer }[]
}
type Unpack = (bytes: Buffer, budget: Budget) => Promise<Unpacked | undefined>

async function areSame(
  a: Unpacked,
  b: Unpacked,
  same: (a: Buffer, b: Buffer, name: string) => Promise<boolean>
): Promise<boolean> {
  if (a.form !== b.form || a.parts.length !== b.parts.length) return false
  let changed = false
  for (const [at, part] of a.parts.entries()) {
    const other = b.parts[at]
    if (other?.name !== part.name) return false
    if (part.content.equals(other.content)) {
      // Equal content that is packed in two ways is a difference of its own.
      if (part.packed !== undefined && other.packed?.equals(part.packed) !== true) return false
      continue
    }
    changed = true
    if (!(await same(part.content, other.content, part.name))) return false
  }
  return changed
}

const unpackers: readonly Unpack[] = [
  strictly(isGzip, async (bytes, budget) => {
    let header: GzipHeader | undefined
    const rules = { maximumSize: largestContent, onHeader: (found: GzipHeader) => (header = found) }
    const content = await whole(readGzip(once(bytes), rules), budget)
    return { form: `gzip ${JSON.stringify(header)}`, parts: [{ name: '', content }] }
  }),
  strictly(isXz, async (bytes, budget) => {
    let form = ''
    const content = await whole(
      readXz(once(bytes), {
        maximumSize: largestContent,
        onEnd: ({ check, dictionarySize, sized }) => (form = `xz ${check} ${dictionarySize} ${sized}`)
      }),
      budget
    )
    return { form, parts: [{ name: '', content }] }
  }),
  strictly(isZip, async (bytes, budget) => {
    const archive = await openZip(zipSourceOf(bytes))
    const parts: Unpacked['parts'] = []
    for (const entry of archive.entries)
      parts.push({
        name: entry.path,
        content: await whole(archive.content(entry), budget),
        packed: await whole(archive.rawContent(entry), budget)
      })
    const order = [...archive.entries].sort((one, other) => one.offset - other.offset)
    const form = JSON.stringify([archive.entries.map(zipForm), order.map(({ index }) => index)])
    return { form: `zip ${form} ${archive.end.toString('hex')}`, parts }
  }),
  strictly(isTar, async (bytes, budget) => {
    const parts: Unpacked['parts'] = []
    const forms: string[] = []
    let end = 0
    for await (const entry of readTar(once(bytes), { onEnd: (zeros) => (end = zeros) })) {
      forms.push(tarForm(entry))
      parts.push({ name: entry.path, content: await whole(entry.content, budget) })
    }
    return { form: `tar ${JSON.stringify(forms)} ${end}`, parts }
  }),
  strictly(isZlib, (bytes, budget) => {
    const made = inflateSync(bytes, { maxOutputLength: Math.min(largestContent, budget.left), info: true })
    const { buffer, engine } = made as unknown as { buffer: Buffer; engine: { bytesWritten: number } }
    budget.left -= buffer.length
    const form = `zlib ${bytes.toString('hex', 0, 2)}`
    return Promise.resolve(
      engine.bytesWritten === bytes.length ? { form, parts: [{ name: '', content: buffer }] } : undefined
    )
  })
]

/** What is no such container, or one that two readers could take for different things, is compared as bytes. */
function strictly(looks: (bytes: Buffer) => boolean, unpack: Unpack): Unpack {
  return async (bytes, budget) => {
    if (!looks(bytes)) return undefined
    try {
      return await unpack(bytes, budget)
    } catch (error) {
      const isFault = (error as NodeJS.ErrnoException).code?.startsWith('Z_') === true
      const isLarge = (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE'
      if (isFault || isLarge || asTagproofError(error).code === 'archive-invalid' || error === tooMuch)
        return undefined
      throw error
    }
  }
}

function isGzip(bytes: Buffer): boolean {
  return bytes.length > 18 && bytes.readUInt16BE(0) === 0x1f8b
}

function isXz(bytes: Buffer): boolean {
  return bytes.length > 24 && bytes.readUInt32BE(0) === 0xfd377a58
}

function isZip(bytes: Buffer): boolean {
  return bytes.length > 22 && bytes.readUInt32LE(0) === 0x04034b50
}

function isTar(bytes: Buffer): boolean {
  return bytes.length >= 1024 && bytes.toString('latin1', 257, 262) === 'ustar'
}

/** Method, window and check bits of RFC 1950. */
function isZlib(bytes: Buffer): boolean {
  return bytes.length > 6 && bytes[0] === 0x78 && bytes.readUInt16BE(0) % 31 === 0
}

/** Sizes follow from content, which is compared: a gzip file inside has another one in each world. */
function zipForm({ headers, descriptor, path }: ZipEntry): string {
  const form = Buffer.from(headers)
  const central = localHeader + form.readUInt16LE(26) + form.readUInt16LE(28)
  form.fill(0, 22, 26)
  form.fill(0, central + 24, central + 28)
  return `${path} ${descriptor} ${form.toString('hex')}`
}
const localHeader = 30

function tarForm({ headers, path }: TarEntry): string {
  const form = Buffer.from(headers)
  const last = form.length - tarBlockSize
  form.fill(0, last + 124, last + 136)
  form.fill(0, last + 148, last + 156)
  return `${path} ${form.toString('hex')}`
}

const tooMuch = new RangeError('more comes out of the containers than is compared')

async function whole(content: AsyncIterable<Buffer>, budget: Budget): Promise<Buffer> {
  const pieces: Buffer[] = []
  for await (const piece of content) {
    budget.left -= piece.length
    if (budget.left < 0) throw tooMuch
    pieces.push(piece)
  }
  return Buffer.concat(pieces)
}

async function isSameText(a: Buffer, b: Buffer, digests: Digests): Promise<boolean> {
  if (a.length !== b.length || a.length > largestText || !isUtf8(a) || !isUtf8(b)) return false
  const encoding = isAscii(b) ? 'latin1' : 'utf8'
  return (await digests.restored(b.toString(encoding))).includes(a.toString(encoding))
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}
