import type { Variation, VariationName } from '../documents/fields.ts'
import type { ScrambledFile } from '../documents/plan.ts'
import { times, tokens, withoutTimes } from './tell-tales.ts'

/** Everything that a cause is guessed from: both contents around the first place where they part. */
export interface Evidence {
  member: string
  /** Whole contents (their first megabytes). */
  a: Buffer
  b: Buffer
  text: boolean
  /** The lines in which they part. */
  lineA: string
  lineB: string
  /** Paths of all members. */
  members: ReadonlySet<string>
  /** Scrambled files by their hash. */
  scrambled: ReadonlyMap<string, ScrambledFile>
  /** What varied, where that is known. */
  variations: { a: readonly Variation[]; b: readonly Variation[] }
}

export interface Cause {
  /** Name of the rule. */
  rule: string
  cause: string
  fix: string
}

interface Rule {
  name: string
  /** The cause and its remedy, or nothing if the tell-tale is not there. The first rule that speaks wins. */
  explain(evidence: Evidence): { cause: string; fix: string } | undefined
}

const pathFix =
  'Write paths relative to the project. Compilers are given -ffile-prefix-map in CPPFLAGS (CFLAGS for CMake): the build must pass that on.'
const hasExtension = /[\w-]\.[A-Za-z][A-Za-z0-9]{0,4}$/

const rules: readonly Rule[] = [
  {
    name: 'scrambled-influence',
    explain({ a, b, text, scrambled }) {
      if (!text) return undefined
      const shown = a.toString('latin1')
      for (const hash of digests(b.toString('latin1'))) {
        const file = scrambled.get(hash)
        if (
          file !== undefined &&
          (shown.includes(file.original) || shown.includes(recordForm(file.original)))
        )
          return {
            cause: `The build read ${file.path}, which world b sees scrambled (${file.reason}), and put its SHA-256 into the output: the file has influence on the package.`,
            fix: `If that is right, list ${file.path} under \`inputs:\` in .github/tagproof.yml; otherwise let the build leave it alone.`
          }
      }
      return undefined
    }
  },
  {
    name: 'build-path',
    explain({ a, b, variations }) {
      // The sdist is unpacked beside the tree, so the folder of both is looked for.
      const [one, other] = [valueOf(variations.a, 'build-path'), valueOf(variations.b, 'build-path')].map(
        folderOf
      )
      if (one === undefined || other === undefined || one === other) return undefined
      if (!a.includes(one) || a.includes(other) || !b.includes(other)) return undefined
      return {
        cause: `The path of the build folder is in it: ${one} in world a, ${other} in world b.`,
        fix: pathFix
      }
    }
  },
  variationRule('home', 'The home folder of the builder is in it.', {
    fix: 'Do not write HOME into the package.'
  }),
  variationRule('host-name', 'The name of the building machine is in it.', {
    fix: 'Do not write the host name into the package.'
  }),
  variationRule('path-tail', 'The search path PATH is in it.', {
    fix: 'Do not write PATH into the package.'
  }),
  variationRule('locale', 'The locale of the builder is in it.', {
    fix: 'Set LC_ALL=C.UTF-8 in the build, and do not write the locale into the package.'
  }),
  variationRule('timezone', 'The time zone of the builder is in it.', {
    fix: 'Use UTC: time.gmtime, datetime.timezone.utc.'
  }),
  variationRule('hash-seed', 'The value of PYTHONHASHSEED is in it.', {
    fix: 'Do not write the environment into the package.'
  }),
  variationRule('user-id', 'The user id of the builder is in it.', {
    fix: 'Do not write user ids into the package.'
  }),
  {
    name: 'timezone',
    explain({ lineA, lineB }) {
      const shifted = pairs(times(lineA), times(lineB)).some(([one, other]) => {
        const seconds = Math.abs(other.seconds - one.seconds)
        return one.text !== other.text && seconds % 900 === 0 && seconds <= 50_400
      })
      if (!shifted || withoutTimes(lineA) !== withoutTimes(lineB)) return undefined
      return {
        cause:
          'A time is written in the local time zone: the two values are a whole number of quarter hours apart.',
        fix: 'Write times in UTC: time.gmtime, datetime.timezone.utc.'
      }
    }
  },
  {
    name: 'timestamp',
    explain({ lineA, lineB }) {
      if (times(lineA).length === 0 || withoutTimes(lineA) !== withoutTimes(lineB)) return undefined
      return {
        cause: 'The time of the build is written into the package.',
        fix: 'Use int(os.environ["SOURCE_DATE_EPOCH"]), the time of the tagged commit, instead of the clock; or leave it out.'
      }
    }
  },
  {
    name: 'absolute-path',
    explain({ lineA, lineB }) {
      const [one, other] = partingTokens(lineA, lineB)
      if (!/^\/\w/.test(one) || !/^\/\w/.test(other)) return undefined
      return {
        cause: 'An absolute path of the machine that built it is in it, such as the build folder.',
        fix: pathFix
      }
    }
  },
  {
    name: 'directory-order',
    explain({ a, b, text, members }) {
      const moved = reordered(a, b, text)
      if (moved === undefined) return undefined
      const names = new Set([...members].flatMap((path) => path.split('/')))
      const fileLike = moved.filter(
        (token) => names.has(token.split('/').at(-1) ?? '') || hasExtension.test(token)
      )
      if (fileLike.length * 2 < moved.length) return undefined
      return {
        cause:
          'The same file names come in another order: a folder was listed in the order of the file system.',
        fix: 'Sort what os.listdir, os.scandir, glob or Path.iterdir return: sorted(os.listdir(folder)).'
      }
    }
  },
  {
    name: 'set-order',
    explain({ a, b, text }) {
      if (reordered(a, b, text) === undefined) return undefined
      return {
        cause:
          'The same words come in another order: most often that of a set, which follows the hash seed of the process, or of an unsorted folder.',
        fix: 'Sort before writing: sorted(the_set), sorted(os.listdir(folder)), json.dumps(..., sort_keys=True).'
      }
    }
  },
  {
    name: 'cpu-count',
    explain({ lineA, lineB, variations }) {
      const [one, other] = [valueOf(variations.a, 'cpus'), valueOf(variations.b, 'cpus')]
      if (one === undefined || other === undefined) return undefined
      if (!tokens(lineA).includes(one) || swapped(lineA, one, other) !== lineB) return undefined
      return {
        cause: `The number of processors is in it (${one} in world a, ${other} in world b).`,
        fix: 'Do not write os.cpu_count() into the package.'
      }
    }
  },
  {
    name: 'memory-address',
    explain({ lineA, lineB }) {
      const address = /0x[0-9a-f]{8,16}\b/g
      if (!address.test(lineA) || lineA.replace(address, '') !== lineB.replace(address, '')) return undefined
      return {
        cause: 'The address of an object in memory is written, as repr() of an object without __repr__ does.',
        fix: 'Write a name or a value of the object instead of its repr().'
      }
    }
  },
  {
    name: 'bytecode',
    explain({ member }) {
      if (!member.endsWith('.pyc')) return undefined
      return {
        cause:
          'Compiled bytecode holds the path, and the time or an interning order, of where it was compiled.',
        fix: 'Do not ship .pyc files; installers compile them.'
      }
    }
  },
  {
    name: 'compiled-object',
    explain({ member }) {
      if (!/\.(so|o|a|pyd|dylib)(\.|$)/.test(member)) return undefined
      return {
        cause:
          'A compiled object follows the build: its path, a temporary folder with a random name, __DATE__, or the order of its sources.',
        fix: 'Pass CPPFLAGS and CFLAGS on to the compiler, sort the list of sources, and set a fixed build folder (scikit-build-core: build-dir; meson-python: builddir).'
      }
    }
  },
  {
    name: 'random',
    explain({ lineA, lineB, text, a, b }) {
      const [one, other] = partingTokens(lineA, lineB)
      const alike = one.length === other.length && one.length >= 6 && /^[A-Za-z0-9+/=_-]+$/.test(one + other)
      if (!alike && (text || a.length !== b.length)) return undefined
      return {
        cause:
          'The value looks random, or like a digest of something that differs: a random number, uuid4, the name of a temporary file, or a file that world b sees scrambled.',
        fix: 'Do not draw random numbers in a build; derive the value from the sources or from SOURCE_DATE_EPOCH.'
      }
    }
  }
]

/** The likely cause of a difference, and the remedy; null where no rule knows it. */
export function findCause(evidence: Evidence): Cause | null {
  for (const rule of rules) {
    const found = rule.explain(evidence)
    if (found !== undefined) return { rule: rule.name, ...found }
  }
  return null
}

/** A rule for a value that is known: world a shows the one that was in force there, world b its own. */
function variationRule(name: VariationName, cause: string, { fix }: { fix: string }): Rule {
  return {
    name,
    explain({ a, b, variations }) {
      const [one, other] = [valueOf(variations.a, name), valueOf(variations.b, name)]
      // A short value, such as a small number, is found everywhere by chance.
      if (one === undefined || other === undefined || one === other || other.length < 4) return undefined
      if (!a.includes(one) || a.includes(other) || !b.includes(other)) return undefined
      return { cause: `${cause} World a has ${one}, world b ${other}.`, fix }
    }
  }
}

function valueOf(variations: readonly Variation[], name: VariationName): string | undefined {
  return variations.find((variation) => variation.name === name)?.value
}

function folderOf(place: string | undefined): string | undefined {
  return place?.slice(0, place.lastIndexOf('/') + 1)
}

function digests(text: string): string[] {
  const hex = text.match(/\b[0-9a-f]{64}\b/g) ?? []
  const coded = text.match(/\b[A-Za-z0-9_-]{43}(?![A-Za-z0-9_-])/g) ?? []
  return [...hex, ...coded.map((item) => Buffer.from(item, 'base64url').toString('hex'))]
}

function recordForm(hash: string): string {
  return Buffer.from(hash, 'hex').toString('base64url')
}

/** The words that stand elsewhere, if both texts consist of the same words. */
function reordered(a: Buffer, b: Buffer, text: boolean): string[] | undefined {
  if (!text || a.equals(b)) return undefined
  const one = tokens(a.toString('utf8'))
  const other = tokens(b.toString('utf8'))
  const same = one.length === other.length && sorted(one).every((token, at) => token === sorted(other)[at])
  return same ? one.filter((token, at) => token !== other[at]) : undefined
}

const sortedCache = new WeakMap<string[], string[]>()
function sorted(words: string[]): string[] {
  const known = sortedCache.get(words) ?? [...words].sort()
  sortedCache.set(words, known)
  return known
}

function partingTokens(a: string, b: string): [string, string] {
  const one = tokens(a)
  const other = tokens(b)
  const at = one.findIndex((token, index) => token !== other[index])
  return [one[at] ?? '', other[at] ?? '']
}

function swapped(line: string, from: string, to: string): string {
  return line
    .split(/(\b)/)
    .map((part) => (part === from ? to : part))
    .join('')
}

function pairs<T>(one: readonly T[], other: readonly T[]): [T, T][] {
  return one.flatMap((item, at) => {
    const partner = other[at]
    return partner === undefined ? [] : [[item, partner] as [T, T]]
  })
}
