import { deflateRawSync } from 'node:zlib'
import {
  descriptorOf,
  extraField,
  forgeZip,
  type ForgedZip,
  type ForgedZipEntry
} from '../../../unit/formats/forge.ts'
import type { HostileCase } from './hostile-case.ts'

const one = Buffer.from('one')
const evil = Buffer.from('evil')
const a: ForgedZipEntry = { name: 'a', content: one }
/** A local header, a name of one byte, and three bytes of content. */
const size = 30 + 1 + 3
const second = `zip entry 1 at offset ${size}`
const start = 'zip entry 0 at offset 0'

const packed = deflateRawSync(evil)
const after = (entry: Partial<ForgedZipEntry>, rules?: ForgedZip): Buffer =>
  forgeZip([a, { name: 'b', content: evil, ...entry }], rules)
const named = (name: string | Buffer, more: Partial<ForgedZipEntry> = {}): Buffer => after({ name, ...more })

function wide(...values: number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 8)
  values.forEach((value, at) => bytes.writeBigUInt64LE(BigInt(value), at * 8))
  return bytes
}

/** Info-ZIP's second name, with the checksum of the first. */
function unicodePath(name: string): Buffer {
  return extraField(0x7075, Buffer.concat([Buffer.from([1, 0, 0, 0, 0]), Buffer.from(name)]))
}

/** Changes bytes of an archive of `a` and `b`. */
function patched(bytes: Buffer, at: number, value: number, width: 2 | 4): Buffer {
  const changed = Buffer.from(bytes)
  const place = at < 0 ? bytes.length + at : at
  if (width === 2) changed.writeUInt16LE(value, place)
  else changed.writeUInt32LE(value, place)
  return changed
}

const honest = forgeZip([a, { name: 'b', content: evil }])
const end = `zip at offset ${honest.length - 22}`
const directory = 2 * 31 + 3 + 4

/** A locator and an end record of ZIP64, right before the end, with an extensible part or not. */
function zip64End(entries: number, more: Buffer): Buffer {
  const record = Buffer.alloc(56)
  record.writeUInt32LE(0x06064b50, 0)
  record.writeBigUInt64LE(BigInt(44 + more.length), 4)
  record.writeUInt16LE(45, 12)
  record.writeUInt16LE(45, 14)
  wide(entries, entries, 94, directory).copy(record, 24)
  const locator = Buffer.alloc(20)
  locator.writeUInt32LE(0x07064b50, 0)
  locator.writeBigUInt64LE(BigInt(honest.length - 22), 8)
  locator.writeUInt32LE(1, 16)
  return Buffer.concat([record, more, locator])
}

const names: readonly HostileCase[] = [
  ['two entries of one name', named('a'), second, /appears twice/],
  ['a case twin', named('A'), second, /only in case/],
  ['a Unicode twin', forgeZip([{ ...a, name: 'é' }, { name: 'e\u0301', content: evil }]), 'zip entry 1 at offset 35', /only in case/],
  ['local and central name differ', named('b', { localName: 'c' }), second, /different names/],
  ['a second name (0x7075)', named('b', { centralExtra: unicodePath('c') }), `zip entry 1 at offset ${directory + 47}`, /0x7075/],
  ['a second name in the local header', named('b', { localExtra: unicodePath('c') }), second, /0x7075/],
  ['a way out', named('../x'), second, /"\.\."/],
  ['an absolute name', named('/b'), second, /absolute/],
  ['a backslash', named('d\\b'), second, /backslash/],
  ['a drive', named('C:/b'), second, /drive letter/],
  ['a stream of another file', named('ab::$DATA'), second, /colon/],
  ['a device of Windows', named('nul'), second, /device on Windows/],
  ['NUL inside', named('b\0.txt'), second, /NUL/],
  ['an escape sequence', named('b\u001b[2J'), second, /control/],
  ['no UTF-8', named(Buffer.from([0x62, 0xff]), { flags: 0x800 }), second, /not UTF-8/],
  ['UTF-8 that is not marked', named('é', { flags: 0 }), second, /not marked/],
  ['a file below a file', named('a/b'), second, /earlier entry/],
  ['a folder with content', named('b/', { mode: 0o040755 }), second, /folder has content/],
  ['a folder without "/"', named('b', { external: 0x10 }), second, /marked as a folder/],
  ['a file in the place of a folder', forgeZip([{ name: 'd/', content: Buffer.alloc(0), mode: 0o040755 }, { name: 'd', content: evil }]), 'zip entry 1 at offset 32', /appears twice/],
  ['a symbolic link', named('b', { mode: 0o120777 }), second, /symbolic link/],
  ['a named pipe', named('b', { mode: 0o010644 }), second, /disagree on its type/],
  ['executable for pip or for others', named('b', { mode: 0o755 }), second, /disagree on whether/]
] // prettier-ignore

const structure: readonly HostileCase[] = [
  ['two archives in a row', Buffer.concat([forgeZip([a]), forgeZip([{ name: 'b', content: evil }])]), 'zip at offset', /not right before/],
  ['an archive in front, offsets mended', forgeZip([{ name: 'b', content: evil }], { prefix: forgeZip([a]) }), start.replace('0 at offset 0', '0 at offset'), /belong to nothing/],
  ['an entry in local headers alone', forgeZip([a, { name: 'b', content: evil, hiddenFromDirectory: true }]), 'zip entry 0', /belong to nothing/],
  ['two entries with one content', forgeZip([a, { name: 'a', content: one, centralOnly: true }]), start, /belong to nothing|reaches into/],
  ['overlapping entries', after({ offsetShift: -1 }), 'zip entry', /reaches into|belong to nothing|no local header/],
  ['an offset into nowhere', after({ offsetShift: 9000 }), 'zip entry 0', /belong to nothing/],
  ['bytes in front', after({}, { prefix: Buffer.from('#!/bin/sh\n') }), 'zip entry 0', /belong to nothing/],
  ['bytes before the directory', after({}, { beforeDirectory: evil }), 'zip entry 1', /belong to nothing/],
  ['bytes before the end', after({}, { beforeEnd: evil }), 'zip at offset', /not right before/],
  ['bytes behind the end', after({}, { tail: evil }), 'zip at offset', /does not end/],
  ['a comment', after({}, { endComment: 'evil' }), 'zip at offset', /does not end/],
  ['a comment that is an archive', after({}, { endComment: forgeZip([{ name: 'c', content: evil }]).toString('latin1') }), 'zip at offset', /not right before/],
  ['a comment of an entry', after({ comment: 'evil' }), `zip entry 1 at offset ${directory + 47}`, /comment/],
  ['fewer entries than there are', after({}, { count: 1 }), end, /number of entries/],
  ['more entries than there are', after({}, { count: 3 }), end, /number of entries/],
  ['two counts', patched(honest, -12, 1, 2), end, /numbers of entries disagree/],
  ['another disk', after({ disk: 1 }), `zip entry 1 at offset ${directory + 47}`, /another disk/],
  ['a directory that is larger than it is', patched(honest, -10, 95, 4), 'zip at offset', /not right before/],
  ['an extensible part of ZIP64', after({}, { beforeEnd: zip64End(2, evil) }), 'zip at offset', /extensible/],
  ['a count of ZIP64 that differs', after({}, { beforeEnd: zip64End(1, Buffer.alloc(0)) }), 'zip at offset', /disagree/],
  ['nothing at all', Buffer.alloc(0), 'zip at offset 0', /does not end/],
  ['cut', honest.subarray(0, -5), 'zip at offset', /does not end/]
] // prettier-ignore

const headers: readonly HostileCase[] = [
  ['encrypted', after({ flags: 1 }), second, /encrypted/],
  ['strongly encrypted', after({ flags: 0x41 }), second, /encrypted/],
  ['patch data', after({ flags: 0x20 }), second, /unknown flags/],
  ['masked headers', after({ flags: 0x2000 }), second, /unknown flags/],
  ['bzip2', after({ method: 12, packed: evil }), second, /method 12/],
  ['an unknown method', after({ method: 99, packed: evil }), second, /method 99/],
  ['a later version', patched(patched(honest, size + 4, 64, 2), directory + 47 + 6, 64, 2), second, /version 64/],
  ['sizes that differ', after({ localSize: 2 }), second, /disagree on size/],
  ['times that differ', after({ localTime: 1 }), second, /disagree on dosTime/],
  ['a method that differs', patched(honest, size + 8, 8, 2), second, /disagree on method/],
  ['stored in two sizes', after({ content: one, packed: evil }), second, /two sizes/],
  ['a ZIP64 field that nothing asks for', after({ centralExtra: extraField(1, wide(4)) }), `zip entry 1 at offset ${directory + 47}`, /ZIP64/],
  ['a ZIP64 field that disagrees', after({ localExtra: extraField(1, wide(5, 4)) }), second, /ZIP64 extra field disagrees/],
  ['ZIP64 without its field', after({ centralSize: 0xffffffff }), `zip entry 1 at offset ${directory + 47}`, /ZIP64/],
  ['an extra field twice', after({ centralExtra: Buffer.concat([extraField(0xcafe, one), extraField(0xcafe, evil)]) }), `zip entry 1 at offset ${directory + 47}`, /appears twice/],
  ['a cut extra field', after({ centralExtra: Buffer.from([1, 0, 9]) }), `zip entry 1 at offset ${directory + 47}`, /is cut/]
] // prettier-ignore

const content: readonly HostileCase[] = [
  ['a wrong checksum', after({ crc: 1 }), second, /checksum of the content/],
  ['more than it says', after({ method: 8, content: evil.subarray(1), packed }), second, /larger than/],
  ['less than it says', after({ method: 8, content: Buffer.concat([evil, evil]), packed }), second, /smaller than/],
  ['cut data', after({ method: 8, packed: packed.subarray(0, -1) }), second, /damaged/],
  ['damaged data', after({ method: 8, packed: Buffer.alloc(9, 0xff) }), second, /damaged/],
  ['bytes behind the data', after({ method: 8, packed: Buffer.concat([packed, evil]) }), second, /follow the compressed/],
  ['two streams', after({ method: 8, packed: Buffer.concat([packed, deflateRawSync(one)]) }), second, /follow the compressed/],
  ['a descriptor that differs', after({ method: 8, flags: 8, after: descriptorOf(evil, 1) }), `zip entry 1 at offset ${size + 31 + packed.length}`, /descriptor disagrees/],
  ['no descriptor', after({ method: 8, flags: 8 }), `zip entry 1 at offset ${size + 31 + packed.length}`, /belong to nothing/],
  ['a descriptor that nobody announced', after({ after: descriptorOf(evil, 4) }), `zip entry 1 at offset ${size + 31 + 4}`, /belong to nothing/],
  ['stored content whose size comes after it', after({ flags: 8, after: descriptorOf(evil, 4) }), second, /size comes after it/]
] // prettier-ignore

export const zipCases: Readonly<Record<string, readonly HostileCase[]>> = {
  names,
  structure,
  headers,
  content
}

/** What is odd and read by all in one way. */
export const oddZips: readonly [string, Buffer][] = [
  ['a name of 255 bytes', named('é'.repeat(127) + 'x')],
  ['a descriptor with signature', after({ method: 8, flags: 8, after: descriptorOf(evil, packed.length) })],
  [
    'a descriptor without',
    after({ method: 8, flags: 8, after: descriptorOf(evil, packed.length).subarray(4) })
  ],
  ['no mode', named('b', { external: 0 })],
  ['a local ZIP64 field that agrees', after({ localExtra: extraField(1, wide(4, 4)) })],
  ['ZIP64 records that agree', after({}, { beforeEnd: zip64End(2, Buffer.alloc(0)) })],
  ['empty content that is deflated', named('b', { content: Buffer.alloc(0), method: 8 })],
  ['a stored block in DEFLATE', named('b', { method: 8, packed: deflateRawSync(evil, { level: 0 }) })],
  ['nothing in it', forgeZip([])]
]
