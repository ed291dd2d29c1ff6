import { deflateRawSync } from 'node:zlib'
import {
  descriptorOf,
  extraField,
  forgeZip,
  type ForgedZip,
  type ForgedZipEntry
} from '../../unit/formats/forge.ts'
import type { Random } from './random.ts'

const text = Buffer.from('some text, some text, some text\n')

/** Honest archives: stored, deflated, with folders, with descriptors, with ZIP64 fields and time stamps. */
const seeds: readonly (() => ForgedZipEntry[])[] = [
  () => [
    { name: 'd/', content: Buffer.alloc(0), mode: 0o040755 },
    { name: 'd/a.py', content: text, method: 8 },
    { name: 'd/run.sh', content: text, mode: 0o100755 },
    { name: 'd/empty', content: Buffer.alloc(0) }
  ],
  () => [
    { name: 'é.py', content: text, method: 8 },
    { name: 'dos.py', content: text, external: 0 },
    { name: 'wide.py', content: text, localExtra: extraField(1, wide(text.length, text.length)) }
  ],
  () => [
    {
      name: 's.py',
      content: text,
      method: 8,
      flags: 8,
      after: descriptorOf(text, deflateRawSync(text).length)
    },
    {
      name: 't.py',
      localExtra: extraField(0x5455, Buffer.from([1, 1, 2, 3, 4])),
      centralExtra: extraField(0x5455, Buffer.from([1, 1, 2, 3, 4]))
    }
  ]
]

function wide(...values: number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 8)
  values.forEach((value, at) => bytes.writeBigUInt64LE(BigInt(value), at * 8))
  return bytes
}

const names = [
  'd', 'd/', 'd/a.py', './d/a.py', 'd//a.py', 'D/A.py', '../x', '/x', 'd/./a.py', 'd/a.py/', 'a\0b', 'é.py', 'e\u0301.py',
  'new', 'n'.repeat(255), 'n'.repeat(256), 'a\\b', 'C:x', 'd/a.py/x', 'd/a.py ', ' d', '\u202ed', '', '/', 'con', 'x.'
] as const // prettier-ignore
const modes = [0o100644, 0o100755, 0o644, 0o755, 0, 0o120777, 0o040755, 0o104755, 0o100011, 0o010644] as const
const extras = [0x0001, 0x5455, 0x7875, 0x7075, 0x6375, 0x000a, 0xcafe, 0x9901] as const

function someExtra(random: Random): Buffer {
  const data = random.pick([Buffer.alloc(0), wide(text.length), wide(text.length, text.length), Buffer.from([1, 0, 0, 0, 0, 120]), Buffer.alloc(9)]) // prettier-ignore
  const field = extraField(random.pick(extras), data)
  return random.chance(0.1)
    ? field.subarray(0, -1)
    : random.chance(0.1)
      ? Buffer.concat([field, field])
      : field
}

/** Deflate streams that end early, late, twice, or in another form. */
function somePacked(content: Buffer, random: Random): Buffer {
  const packed = deflateRawSync(content, { level: random.pick([0, 1, 9]) })
  return random.pick([
    () => packed,
    () => packed.subarray(0, -1),
    () => Buffer.concat([packed, Buffer.from([random.below(256)])]),
    () => Buffer.concat([packed, packed]),
    // An empty stored block that is not the last one, in front.
    () => Buffer.concat([Buffer.from([0, 0, 0, 0xff, 0xff]), packed]),
    // And at the end, where it is the last one: the stream before it must not be.
    () => Buffer.concat([packed, Buffer.from([1, 0, 0, 0xff, 0xff])])
  ])()
}

type Operator = (entries: ForgedZipEntry[], random: Random) => ForgedZipEntry[]

/** Changes an entry keeps its place with. */
function changed(change: (entry: ForgedZipEntry, random: Random) => Partial<ForgedZipEntry>): Operator {
  return (entries, random) => {
    const at = random.below(entries.length)
    const entry = entries[at]
    return entry === undefined ? entries : entries.with(at, { ...entry, ...change(entry, random) })
  }
}

const operators: readonly Operator[] = [
  changed((_, random) => ({ name: random.pick(names) })),
  changed((_, random) => ({ localName: random.pick(names) })),
  changed((_, random) => ({ mode: random.pick(modes) })),
  changed((_, random) => ({
    external: random.pick([0, 0x10, 0x01, 0x20, 0o100755 * 65536 + 0x10, 0o040755 * 65536])
  })),
  changed((_, random) => ({ flags: random.pick([0, 1, 2, 4, 6, 8, 0x800, 0x808, 0x2000, 0x40]) })),
  changed((_, random) => ({ method: random.pick([0, 8, 9, 12, 14, 93, 99]) })),
  changed((_, random) => ({ content: random.pick([Buffer.alloc(0), text, Buffer.alloc(3, 'x')]) })),
  changed((entry, random) => ({ method: 8, packed: somePacked(entry.content ?? text, random) })),
  changed((entry, random) => ({
    localSize: Math.max(0, (entry.content ?? text).length + random.below(3) - 1)
  })),
  changed((entry, random) => ({
    centralSize: Math.max(0, (entry.content ?? text).length + random.below(3) - 1)
  })),
  changed((_, random) => ({ crc: random.below(3) })),
  changed((_, random) => ({ localExtra: someExtra(random) })),
  changed((_, random) => ({ centralExtra: someExtra(random) })),
  changed(() => ({ comment: 'c' })),
  changed((_, random) => ({ offsetShift: random.below(3) })),
  changed((_, random) => ({ localTime: random.below(2 ** 32) })),
  changed((_, random) => ({ after: Buffer.alloc(random.below(20), random.below(2)) })),
  changed((entry) => ({
    after: descriptorOf(entry.content ?? text, (entry.packed ?? entry.content ?? text).length)
  })),
  changed((entry) => ({
    flags: 8,
    method: 0,
    after: descriptorOf(entry.content ?? text, (entry.content ?? text).length).subarray(4)
  })),
  changed(() => ({ hiddenFromDirectory: true })),
  (entries, random) => entries.toSpliced(random.below(entries.length + 1), 0, { name: random.pick(names) }),
  (entries, random) => entries.toSpliced(random.below(entries.length + 1), 0, random.pick(entries)),
  (entries, random) => [...entries, { ...random.pick(entries), centralOnly: true }],
  (entries, random) => {
    const [moved, ...others] = entries
    return moved === undefined ? entries : others.toSpliced(random.below(entries.length), 0, moved)
  },
  (entries, random) =>
    entries.toSpliced(random.below(entries.length + 1), 0, random.pick(random.pick(seeds)()))
]

const wholes: readonly ((random: Random) => ForgedZip)[] = [
  () => ({ prefix: Buffer.from('#!') }),
  () => ({ beforeDirectory: Buffer.from('x') }),
  () => ({ beforeEnd: Buffer.from('x') }),
  () => ({ tail: Buffer.from('x') }),
  (random) => ({ count: random.below(6) }),
  (random) => ({ endComment: random.pick(['c', forgeZip([{ name: 'inner' }]).toString('latin1')]) })
]

/** Changes that need no knowledge of the format, for what the others forget. */
function blunt(bytes: Buffer, random: Random): Buffer {
  const how = random.below(4)
  if (how === 0) return bytes.subarray(0, random.below(bytes.length))
  if (how === 1) return Buffer.concat([bytes, random.chance(0.5) ? bytes : forgeZip([{ name: 'two' }])])
  const at = random.below(bytes.length)
  if (how === 2) bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8))
  else bytes[at] = random.below(256)
  return bytes
}

/** The same value in local and central header, where both hold it at a fixed place. */
function twice(bytes: Buffer, random: Random): Buffer {
  const directory = bytes.readUInt32LE(bytes.length - 6)
  const [local, central, size] = random.pick([[4, 6, 2], [6, 8, 2], [8, 10, 2], [10, 12, 4], [14, 16, 4], [18, 20, 4], [22, 24, 4]] as const) // prettier-ignore
  if (directory + central + size > bytes.length) return bytes
  const bit = random.below(size * 8)
  for (const at of [local, directory + central]) {
    const place = at + (bit >> 3)
    bytes[place] = (bytes[place] ?? 0) ^ (1 << (bit & 7))
  }
  return bytes
}

/** One mutant of a random seed: one to three changes, sometimes with a blunt one after them. */
export function zipMutant(random: Random): { packing: 'z'; bytes: Buffer } {
  let entries = random.pick(seeds)()
  for (let count = 1 + random.below(3); count > 0; count -= 1)
    entries = random.pick(operators)(entries, random)
  const rules = random.chance(0.1) ? random.pick(wholes)(random) : {}
  const bytes = forgeZip(entries, rules)
  if (random.chance(0.15)) return { packing: 'z', bytes: twice(bytes, random) }
  return { packing: 'z', bytes: random.chance(0.25) ? blunt(bytes, random) : bytes }
}
