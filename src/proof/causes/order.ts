import { tokens } from '../tell-tales.ts'
import { valueOf, type Rule } from './evidence.ts'
import { reordered } from './words.ts'

/** The same words in another order, and what a locale changes. */

const hasExtension = /[\w-]\.[A-Za-z][A-Za-z0-9]{0,4}$/
const largestJson = 4 * 1024 * 1024

export const orderRules: readonly Rule[] = [
  {
    name: 'line-ends',
    explain({ a, b, text }) {
      if (!text || a.includes('\r\n') === b.includes('\r\n')) return undefined
      const plain = (bytes: Buffer): string => bytes.toString('latin1').replaceAll('\r\n', '\n')
      if (plain(a) !== plain(b)) return undefined
      return {
        cause: 'The text is the same but for its line ends: CRLF in one world, LF in the other.',
        fix: 'Open files with newline="\\n" when they are written; set core.autocrlf=false.'
      }
    }
  },
  {
    name: 'json-order',
    explain({ a, b, text, member }) {
      if (!text || a.equals(b) || !/\.(json|webmanifest|map)$/.test(member)) return undefined
      const [one, other] = [canonical(a), canonical(b)]
      if (one === undefined || one !== other) return undefined
      return {
        cause: 'The JSON holds the same values with its keys, or its blanks, in another way.',
        fix: 'Write it with json.dump(..., sort_keys=True, indent=2).'
      }
    }
  },
  {
    name: 'locale-order',
    explain({ a, b, text, variations }) {
      const locale = valueOf(variations.b, 'locale')
      if (locale === undefined || locale === valueOf(variations.a, 'locale')) return undefined
      if (reordered(a, b, text) === undefined) return undefined
      const language = locale.slice(0, 2)
      const [one, other] = [a, b].map((bytes) => sortedRun(bytes.toString('utf8')))
      if (one === undefined || other === undefined) return undefined
      const collator = new Intl.Collator(language)
      if (!inOrder(one, (left, right) => (left < right ? -1 : 1)) || !inOrder(other, collator.compare))
        return undefined
      return {
        cause: `The same words are sorted by the rules of the builder's language (${locale} in world b, where letters stand elsewhere).`,
        fix: 'Sort without a locale: sorted(words), LC_ALL=C.UTF-8 sort; not with locale.strxfrm.'
      }
    }
  },
  {
    name: 'locale-format',
    explain({ lineA, lineB, variations }) {
      const locale = valueOf(variations.b, 'locale')
      if (locale === undefined || locale === valueOf(variations.a, 'locale')) return undefined
      const comma = lineA.replace(/(\d)\.(\d)/g, '$1,$2') === lineB
      const words = monthOrDay.en.test(lineA) && monthOrDay.et.test(lineB)
      const foreign = /[õäöü]/i.test(lineB) && !/[õäöü]/i.test(lineA)
      if (!comma && !words && !foreign) return undefined
      return {
        cause: `Numbers, dates or messages are written in the language of the builder (${locale} in world b).`,
        fix: 'Format without a locale: f"{value}", datetime.isoformat(); run programs with LC_ALL=C.UTF-8.'
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
  }
]

/** Names of months and days, English and Estonian (the language of world b). */
const monthOrDay = {
  en: /\b(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec|Mon|Tue|Wed|Thu|Fri|Sat|Sun)/,
  et: /jaan|veebr|märts|apr|mai|juuni|juuli|aug|sept|okt|nov|dets|esmasp|teisip|kolmap|neljap|reede|laup|pühap|^[ETKNRLP]\b/
}

/** The words of a text, if there are enough for their order to mean something. */
function sortedRun(text: string): string[] | undefined {
  const words = tokens(text).filter((word) => /^\p{L}/u.test(word))
  return words.length < 3 ? undefined : words
}

/** Most neighbours are in order: the words around a list are not part of it. */
function inOrder(words: readonly string[], compare: (one: string, other: string) => number): boolean {
  const wrong = words.slice(1).filter((word, at) => compare(words[at] ?? '', word) > 0).length
  return wrong <= Math.floor(words.length / 10) + 1
}

/** JSON with sorted keys; undefined for what is none. */
function canonical(bytes: Buffer): string | undefined {
  if (bytes.length > largestJson) return undefined
  try {
    return JSON.stringify(JSON.parse(bytes.toString('utf8')), sortKeys)
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

function sortKeys(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)))
}
