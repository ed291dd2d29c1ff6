import {
  fixChecksum,
  paxRecord,
  tarExtension,
  tarFolder,
  tarHardLink,
  tarLink,
  tarMember,
  tarOf
} from '../../../unit/formats/forge.ts'
import type { HostileCase } from './hostile-case.ts'

const first = tarMember('a', 'one')
/** Where the second member begins. */
const second = `tar entry 1 at offset ${first.length}`
const start = 'tar entry 0 at offset 0'
const gnu = { 257: 'ustar  \0' }

const pax = (...records: [string, string][]): Buffer =>
  tarExtension('x', records.map(([key, value]) => paxRecord(key, value)).join(''))
const after = (...members: Buffer[]): Buffer => tarOf(first, ...members)
const named = (name: string): Buffer => after(tarMember(name, 'evil'))

/** A header whose checksum is the sum of signed bytes, as some old writers made it. */
function signedChecksum(): Buffer {
  const member = tarMember('b', 'evil', { 0: Buffer.from('é') })
  let sum = 8 * 0x20
  for (let at = 0; at < 512; at += 1) if (at < 148 || at >= 156) sum += member.readInt8(at)
  member.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  return member
}

/** A member whose header claims other content than its own: what follows is swallowed, or taken for a header. */
function lying(size: number): Buffer {
  const member = tarMember('b', 'evil')
  member.write(size.toString(8).padStart(11, '0'), 124, 'latin1')
  fixChecksum(member.subarray(0, 512))
  return member
}

/** A size in base 256: GNU's way to say what eleven octal digits cannot. */
function base256(size: bigint): Buffer {
  const field = Buffer.alloc(12)
  field.writeBigInt64BE(size, 4)
  field[0] = size < 0n ? 0xff : 0x80
  return size < 0n ? Buffer.concat([Buffer.alloc(4, 0xff), field.subarray(4)]) : field
}

const names: readonly HostileCase[] = [
  ['a duplicate', named('a'), second, /appears twice/],
  ['a duplicate behind "./"', named('./a'), second, /appears twice/],
  ['a duplicate by pax', after(pax(['path', 'a']), tarMember('b', 'evil')), second, /appears twice/],
  ['a duplicate by GNU long name', after(tarExtension('L', 'a\0'), tarMember('b', 'evil', gnu)), second, /appears twice/],
  ['a duplicate by prefix', tarOf(tarMember('p/a', 'one'), tarMember('a', 'evil', { 345: 'p' })), second, /appears twice/],
  ['a case twin', named('A'), second, /only in case/],
  ['a case twin beyond ASCII', tarOf(tarMember('é', 'one'), tarMember('É', 'evil')), 'tar entry 1 at offset 2048', /only in case/],
  ['a Unicode twin', tarOf(tarMember('é', 'one'), tarMember('e\u0301', 'evil')), 'tar entry 1 at offset 2048', /only in case/],
  ['a twin but for a joiner', named('a\u200d'), second, /only in case/],
  ['a twin on Windows', tarOf(tarMember('a_b', 'one'), tarMember('a?b', 'evil')), second, /only in case/],
  ['a way out', named('../x'), second, /"\.\."/],
  ['a way out and back', named('d/../a'), second, /"\.\."/],
  ['an absolute name', named('/a'), second, /absolute/],
  ['a double slash', named('d//a'), second, /empty or "\."/],
  ['a backslash', named('d\\a'), second, /backslash/],
  ['a drive', named('C:a'), second, /drive letter/],
  ['a stream of another file', named('ab::$DATA'), second, /colon/],
  ['a device of Windows', named('aux.py'), second, /device on Windows/],
  ['a dot that Windows leaves out', named('a.'), second, /ends in a dot/],
  ['NUL inside', after(tarMember('b', 'evil', { 0: 'b\0c' })), second, /after its NUL/],
  ['NUL inside by pax', after(pax(['path', 'b\0c']), tarMember('b', 'evil')), second, /NUL/],
  ['a line break', named('b\nc'), second, /control character/],
  ['a direction override', named('b\u202egpj.py'), second, /invisible/],
  ['no UTF-8', after(tarMember('b', 'evil', { 0: Buffer.from([0xff, 0xfe]) })), second, /not UTF-8/],
  [
    '255 bytes that are no UTF-8',
    after(tarExtension('L', Buffer.concat([Buffer.alloc(255, 0xff), Buffer.alloc(1)])), tarMember('b', 'evil', gnu)),
    second,
    /not UTF-8/
  ],
  ['256 bytes', named('n'.repeat(256)), second, /exceeds 255 bytes/],
  ['a file that ends in "/"', named('b/'), second, /no folder/],
  ['an old file that ends in "/"', after(tarMember('b/', '', { 156: '\0', 257: Buffer.alloc(8), 265: Buffer.alloc(235) })), second, /no folder/]
] // prettier-ignore

const links: readonly HostileCase[] = [
  ['a link, then a file through it', tarOf(tarLink('d', '/tmp'), tarMember('d/x', 'evil')), 'tar entry 1 at offset 512', /earlier entry/],
  ['a link in the place of a folder', tarOf(tarMember('d/x', 'one'), tarLink('d', '/tmp')), second, /folder of earlier/],
  ['a file in the place of a link', tarOf(tarLink('d', '/tmp/x'), tarMember('d', 'evil')), 'tar entry 1 at offset 512', /appears twice/],
  ['a hard link to nothing', after(tarHardLink('b', 'c')), second, /no earlier file/],
  ['a hard link to itself', after(tarHardLink('b', 'b')), second, /no earlier file/],
  ['a hard link to a later file', after(tarHardLink('b', 'c'), tarMember('c', 'evil')), second, /no earlier file/],
  ['a hard link to a link', tarOf(tarLink('l', 'a'), tarHardLink('b', 'l', 0o777)), 'tar entry 1 at offset 512', /no earlier file/],
  ['a hard link out', after(tarHardLink('b', '../a')), second, /no earlier file/],
  ['a hard link of another mode', after(tarHardLink('b', 'a', 0o755)), second, /other permissions/],
  ['a hard link with content', after(tarMember('b', 'evil', { 156: '1', 157: 'a' })), second, /only a file may have content/],
  ['a link with content', after(tarMember('b', 'evil', { 156: '2', 157: 'a' })), second, /only a file may have content/],
  ['a file with a link target', after(tarMember('b', 'evil', { 157: 'a' })), second, /only a link may have a target/],
  ['a file with a target by pax', after(pax(['linkpath', 'a']), tarMember('b', 'evil')), second, /only a link may have a target/],
  ['a folder with content', after(tarMember('b', 'evil', { 156: '5' })), second, /only a file may have content/]
] // prettier-ignore

const kinds: readonly HostileCase[] = [
  ['a character device', after(tarMember('b', '', { 156: '3' })), second, /character device/],
  ['a block device', after(tarMember('b', '', { 156: '4' })), second, /block device/],
  ['a named pipe', after(tarMember('b', '', { 156: '6' })), second, /named pipe/],
  ['a contiguous file', after(tarMember('b', 'evil', { 156: '7' })), second, /contiguous/],
  ['an unknown type', after(tarMember('b', 'evil', { 156: 'Z' })), second, /unknown type/],
  ['a GNU sparse file', after(tarMember('b', 'evil', { ...gnu, 156: 'S' })), second, /sparse|no field owns/],
  ['a part of a file of several volumes', after(tarMember('b', 'evil', { ...gnu, 156: 'M' })), second, /unknown type/],
  ['a volume label', after(tarMember('b', '', { ...gnu, 156: 'V' })), second, /unknown type/],
  ['a list of a folder', after(tarMember('b', 'Ya\0\0', { ...gnu, 156: 'D' })), second, /unknown type/],
  ['an old long name', after(tarMember('b', 'Rename a to c\n', { ...gnu, 156: 'N' })), second, /unknown type/],
  ['a sparse file by pax', after(pax(['GNU.sparse.major', '1'], ['GNU.sparse.minor', '0'], ['GNU.sparse.name', 'c']), tarMember('b', '0\n')), second, /sparse/],
  ['a mode of another type', after(tarMember('b', 'evil', { 100: '0120644' })), second, /disagree/]
] // prettier-ignore

const extensions: readonly HostileCase[] = [
  ['a size by pax that is smaller', after(pax(['size', '0']), tarMember('b', 'evil')), second, /disagree on the size/],
  ['a size by pax that swallows a member', after(pax(['size', '1028']), tarMember('b', 'evil'), tarMember('c', 'two')), second, /disagree on the size/],
  ['a negative size by pax', after(pax(['size', '-1']), tarMember('b', 'evil')), second, /malformed/],
  ['a path by pax twice', after(pax(['path', 'c'], ['path', 'd']), tarMember('b', 'evil')), second, /twice/],
  ['two pax headers', after(pax(['path', 'c']), pax(['path', 'd']), tarMember('b', 'evil')), second, /two extension/],
  ['pax and GNU names', after(tarExtension('L', 'c\0'), pax(['path', 'd']), tarMember('b', 'evil')), second, /mixes/],
  ['two GNU names', after(tarExtension('L', 'c\0'), tarExtension('L', 'd\0'), tarMember('b', 'evil', gnu)), second, /two extension/],
  ['a GNU name with NUL inside', after(tarExtension('L', 'c\0d\0'), tarMember('b', 'evil', gnu)), second, /holds NUL/],
  ['a global path', after(tarExtension('g', paxRecord('path', 'c')), tarMember('b', 'evil')), second, /global pax/],
  ['a global size', after(tarExtension('g', paxRecord('size', '0')), tarMember('b', 'evil')), second, /global pax/],
  ['another character set', after(pax(['hdrcharset', 'BINARY'], ['path', 'c']), tarMember('b', 'evil')), second, /not known/],
  ['an empty path', after(pax(['path', '']), tarMember('b', 'evil')), second, /malformed/],
  ['a record that is too long', after(tarExtension('x', '99 path=c\n'), tarMember('b', 'evil')), second, /where its length says/],
  ['a record that is too short', after(tarExtension('x', '9 path=c\n\n'), tarMember('b', 'evil')), second, /where its length says|no length/],
  ['a record without "="', after(tarExtension('x', '9 path c\n'), tarMember('b', 'evil')), second, /where its length says/],
  ['records, then zeros', after(tarExtension('x', `${paxRecord('path', 'c')}\0\0`), tarMember('b', 'evil')), second, /no length/],
  ['an extension of 2 GiB', after(tarMember('x', '', { 156: 'x', 124: '20000000000' })), second, /larger than 1 MiB/],
  ['an extension and no member', after(pax(['path', 'c'])), second, /after an extension/]
] // prettier-ignore

const numbers: readonly HostileCase[] = [
  ['a wrong checksum', after(tarMember('b', 'evil', { 148: '0000001\0' })), second, /checksum/],
  ['a signed checksum', after(signedChecksum()), second, /checksum/],
  ['a blank checksum', after(tarMember('b', 'evil', { 148: '        ' })), second, /no octal|checksum/],
  ['a size that swallows a member', after(lying(516), tarMember('c', 'two')), second, /padding|checksum|archive ends/],
  ['a negative size', after(tarMember('b', 'evil', { ...gnu, 124: base256(-4n) })), second, /negative/],
  ['a whole block less than nothing', after(tarMember('b', '', { ...gnu, 124: base256(-512n) })), second, /negative/],
  ['a size beyond all', after(tarMember('b', 'evil', { ...gnu, 124: base256(2n ** 62n) })), second, /out of range/],
  ['a size in base 256 in ustar', after(tarMember('b', 'evil', { 124: base256(4n) })), second, /base 256/],
  ['a size with a sign', after(tarMember('b', 'evil', { 124: '+0000000004\0' })), second, /no octal/],
  ['a size with a digit 8', after(tarMember('b', 'evil', { 124: '00000000008\0' })), second, /no octal/],
  ['a size that ends early', after(tarMember('b', 'evil', { 124: '4\u00000000000\0' })), second, /no octal/],
  ['a blank size', after(tarMember('b', '', { 124: ' '.repeat(12) })), second, /no octal/],
  ['an impossible owner', after(tarMember('b', 'evil', { ...gnu, 108: Buffer.alloc(8, 0xff) })), second, /out of range/]
] // prettier-ignore

const blocks: readonly HostileCase[] = [
  ['GNU magic with a name prefix', after(tarMember('b', 'evil', { ...gnu, 345: 'p' })), second, /no field owns/],
  ['no magic with a name prefix', after(tarMember('b', 'evil', { 257: Buffer.alloc(8), 265: Buffer.alloc(80), 345: 'p' })), second, /no field owns/],
  ['an unknown magic', after(tarMember('b', 'evil', { 257: 'uztar\x0000' })), second, /magic/],
  ['bytes after the prefix', after(tarMember('b', 'evil', { 505: 'x' })), second, /no field owns/],
  ['bytes in the padding', after(Buffer.concat([tarMember('b', 'evil').subarray(0, 1023), Buffer.from('x')])), second, /padding is not zero/],
  ['an archive behind the end', Buffer.concat([tarOf(first), tarOf(tarMember('b', 'evil'))]), `tar at offset ${first.length + 512}`, /follows the end/],
  ['a member behind one zero block', Buffer.concat([first, Buffer.alloc(512), tarOf(tarMember('b', 'evil'))]), `tar at offset ${first.length + 512}`, /follows the end/],
  ['one zero block alone', Buffer.concat([first, Buffer.alloc(512)]), `tar at offset ${first.length + 512}`, /second end block/],
  ['no end', first, second, /without its end/],
  ['a byte behind the end', Buffer.concat([tarOf(first), Buffer.from('x')]), `tar at offset ${first.length + 512}`, /follows the end/],
  ['a cut header', Buffer.concat([first, tarMember('b', 'evil').subarray(0, 300)]), second, /cut/],
  ['cut content', Buffer.concat([first, tarMember('b', 'evil').subarray(0, 514)]), second, /inside the content/],
  ['nothing at all', Buffer.alloc(0), start, /without its end/]
] // prettier-ignore

export const tarCases: Readonly<Record<string, readonly HostileCase[]>> = {
  names,
  links,
  kinds,
  extensions,
  numbers,
  blocks
}

/** What is odd and read by all in one way. */
export const oddTars: readonly [string, Buffer][] = [
  ['a name of 255 bytes', after(tarMember('é'.repeat(127) + 'x', 'two'))],
  ['content that looks like a member', after(tarMember('b', tarMember('c', 'evil')))],
  ['a name of its own prefix', after(tarMember(`${'deep/'.repeat(30)}f`, 'two'))],
  ['a GNU size in base 256', after(tarMember('b', 'two', { ...gnu, 124: base256(3n) }))],
  ['numbers with spaces', after(tarMember('b', 'two', { 124: '         3 \0', 100: '   644 \0' }))],
  ['no magic', after(tarMember('b', 'two', { 257: Buffer.alloc(8), 265: Buffer.alloc(235) }))],
  ['type NUL', after(tarMember('b', 'two', { 156: '\0' }))],
  ['a folder with its file before it', tarOf(tarMember('d/x', 'one'), tarFolder('d'))],
  ['a time before 1970', after(pax(['mtime', '-1.5']), tarMember('b', 'two'))],
  ['a hard link to a hard link', after(tarHardLink('b', 'a'), tarHardLink('c', 'b'))],
  ['a link that leads nowhere', after(tarLink('l', 'nowhere/at/all'))],
  ['a vendor record', after(pax(['SCHILY.xattr.user.x', 'y']), tarMember('b', 'two'))],
  ['many zero blocks', Buffer.concat([tarOf(first), Buffer.alloc(20 * 512)])],
  ['an owner of 32 bits', after(tarMember('b', 'two', { 108: Buffer.from([0x80, 0, 0, 0, 0x7f, 0, 0, 1]) }))]
]
