/** A time found in a text. */
export interface FoundTime {
  text: string
  /** Seconds since 1970, read as UTC where the text names no zone. */
  seconds: number
}

/** Times that a build could have taken from a clock: 2001 to 2106. */
const earliest = 1_000_000_000
const latest = 4_294_967_295

interface TimeForm {
  pattern: RegExp
  seconds: (text: string) => number
}

const forms: readonly TimeForm[] = [
  {
    // 2026-11-24T21:33:02.123+14:00, 2026-11-24 21:33:02, 2026-11-24, 20261124
    pattern:
      /\b\d{4}-?[01]\d-?[0-3]\d(?:[T _-]?[0-2]\d:?[0-5]\d(?::?[0-5]\d(?:[.,]\d+)?)?(?: ?(?:Z|UTC|[+-]\d\d:?\d\d))?)?\b/g,
    seconds: isoSeconds
  },
  {
    // Tue, 24 Nov 2026 21:33:02 +0000; Nov 24 2026 21:33:02 (__DATE__ __TIME__); Tue Nov 24 21:33:02 2026
    pattern:
      /\b(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? )?(?:\d{1,2} )?(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]* +(?:\d{1,2},? +)?(?:\d{4} )?\d\d?:\d\d(?::\d\d)?(?: [A-Z]{3,4})?(?: \d{4})?(?: [+-]\d{4})?/g,
    seconds: (text) =>
      Date.parse(`${text.replace(/ +/g, ' ')}${/[+-]\d{4}$|GMT|UTC/.test(text) ? '' : ' UTC'}`) / 1000
  },
  { pattern: /(?<![\w.])\d{10}(?:\.\d+)?(?![\w])/g, seconds: Number },
  { pattern: /(?<![\w.])\d{13}(?![\w])/g, seconds: (text) => Number(text) / 1000 },
  { pattern: /(?<![\w.])\d{19}(?![\w])/g, seconds: (text) => Number(text) / 1e9 }
]

/** All times in a text, in the order of their forms. */
export function times(text: string): FoundTime[] {
  return forms.flatMap(({ pattern, seconds }) =>
    (text.match(pattern) ?? [])
      .map((found) => ({ text: found, seconds: seconds(found) }))
      .filter((time) => time.seconds >= earliest && time.seconds <= latest)
  )
}

/** The text with each time replaced by one sign. */
export function withoutTimes(text: string): string {
  return times(text).reduce((rest, time) => rest.replace(time.text, '\u{1F550}'), text)
}

/** Words: runs of letters, digits and the signs of paths and versions. */
export function tokens(text: string): string[] {
  return text.match(/[\p{L}\p{N}_.+/-]+/gu) ?? []
}

function isoSeconds(text: string): number {
  const match =
    /^(\d{4})-?(\d\d)-?(\d\d)(?:[T _-]?(\d\d):?(\d\d)(?::?(\d\d))?)?.*?(?:([+-])(\d\d):?(\d\d))?$/.exec(text)
  if (match === null) return NaN
  const number = (at: number): number => Number(match[at] ?? 0)
  const zone = (number(8) * 60 + number(9)) * 60 * (match[7] === '-' ? -1 : 1)
  return Date.UTC(number(1), number(2) - 1, number(3), number(4), number(5), number(6)) / 1000 - zone
}
