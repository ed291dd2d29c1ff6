/** The hunks of a patch that are for one file. */
export interface FilePatch {
  /** Paths as the patch names them, without their first folder; null for /dev/null. */
  from: string | null
  to: string | null
  hunks: readonly Hunk[]
}

interface Hunk {
  /** First line in the old file, from 1; 0 for an empty file. */
  start: number
  lines: readonly { kind: ' ' | '+' | '-'; text: string }[]
}

const mostLines = 500_000

/**
 * Reads a unified diff (POSIX `diff -u`, git's headers passed over). Undefined where anything in it is not understood:
 * what one tool passes over, another may apply.
 *
 * @param text each line keeps its end in memory, so that a last line without one is told apart
 */
export function parseUnifiedDiff(text: string): FilePatch[] | undefined {
  const lines = text.split('\n')
  if (lines.length > mostLines) return undefined
  const patches: FilePatch[] = []
  for (let at = 0; at < lines.length;) {
    const line = lines[at] ?? ''
    if (!line.startsWith('--- ') || lines[at + 1]?.startsWith('+++ ') !== true) {
      if (/^@@ -|^(rename|copy) (from|to) |^GIT binary patch|^Binary files /.test(line)) return undefined
      at += 1
      continue
    }
    const from = pathOf(line.slice(4))
    const to = pathOf((lines[at + 1] ?? '').slice(4))
    const read = readHunks(lines, at + 2)
    if (read === undefined || read.hunks.length === 0) return undefined
    patches.push({ from, to, hunks: read.hunks })
    at = read.next
  }
  return patches
}

/** `a/src/x.py` and a time after a tab: the first folder is that of the tool (`patch -p1`). */
function pathOf(text: string): string | null {
  const name = text.split('\t')[0]?.trim() ?? ''
  return name === '/dev/null' ? null : name.slice(name.indexOf('/') + 1)
}

function readHunks(lines: readonly string[], first: number): { hunks: Hunk[]; next: number } | undefined {
  const hunks: Hunk[] = []
  let at = first
  for (;;) {
    const header = /^@@ -(\d{1,9})(?:,(\d{1,9}))? \+(\d{1,9})(?:,(\d{1,9}))? @@/.exec(lines[at] ?? '')
    if (header === null) return { hunks, next: at }
    at += 1
    let old = Number(header[2] ?? '1')
    let fresh = Number(header[4] ?? '1')
    const body: { kind: ' ' | '+' | '-'; text: string }[] = []
    while (old > 0 || fresh > 0 || lines[at]?.startsWith('\\') === true) {
      const line = lines[at]
      if (line === undefined) return undefined
      at += 1
      if (line.startsWith('\\')) {
        const last = body.at(-1)
        if (last === undefined) return undefined
        last.text = last.text.slice(0, -1)
        continue
      }
      // Some editors take the space from an empty line of context.
      const kind = line === '' ? ' ' : line[0]
      if (kind !== ' ' && kind !== '+' && kind !== '-') return undefined
      if (kind !== '+') old -= 1
      if (kind !== '-') fresh -= 1
      if (old < 0 || fresh < 0) return undefined
      body.push({ kind, text: `${line.slice(1)}\n` })
    }
    hunks.push({ start: Number(header[1]), lines: body })
  }
}

/**
 * Applies the hunks of one file. Every line of context must be there as it stands; a hunk may lie some lines further up
 * or down, as `patch` finds it, but only at one place nearest to its own. Undefined where it does not apply.
 */
export function applyHunks(original: string, { hunks }: FilePatch): string | undefined {
  const source = original.split(/(?<=\n)/)
  const made: string[] = []
  let done = 0
  let shift = 0
  for (const { start, lines } of hunks) {
    const old = lines.flatMap(({ kind, text }) => (kind === '+' ? [] : [text]))
    const wanted = old.length === 0 ? start : start - 1
    const at = place(source, old, wanted + shift, done)
    if (at === undefined) return undefined
    shift = at - wanted
    for (; done < at; done += 1) made.push(source[done] ?? '')
    for (const { kind, text } of lines) if (kind !== '-') made.push(text)
    done = at + old.length
  }
  return made.join('') + source.slice(done).join('')
}

const furthest = 1000

function place(
  source: readonly string[],
  old: readonly string[],
  wanted: number,
  least: number
): number | undefined {
  for (let away = 0; away <= furthest; away += 1)
    for (const at of away === 0 ? [wanted] : [wanted - away, wanted + away]) {
      if (at < least || at + old.length > source.length) continue
      if (old.every((text, index) => source[at + index] === text)) return at
    }
  return undefined
}
