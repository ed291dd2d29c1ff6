import { gzipSync } from 'node:zlib'
import {
  fixChecksum,
  paxRecord,
  tarExtension,
  tarFolder,
  tarHardLink,
  tarLink,
  tarMember
} from '../../unit/formats/forge.ts'
import type { Packing } from './peers.ts'
import type { Random } from './random.ts'

/** Members as they stand in a stream, extension headers of a member with it. */
type Members = Buffer[]

const gnu = { 257: 'ustar  \0' }
const v7 = { 257: Buffer.alloc(8), 265: Buffer.alloc(235) }

/** Honest archives of each dialect; every kind of member that the reader accepts is in one of them. */
const seeds: readonly (() => Members)[] = [
  () => [
    tarFolder('d'),
    tarMember('d/a.py', 'one\n'),
    tarMember('d/run.sh', '#!/bin/sh\n', { 100: '0000755' }),
    tarLink('d/link', 'a.py'),
    tarHardLink('d/hard', 'd/a.py')
  ],
  () => [
    tarExtension('g', paxRecord('comment', 'f'.repeat(40))),
    Buffer.concat([tarExtension('x', paxRecord('mtime', '1700000000.5')), tarMember('p/a.py', 'two\n')]),
    tarMember(`p/${'n'.repeat(150)}.py`, 'long\n'),
    tarMember('p/é.py', 'name\n'),
    tarLink('p/l', 'a.py')
  ],
  () => [
    tarMember('g/a.py', 'three\n', gnu),
    Buffer.concat([tarExtension('L', `g/${'m'.repeat(120)}\0`), tarMember('g/m', 'far\n', gnu)]),
    Buffer.concat([tarExtension('K', `${'t'.repeat(120)}\0`), tarLink('g/l', 'tttt')]),
    tarMember('g/b.py', Buffer.alloc(700, 'x'), gnu)
  ],
  () => [tarMember('v/a.py', 'old\n', v7), tarMember('v/b.py', 'older\n', v7), tarMember('./v/c.py', '')],
  () => [tarMember(`${'deep/'.repeat(24)}${'f'.repeat(60)}.py`, 'far down\n'), tarMember('z', 'z')]
]

const names = [
  'd', 'd/', 'd/a.py', './d/a.py', 'd//a.py', 'D/A.py', '../x', '/x', 'd/./a.py', 'd/..', '.', './', '', 'p/a.py',
  'd/link/x', 'new', 'n'.repeat(100), 'é', 'e\u0301', 'a\\b', 'C:x', 'd/a.py/x', 'd/a.py ', ' d', 'd/\u202e'
] as const // prettier-ignore
const numbers = [
  '00000000000', '00000000001', '00000000004', '00000001000', '         4 ', '4\0', ' 4\0', '4 \0', '\0', '+4', '-4', '0x4',
  '4 5', '77777777777', Buffer.from([0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4]), Buffer.alloc(12, 0xff), Buffer.concat([Buffer.alloc(10, 0xff), Buffer.from([0xfe, 0])]), '00000000010\x00', '8'
] as const // prettier-ignore
const modes = ['0000644', '0000755', '0000000', '0000100', '0000011', '0004755', '0100644', '0040755', '0120777', '755 \0'] as const // prettier-ignore
const types = ['0', '\0', '1', '2', '3', '4', '5', '6', '7', 'L', 'K', 'x', 'g', 'S', 'D', 'M', 'N', 'V', 'X', 'A', ' '] as const // prettier-ignore
const magics = [
  'ustar\x0000',
  'ustar  \0',
  '\0\0\0\0\0\0\0\0',
  'ustar\0\0\0',
  'ustar 00',
  'USTAR\x0000'
] as const

interface Field {
  at: number
  size: number
  values: readonly (string | Buffer)[]
}
const fields: readonly Field[] = [
  { at: 0, size: 100, values: names },
  { at: 100, size: 8, values: modes },
  { at: 108, size: 8, values: numbers },
  { at: 124, size: 12, values: numbers },
  { at: 136, size: 12, values: numbers },
  { at: 156, size: 1, values: types },
  { at: 157, size: 100, values: names },
  { at: 257, size: 8, values: magics },
  { at: 265, size: 32, values: names },
  { at: 329, size: 8, values: numbers },
  { at: 345, size: 155, values: ['', 'd', 'p/', '/', 'x'.repeat(155), '..', Buffer.alloc(155, 1)] },
  { at: 500, size: 12, values: ['', 'x', 'tar\0'] }
]
const paxKeys = ['path', 'linkpath', 'size', 'mtime', 'uid', 'hdrcharset', 'GNU.sparse.name', 'GNU.sparse.realsize', 'GNU.sparse.major', 'SCHILY.xattr.user.x', 'SCHILY.realsize', 'LIBARCHIVE.x', 'atime', 'comment', 'charset', ' path', 'path ', 'Path', 'gname'] as const // prettier-ignore
const paxValues = [...names, '0', '1', '4', '5', '04', '-1', '4.0', '4\n', '9999999999999', 'BINARY', '1.5', '1e3', 'a=b', 'x\ny'] as const // prettier-ignore

/** Where header blocks begin in a member, its extensions' data left out by their sizes. */
function headerOffsets(member: Buffer): number[] {
  const found: number[] = []
  for (let at = 0; at + 512 <= member.length;) {
    found.push(at)
    const size = parseInt(member.toString('latin1', at + 124, at + 135), 8)
    at += 512 + Math.ceil((Number.isSafeInteger(size) ? size : 0) / 512) * 512
  }
  return found
}

function someHeader(member: Buffer, random: Random): Buffer {
  const at = random.pick(headerOffsets(member))
  return member.subarray(at, at + 512)
}

/** An extension header with right or wrong data. */
function someExtension(random: Random): Buffer {
  if (random.chance(0.3))
    return tarExtension(random.pick(['L', 'K']), random.pick(paxValues) + random.pick(['\0', '']))
  const records: string[] = []
  for (let count = 1 + random.below(3); count > 0; count -= 1) {
    const record = paxRecord(random.pick(paxKeys), random.pick(paxValues))
    const lie = random.chance(0.1)
      ? record.replace(/^\d+/, (digits) => String(Number(digits) + random.below(3) - 1))
      : record
    records.push(lie)
  }
  return tarExtension(random.chance(0.9) ? 'x' : 'g', records.join(''))
}

type Operator = (members: Members, random: Random) => Members

/** Changes to members whose checksums are made right again: what a writer with ill will would make. */
const operators: readonly Operator[] = [
  function setField(members, random) {
    const block = someHeader(random.pick(members), random)
    const { at, size, values } = random.pick(fields)
    block.fill(0, at, at + size)
    Buffer.from(random.pick(values)).copy(block, at, 0, size)
    fixChecksum(block)
    return members
  },
  function flipHeaderBit(members, random) {
    const block = someHeader(random.pick(members), random)
    const at = random.below(512)
    block[at] = (block[at] ?? 0) ^ (1 << random.below(8))
    if (random.chance(0.95)) fixChecksum(block)
    return members
  },
  function swapFields(members, random) {
    const [one, other] = [someHeader(random.pick(members), random), someHeader(random.pick(members), random)]
    const { at, size } = random.pick(fields)
    const kept = Buffer.from(one.subarray(at, at + size))
    other.copy(one, at, at, at + size)
    kept.copy(other, at)
    fixChecksum(one)
    fixChecksum(other)
    return members
  },
  function lieAboutSize(members, random) {
    const block = someHeader(random.pick(members), random)
    const size = parseInt(block.toString('latin1', 124, 135), 8) || 0
    const lie = Math.max(0, size + random.pick([-512, -1, 1, 511, 512, 1024]))
    block.write(lie.toString(8).padStart(11, '0'), 124, 'latin1')
    fixChecksum(block)
    return members
  },
  function signedChecksum(members, random) {
    const block = someHeader(random.pick(members), random)
    let sum = 8 * 0x20
    for (let at = 0; at < 512; at += 1) if (at < 148 || at >= 156) sum += block.readInt8(at)
    block.write(
      random.pick([`${sum.toString(8).padStart(6, '0')}\0 `, `${sum.toString(8)}\0`.padStart(8)]),
      148,
      'latin1'
    )
    return members
  },
  function insertExtension(members, random) {
    const at = random.below(members.length)
    return members.with(at, Buffer.concat([someExtension(random), members[at] ?? Buffer.alloc(0)]))
  },
  function insertMember(members, random) {
    const name = random.pick(names).replace(/\/$/, '') || 'x'
    const member = random.pick([
      () => tarMember(name, random.pick(['', 'new\n', 'y'.repeat(513)])),
      () => tarFolder(name),
      () => tarLink(name, random.pick(names) || 'y'),
      () => tarHardLink(name, random.pick(names) || 'y'),
      () => tarMember(name, '', { 156: random.pick(types) })
    ])()
    return members.toSpliced(random.below(members.length + 1), 0, member)
  },
  function duplicate(members, random) {
    return members.toSpliced(random.below(members.length + 1), 0, Buffer.from(random.pick(members)))
  },
  function reorder(members, random) {
    const at = random.below(members.length)
    const moved = members[at] ?? Buffer.alloc(0)
    return members.toSpliced(at, 1).toSpliced(random.below(members.length), 0, moved)
  },
  function remove(members, random) {
    return members.length === 1 ? members : members.toSpliced(random.below(members.length), 1)
  },
  function splice(members, random) {
    const other = random.pick(random.pick(seeds)())
    return members.toSpliced(random.below(members.length + 1), 0, other)
  },
  function zeroBlock(members, random) {
    return members.toSpliced(random.below(members.length + 1), 0, Buffer.alloc(512))
  },
  function noiseInPadding(members, random) {
    const member = random.pick(members)
    if (random.chance(0.5) && member.length > 512) member[member.length - 1] = 1
    return members
  }
]

function wholeOf(members: Members, random: Random): Buffer {
  const tar = Buffer.concat([...members, Buffer.alloc(512 * random.pick([2, 2, 2, 2, 2, 2, 2, 1, 0, 3, 20]))])
  if (random.chance(0.02)) return tar.subarray(0, random.below(tar.length))
  if (random.chance(0.02))
    return Buffer.concat([tar, random.pick([tar, Buffer.alloc(1), Buffer.alloc(512, 1)])])
  return tar
}

/** Changes around the compressed bytes. */
function gzipped(tar: Buffer, random: Random): Buffer {
  const bytes = gzipSync(tar, { level: random.pick([0, 1, 6]) })
  const how = random.below(9)
  if (how === 0) return Buffer.concat([bytes, gzipSync(random.chance(0.5) ? tar : '')])
  if (how === 1) return Buffer.concat([bytes, Buffer.alloc(1 + random.below(20), random.below(2))])
  if (how === 2) return bytes.subarray(0, random.below(bytes.length))
  if (how === 3) return Buffer.concat([gzipSync(tar.subarray(0, 512)), gzipSync(tar.subarray(512))])
  if (how < 6) bytes[random.below(random.chance(0.6) ? 10 : bytes.length)] = random.below(256)
  if (how === 6) {
    bytes[3] = 8
    return Buffer.concat([bytes.subarray(0, 10), Buffer.from(`${random.pick(names)}\0`), bytes.subarray(10)])
  }
  return bytes
}

/** One mutant of a random seed: one to three changes. */
export function tarMutant(random: Random): { packing: Packing; bytes: Buffer } {
  let members = random.pick(seeds)()
  for (let count = 1 + random.below(3); count > 0; count -= 1)
    members = random.pick(operators)(members, random)
  const tar = wholeOf(members, random)
  return random.chance(0.15) ? { packing: 'g', bytes: gzipped(tar, random) } : { packing: 't', bytes: tar }
}
