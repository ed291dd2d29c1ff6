/**
 * Order of two Debian versions: negative, zero or positive (deb-version(7), "Sorting algorithm"). Epoch first, then
 * the upstream version, then the revision; `~` sorts before the end of a part.
 */
export function compareDebianVersions(left: string, right: string): number {
  const [one, other] = [partsOf(left), partsOf(right)]
  return (
    one.epoch - other.epoch ||
    comparePart(one.upstream, other.upstream) ||
    comparePart(one.revision, other.revision)
  )
}

export interface DebianVersionParts {
  epoch: number
  upstream: string
  /** Empty where there is none, as in a native package. */
  revision: string
}

/** `2:1.0~rc1-3` as its three parts. */
export function partsOf(version: string): DebianVersionParts {
  const colon = version.indexOf(':')
  const rest = version.slice(colon + 1)
  const dash = rest.lastIndexOf('-')
  return {
    epoch: colon < 1 ? 0 : Number(version.slice(0, colon)) || 0,
    upstream: dash < 0 ? rest : rest.slice(0, dash),
    revision: dash < 0 ? '' : rest.slice(dash + 1)
  }
}

/** Runs of other characters and runs of digits in turn, each compared in its own way. */
function comparePart(left: string, right: string): number {
  const [one, other] = [runsOf(left), runsOf(right)]
  for (let at = 0; at < Math.max(one.length, other.length); at++) {
    const [a = '', b = ''] = [one[at], other[at]]
    const order = at % 2 === 0 ? compareText(a, b) : compareNumbers(a, b)
    if (order !== 0) return order
  }
  return 0
}

/** Text at even places, digits at odd ones. */
function runsOf(text: string): string[] {
  const runs: string[] = text.match(/\D+|\d+/g) ?? []
  return /^\d/.test(text) ? ['', ...runs] : runs
}

function compareNumbers(left: string, right: string): number {
  const [one, other] = [left.replace(/^0+/, ''), right.replace(/^0+/, '')]
  return one.length - other.length || (one < other ? -1 : one > other ? 1 : 0)
}

function compareText(left: string, right: string): number {
  for (let at = 0; at < Math.max(left.length, right.length); at++) {
    const order = rank(left[at]) - rank(right[at])
    if (order !== 0) return order
  }
  return 0
}

/** `~` before the end, the end before letters, letters before all else. */
function rank(character: string | undefined): number {
  if (character === undefined) return 0
  if (character === '~') return -1
  const code = character.codePointAt(0) ?? 0
  return /[A-Za-z]/.test(character) ? code : code + 256
}
