import { crc32 } from 'node:zlib'
import { isNormalisedZip } from './normalised-zip.ts'

/**
 * Whether `changed` is what strip-nondeterminism makes of `original`, as `dh_strip_nondeterminism` runs it on every
 * Debian package. It takes times and names out of formats that it knows, so it changes an original, and leaves the
 * noise of world b alone. For gzip and PNG its result is made again and compared; for zip see {@link isNormalisedZip}.
 *
 * @param epoch the time that it writes where there was one: seconds since 1970; undefined where that is not known
 */
export async function isNormalised(original: Buffer, changed: Buffer, epoch?: number): Promise<boolean> {
  const forms = [...gzipForms(original, epoch), ...pngForms(original, epoch)]
  if (forms.some((form) => form.equals(changed))) return true
  return isNormalisedZip(original, changed, epoch)
}

const gzipFlag = { headerCrc: 2, extra: 4, name: 8, comment: 16 } as const

/** No name and no header checksum; a time that was there is 0, the epoch, or kept where it is older (RFC 1952, 2.3). */
function gzipForms(bytes: Buffer, epoch: number | undefined): Buffer[] {
  if (bytes.length < 18 || bytes.readUInt16BE(0) !== 0x1f8b) return []
  const flags = bytes[3] ?? 0
  const extraEnd = (flags & gzipFlag.extra) === 0 ? 10 : 12 + bytes.readUInt16LE(10)
  const nameEnd = (flags & gzipFlag.name) === 0 ? extraEnd : bytes.indexOf(0, extraEnd) + 1
  const commentEnd = (flags & gzipFlag.comment) === 0 ? nameEnd : bytes.indexOf(0, nameEnd) + 1
  if (nameEnd === 0 || commentEnd === 0) return []
  const restStart = (flags & gzipFlag.headerCrc) === 0 ? commentEnd : commentEnd + 2
  const time = bytes.readUInt32LE(4)
  const times = time === 0 ? [0] : [0, time, ...(epoch === undefined ? [] : [epoch % 2 ** 32])]
  return times.map((mtime) => {
    const header = Buffer.from(bytes.subarray(0, 10))
    header[3] = flags & ~(gzipFlag.name | gzipFlag.headerCrc)
    header.writeUInt32LE(mtime, 4)
    return Buffer.concat([
      header,
      bytes.subarray(10, extraEnd),
      bytes.subarray(nameEnd, commentEnd),
      bytes.subarray(restStart)
    ])
  })
}

const pngMagic = Buffer.from('89504e470d0a1a0a', 'hex')
/** Longer chunks are copied unseen. */
const longestChunk = 4096 - 4
const datedText = /^(date:[^\0]+|Creation Time)\0/

/** Times of making (chunk tIME, and texts called so) are left out, or set to the epoch, or kept where they are older. */
function pngForms(bytes: Buffer, epoch: number | undefined): Buffer[] {
  const chunks = pngChunks(bytes)
  if (chunks === undefined) return []
  const made = (time: (chunk: PngChunk) => Buffer | undefined, text: (name: string) => Buffer | undefined) =>
    Buffer.concat([
      pngMagic,
      ...chunks.map((chunk) => {
        if (chunk.data.length > longestChunk) return chunk.raw
        if (chunk.type === 'tIME') return time(chunk) ?? Buffer.alloc(0)
        const name = /[tiz]EXt/.test(chunk.type)
          ? datedText.exec(chunk.data.toString('latin1'))?.[1]
          : undefined
        return name === undefined ? chunk.raw : (text(name) ?? Buffer.alloc(0))
      })
    ])
  const none = (): undefined => undefined
  if (epoch === undefined) return [made(none, none)]
  const at = pngTime(epoch)
  const text = (name: string): Buffer => pngChunk('tEXt', Buffer.from(`${name}\0${isoText(epoch)}`, 'latin1'))
  return [
    made(none, none),
    made(() => at, text),
    made((chunk) => (Buffer.compare(chunk.data, at.subarray(8, -4)) < 0 ? chunk.raw : at), text)
  ]
}

interface PngChunk {
  type: string
  data: Buffer
  raw: Buffer
}

/** Undefined for what is no PNG; what follows the last chunk belongs to it. */
function pngChunks(bytes: Buffer): PngChunk[] | undefined {
  if (!bytes.subarray(0, 8).equals(pngMagic)) return undefined
  const chunks: PngChunk[] = []
  for (let at = 8; at < bytes.length;) {
    if (at + 12 > bytes.length) return undefined
    const end = at + 12 + bytes.readUInt32BE(at)
    if (end > bytes.length) return undefined
    const type = bytes.toString('latin1', at + 4, at + 8)
    const last = type === 'IEND'
    chunks.push({
      type,
      data: bytes.subarray(at + 8, end - 4),
      raw: bytes.subarray(at, last ? bytes.length : end)
    })
    if (last) break
    at = end
  }
  return chunks
}

function pngTime(epoch: number): Buffer {
  const date = new Date(epoch * 1000)
  const data = Buffer.alloc(7)
  data.writeUInt16BE(date.getUTCFullYear(), 0)
  data.set(
    [
      date.getUTCMonth() + 1,
      date.getUTCDate(),
      date.getUTCHours(),
      date.getUTCMinutes(),
      date.getUTCSeconds()
    ],
    2
  )
  return pngChunk('tIME', data)
}

function isoText(epoch: number): string {
  return new Date(epoch * 1000).toISOString().replace(/\.\d+Z$/, '-00:00')
}

function pngChunk(type: string, data: Buffer): Buffer {
  const chunk = Buffer.alloc(12 + data.length)
  chunk.writeUInt32BE(data.length, 0)
  chunk.write(type, 4, 'latin1')
  data.copy(chunk, 8)
  chunk.writeUInt32BE(crc32(chunk.subarray(4, -4)), chunk.length - 4)
  return chunk
}
