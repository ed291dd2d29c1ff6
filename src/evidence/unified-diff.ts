/** Lines around a change that are shown with it. */
const context = 3

type Step = ' ' | '-' | '+'
interface Line {
  step: Step
  text: string
}

/**
 * What changes from one text to another, as patch(1) reads it; empty where nothing does. Pure. Costs lines × lines of
 * memory between the first and the last change: for texts that people write.
 */
export function unifiedDiff(path: string, before: string, after: string): string {
  if (before === after) return ''
  const lines = compare(linesOf(before), linesOf(after))
  const name = (prefix: string, text: string): string => (text === '' ? '/dev/null' : `${prefix}/${path}`)
  return `--- ${name('a', before)}\n+++ ${name('b', after)}\n${hunks(lines).join('')}`
}

/** Each line with its end; the last one may have none. */
function linesOf(text: string): string[] {
  return text === '' ? [] : text.split(/(?<=\n)/)
}

function compare(before: readonly string[], after: readonly string[]): Line[] {
  let start = 0
  while (start < Math.min(before.length, after.length) && before[start] === after[start]) start += 1
  let end = 0
  while (end < Math.min(before.length, after.length) - start && before.at(-1 - end) === after.at(-1 - end))
    end += 1
  const same = (lines: readonly string[]): Line[] => lines.map((text) => ({ step: ' ', text }))
  return [
    ...same(before.slice(0, start)),
    ...longestCommon(before.slice(start, before.length - end), after.slice(start, after.length - end)),
    ...same(before.slice(before.length - end))
  ]
}

/** By the table of longest common subsequences; what goes stands before what comes. */
function longestCommon(before: readonly string[], after: readonly string[]): Line[] {
  const width = after.length + 1
  const length = new Uint32Array((before.length + 1) * width)
  const at = (row: number, column: number): number => length[row * width + column] ?? 0
  for (let row = before.length - 1; row >= 0; row -= 1)
    for (let column = after.length - 1; column >= 0; column -= 1)
      length[row * width + column] =
        before[row] === after[column]
          ? at(row + 1, column + 1) + 1
          : Math.max(at(row + 1, column), at(row, column + 1))
  const lines: Line[] = []
  let row = 0
  let column = 0
  while (row < before.length || column < after.length) {
    const [old, young] = [before[row], after[column]]
    if (old !== undefined && old === young) {
      lines.push({ step: ' ', text: old })
      row += 1
      column += 1
    } else if (old !== undefined && (young === undefined || at(row + 1, column) >= at(row, column + 1))) {
      lines.push({ step: '-', text: old })
      row += 1
    } else if (young !== undefined) {
      lines.push({ step: '+', text: young })
      column += 1
    }
  }
  return grouped(lines)
}

/** Within one change, all that goes before all that comes. */
function grouped(lines: readonly Line[]): Line[] {
  const out: Line[] = []
  for (let at = 0; at < lines.length;) {
    const until = lines.findIndex((line, index) => index >= at && line.step === ' ')
    const end = until === -1 ? lines.length : until
    const change = lines.slice(at, end)
    out.push(...change.filter(({ step }) => step === '-'), ...change.filter(({ step }) => step === '+'))
    if (until !== -1) out.push(...lines.slice(until, until + 1))
    at = end + 1
  }
  return out
}

function hunks(lines: readonly Line[]): string[] {
  const spans: { start: number; end: number }[] = []
  lines.forEach(({ step }, index) => {
    if (step === ' ') return
    const last = spans.at(-1)
    const start = Math.max(0, index - context)
    const end = Math.min(lines.length, index + context + 1)
    if (last !== undefined && start <= last.end) last.end = end
    else spans.push({ start, end })
  })
  return spans.map(({ start, end }) => {
    const count = (part: readonly Line[], other: Step): number =>
      part.filter(({ step }) => step !== other).length
    const range = (other: Step): string => {
      const size = count(lines.slice(start, end), other)
      const first = count(lines.slice(0, start), other)
      return `${size === 0 ? first : first + 1},${size}`
    }
    const body = lines.slice(start, end).map(({ step, text }) => step + ended(text))
    return `@@ -${range('+')} +${range('-')} @@\n${body.join('')}`
  })
}

function ended(text: string): string {
  return text.endsWith('\n') ? text : `${text}\n\\ No newline at end of file\n`
}
