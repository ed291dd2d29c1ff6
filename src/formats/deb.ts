import { createReadStream } from 'node:fs'
import { readAr, type ArMember } from './ar.ts'
import { readGzip } from './gzip.ts'
import { invalidArchive } from './invalid.ts'
import { readTar, type TarEntry, type TarRules } from './tar/reader.ts'
import { readXz } from './xz/reader.ts'
import { readZstd } from './zstd.ts'

/** What holds the members of a deb, for comparison. */
export type DebContainer = Record<string, string | number>

/** An entry of one of the two tar archives. */
export interface DebEntry {
  part: 'control' | 'data'
  entry: TarEntry
}

/**
 * How the tar archives of a deb are read: as dpkg does, whose own reader knows ustar and GNU's long names, not pax.
 * Devices, pipes and names that Windows cannot have are as honest as on any file system.
 */
export const debTarRules = {
  specials: 'accept',
  pax: 'refuse',
  twins: 'accept'
} as const satisfies TarRules

const parts = ['debian-binary', 'control', 'data'] as const
type Part = (typeof parts)[number]
type Unpack = (
  packed: AsyncIterable<Buffer>,
  tell: (facts: Record<string, string | number>) => void
) => AsyncIterable<Buffer>

/** What dpkg-deb writes today; older archives have `.bz2` and `.lzma`, which are refused by name. */
const unpackers: Readonly<Record<string, Unpack>> = {
  '': (packed) => packed,
  '.gz': (packed, tell) =>
    readGzip(packed, {
      onHeader: ({ flags, mtime, extraFlags, operatingSystem, name }) =>
        tell({
          GzipFlags: flags,
          GzipMtime: mtime,
          GzipExtraFlags: extraFlags,
          GzipSystem: operatingSystem,
          GzipName: name
        })
    }),
  '.xz': (packed, tell) =>
    readXz(packed, {
      onEnd: ({ check, blocks, dictionarySize, sized }) =>
        tell({
          XzCheck: check,
          XzBlocks: blocks,
          XzDictionary: dictionarySize,
          XzSizes: sized ? 'stated' : 'absent'
        })
    }),
  '.zst': (packed, tell) =>
    readZstd(packed, {
      onEnd: ({ frames, window, checksum, sized }) =>
        tell({
          ZstdFrames: frames,
          ZstdWindow: window,
          ZstdChecksum: checksum ? 'there' : 'absent',
          ZstdSizes: sized ? 'stated' : 'absent'
        })
    })
}

/**
 * Reads a deb (deb(5)) strictly: `debian-binary` of format 2.0, `control.tar` and `data.tar`, each plain or packed with
 * gzip, xz or zstd, in this order and nothing else. Entries come as they are read; their content is there until the
 * next is asked for.
 *
 * @param container gets what belongs to no member: times, owners and modes of the outer archive, and how each part is
 *   packed. Keys begin with `debianBinary`, `controlTar` or `dataTar`.
 * @throws TagproofError `archive-invalid`; `tool-missing` where this Node has no zstd
 */
export async function* readDeb(
  file: string,
  container: DebContainer = {}
): AsyncGenerator<DebEntry, void, void> {
  let next = 0
  for await (const member of readAr(createReadStream(file, { highWaterMark: 1 << 18 }))) {
    const part = parts[next]
    const compression = part === undefined ? undefined : partOf(member, part)
    if (part === undefined || compression === undefined) throw misplaced(member, part)
    next += 1
    const key = { 'debian-binary': 'debianBinary', control: 'controlTar', data: 'dataTar' }[part]
    container[`${key}Mtime`] = member.mtime
    container[`${key}Owner`] = `${member.uid}:${member.gid}`
    container[`${key}Mode`] = member.mode.toString(8)
    if (part === 'debian-binary') {
      await checkFormat(member)
      continue
    }
    container[`${key}Compression`] = compression.slice(1) || 'none'
    const tell = (facts: Record<string, string | number>): void => {
      for (const [name, value] of Object.entries(facts)) container[`${key}${name}`] = value
    }
    const tar = unpackers[compression]?.(member.content, tell) ?? member.content
    for await (const entry of readTar(tar, {
      ...debTarRules,
      onEnd: (zeros) => (container[`${key}Zeros`] = zeros)
    }))
      yield { part, entry }
  }
  if (next < parts.length)
    throw invalidArchive({ format: 'deb' }, `the member ${parts[next] ?? ''} is missing`)
}

/** How the member is packed if it is the part that must come now. */
function partOf({ name }: ArMember, part: Part): string | undefined {
  if (part === 'debian-binary') return name === part ? '' : undefined
  const compression = name.startsWith(`${part}.tar`) ? name.slice(part.length + 4) : undefined
  return compression !== undefined && Object.hasOwn(unpackers, compression) ? compression : undefined
}

function misplaced({ name, index, offset }: ArMember, part: Part | undefined): Error {
  const place = { format: 'deb', entry: index, offset, path: name } as const
  if (part === undefined) return invalidArchive(place, 'nothing may follow data.tar')
  return invalidArchive(place, 'the member is not the one that belongs here', {
    found: name,
    expected:
      part === 'debian-binary' ? part : `${part}.tar, ${part}.tar.gz, ${part}.tar.xz or ${part}.tar.zst`,
    fix: 'Build the package with dpkg-deb and xz (-Zxz).'
  })
}

async function checkFormat({ content, size, index, offset }: ArMember): Promise<void> {
  const pieces: Buffer[] = []
  // What is longer is not held.
  if (size === 4) for await (const piece of content) pieces.push(piece)
  const text = Buffer.concat(pieces).toString('latin1')
  if (text !== '2.0\n')
    throw invalidArchive(
      { format: 'deb', entry: index, offset, path: 'debian-binary' },
      'the format is not 2.0',
      { found: JSON.stringify(text), expected: '"2.0\\n"' }
    )
}
