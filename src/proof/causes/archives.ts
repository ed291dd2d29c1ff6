import { gunzipSync } from 'node:zlib'
import type { Evidence, Explained, Rule } from './evidence.ts'

/** Archives and compressed files inside of packages: what of their headers follows the build. */

const largestInflated = 64 * 1024 * 1024

const sdeTime = 'int(os.environ["SOURCE_DATE_EPOCH"])'

export const archiveRules: readonly Rule[] = [
  {
    name: 'gzip-time',
    explain: onGzip((a, b) =>
      a.subarray(4, 8).equals(b.subarray(4, 8))
        ? undefined
        : {
            cause: `A gzip file holds the time of its making (bytes 4 to 7: ${a.readUInt32LE(4)} in world a, ${b.readUInt32LE(4)} in world b).`,
            fix: `Use gzip -n, or gzip.GzipFile(..., mtime=0); gzip.compress(data, mtime=0).`
          }
    )
  },
  {
    name: 'gzip-name',
    explain: onGzip((a, b) =>
      nameIn(a) === nameIn(b)
        ? undefined
        : {
            cause: `A gzip file holds the name of the file that it was made from (${JSON.stringify(nameIn(a))} in world a, ${JSON.stringify(nameIn(b))} in world b).`,
            fix: 'Use gzip -n, or gzip.GzipFile(filename="", fileobj=..., mtime=0).'
          }
    )
  },
  {
    name: 'deflate-stream',
    explain: onGzip((a, b) => {
      const [one, other] = [inflated(a), inflated(b)]
      if (one === undefined || other === undefined || !one.equals(other)) return undefined
      return {
        cause:
          'The compressed bytes differ and what is compressed does not: another level, number of threads, or library.',
        fix: 'Compress with a fixed level in one thread, or ship the file as it is and let the package compress it.'
      }
    })
  },
  {
    name: 'ar-header',
    explain({ a, b }) {
      const magic = Buffer.from('!<arch>\n')
      if (!a.subarray(0, 8).equals(magic) || !b.subarray(0, 8).equals(magic)) return undefined
      if (a.subarray(24, 56).equals(b.subarray(24, 56))) return undefined
      return {
        cause: 'A static library holds the times and owners of its objects (the headers of ar).',
        fix: 'Make it with ar D (deterministic), or ARFLAGS=rcD; better, do not ship it.'
      }
    }
  },
  zipRule('archive-order', ({ name: one }, { name: other }) =>
    one === other ? undefined : orderCause(one, other)
  ),
  zipRule('zip-time', ({ time: one, name }, { time: other }) =>
    one === other
      ? undefined
      : {
          cause: `A zip archive holds the times of its files (${name}: ${dosTime(one)} in world a, ${dosTime(other)} in world b)${wholeHours(one, other) ? ', in local time' : ''}.`,
          fix: `Give each zipfile.ZipInfo a fixed date_time, such as time.gmtime(${sdeTime})[:6].`
        }
  ),
  zipRule('archive-mode', ({ attributes: one, name }, { attributes: other }) =>
    one === other ? undefined : modeCause(name, one >>> 16, other >>> 16)
  ),
  tarRule('archive-order', ({ name: one }, { name: other }) =>
    one === other ? undefined : orderCause(one, other)
  ),
  tarRule('tar-owner', ({ owner: one, name }, { owner: other }) =>
    one === other
      ? undefined
      : {
          cause: `A tar archive holds who built it (${name}: ${one} in world a, ${other} in world b).`,
          fix: 'Pass a filter to TarFile.add that sets uid = gid = 0 and uname = gname = "" (tar: --owner=0 --group=0 --numeric-owner).'
        }
  ),
  tarRule('archive-mode', ({ mode: one, name }, { mode: other }) =>
    one === other ? undefined : modeCause(name, one, other)
  ),
  tarRule('tar-time', ({ time: one, name }, { time: other }) =>
    one === other
      ? undefined
      : {
          cause: `A tar archive holds the times of its files (${name}: ${one} in world a, ${other} in world b).`,
          fix: `Pass a filter to TarFile.add that sets mtime = ${sdeTime} (tar: --mtime=@$SOURCE_DATE_EPOCH).`
        }
  )
]

function orderCause(one: string, other: string): Explained {
  return {
    cause: `An archive holds its files in another order (${one} in world a where world b has ${other}): a folder was listed in the order of the file system.`,
    fix: 'Sort the files before they are added: sorted(Path(folder).rglob("*")).'
  }
}

function modeCause(name: string, one: number, other: number): Explained {
  const octal = (mode: number): string => (mode & 0o7777).toString(8).padStart(4, '0')
  return {
    cause: `An archive holds the modes of its files, which follow the umask of the builder (${name}: ${octal(one)} in world a, ${octal(other)} in world b).`,
    fix: 'Set each mode to 0644, or 0755 for what is executable, before it is added.'
  }
}

function onGzip(look: (a: Buffer, b: Buffer) => Explained | undefined): Rule['explain'] {
  return ({ a, b }) => (isGzip(a) && isGzip(b) ? look(a, b) : undefined)
}

function isGzip(bytes: Buffer): boolean {
  return bytes.length > 18 && bytes[0] === 0x1f && bytes[1] === 0x8b
}

function nameIn(bytes: Buffer): string {
  const flags = bytes[3] ?? 0
  if ((flags & 8) === 0) return ''
  const start = (flags & 4) === 0 ? 10 : 12 + bytes.readUInt16LE(10)
  const end = bytes.indexOf(0, start)
  return bytes.toString('latin1', start, Math.min(end < 0 ? start : end, start + 300))
}

/** Undefined where it is cut, damaged, or larger than is looked at. */
function inflated(bytes: Buffer): Buffer | undefined {
  try {
    return gunzipSync(bytes, { maxOutputLength: largestInflated })
  } catch {
    return undefined
  }
}

interface ZipFact {
  name: string
  time: number
  attributes: number
}

/** A rule over the files of two zip archives, one after the other; the first that it explains is told. */
function zipRule(name: string, look: (a: ZipFact, b: ZipFact) => Explained | undefined): Rule {
  return { name, explain: (evidence) => firstOf(evidence, zipFacts, look) }
}

function zipFacts(bytes: Buffer): ZipFact[] | undefined {
  if (bytes.length < 22 || bytes.readUInt32LE(0) !== 0x04034b50) return undefined
  const end = bytes.lastIndexOf(Buffer.from('PK\x05\x06'))
  if (end < 0 || end + 22 > bytes.length) return undefined
  const facts: ZipFact[] = []
  let at = bytes.readUInt32LE(end + 16)
  while (at + 46 <= end && bytes.readUInt32LE(at) === 0x02014b50 && facts.length < 100_000) {
    const length = bytes.readUInt16LE(at + 28)
    facts.push({
      name: bytes.toString('utf8', at + 46, at + 46 + length),
      time: bytes.readUInt32LE(at + 12),
      attributes: bytes.readUInt32LE(at + 38)
    })
    at += 46 + length + bytes.readUInt16LE(at + 30) + bytes.readUInt16LE(at + 32)
  }
  return facts
}

interface TarFact {
  name: string
  time: string
  owner: string
  mode: number
}

function tarRule(name: string, look: (a: TarFact, b: TarFact) => Explained | undefined): Rule {
  return { name, explain: (evidence) => firstOf(evidence, tarFacts, look) }
}

/** Headers of a tar archive, plain or in gzip. */
function tarFacts(bytes: Buffer): TarFact[] | undefined {
  const plain = isGzip(bytes) ? inflated(bytes) : bytes
  if (plain?.toString('latin1', 257, 262) !== 'ustar') return undefined
  const facts: TarFact[] = []
  const field = (at: number, length: number): string =>
    plain.toString('utf8', at, at + length).replace(/[\0 ].*$/s, '')
  const number = (at: number): string => String(parseInt(field(at, 8), 8))
  for (let at = 0; at + 512 <= plain.length && plain[at] !== 0 && facts.length < 100_000;) {
    facts.push({
      name: field(at, 100),
      time: String(parseInt(field(at + 136, 12), 8)),
      owner: `${number(at + 108)} ${field(at + 265, 32)}, group ${number(at + 116)} ${field(at + 297, 32)}`,
      mode: parseInt(field(at + 100, 8), 8)
    })
    const size = parseInt(field(at + 124, 12), 8)
    at += 512 + Math.ceil((Number.isFinite(size) ? size : 0) / 512) * 512
  }
  return facts
}

function firstOf<Fact>(
  { a, b }: Pick<Evidence, 'a' | 'b'>,
  read: (bytes: Buffer) => Fact[] | undefined,
  look: (a: Fact, b: Fact) => Explained | undefined
): Explained | undefined {
  const [one, other] = [read(a), read(b)]
  if (one === undefined || other === undefined) return undefined
  for (const [at, fact] of one.entries()) {
    const partner = other[at]
    const found = partner === undefined ? undefined : look(fact, partner)
    if (found !== undefined) return found
  }
  return undefined
}

function dosTime(time: number): string {
  const [clock, day] = [time & 0xffff, time >>> 16]
  const two = (number: number): string => String(number).padStart(2, '0')
  return `${1980 + (day >> 9)}-${two((day >> 5) & 15)}-${two(day & 31)} ${two(clock >> 11)}:${two((clock >> 5) & 63)}:${two((clock & 31) * 2)}`
}

/** The same minutes and seconds: what a time zone changes. */
function wholeHours(one: number, other: number): boolean {
  return (one & 0x07ff) === (other & 0x07ff)
}
