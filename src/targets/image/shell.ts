/** Which programs a RUN starts, as far as its text tells. It finds what people write; it is no boundary. */

export interface Command {
  /** Name without its folder, such as `pip3`. */
  program: string
  words: string[]
  /** Variables that are set for it alone. */
  assignments: ReadonlyMap<string, string>
  /** Place in the text. */
  offset: number
  /** Whether a pipe leads from it into the next command. */
  piped: boolean
}

interface Word {
  text: string
  offset: number
}

/** What stands in `"$(…)"`, inside of a word. */
interface Inner {
  script: string
  offset: number
}

const deepest = 3
/** What stands before a command and starts it. */
const starters: ReadonlySet<string> = new Set(
  'sudo env exec time nice command then else do if while until elif ! { eatmydata chronic'.split(' ')
)
const shells = /^(ba|da|a|z|k)?sh$/

/**
 * Splits a text at what ends commands, outside of quotes. What a shell is given with `-c` is looked through as well.
 *
 * @param text of a RUN, without its flags; here-documents follow on lines of their own
 */
export function commandsOf(text: string, depth = 0): Command[] {
  const commands: Command[] = []
  let words: Word[] = []
  const finish = (piped: boolean): void => {
    const command = readCommand(words, piped)
    words = []
    if (command === null) return
    commands.push(command)
    const script = shells.test(command.program) && depth < deepest ? scriptOf(command.words) : null
    if (script !== null)
      for (const inner of commandsOf(script, depth + 1)) commands.push({ ...inner, offset: command.offset })
  }
  for (const token of tokens(text))
    if (typeof token === 'string') finish(token === '|')
    else if ('text' in token) words.push(token)
    else if (depth < deepest)
      for (const inner of commandsOf(token.script, depth + 1))
        commands.push({ ...inner, offset: token.offset + inner.offset })
  finish(false)
  return commands
}

/** As `RUN ["program", "argument"]`. */
export function commandOfWords(words: readonly string[]): Command[] {
  const command = readCommand(
    words.map((text) => ({ text, offset: 0 })),
    false
  )
  if (command === null) return []
  const script = shells.test(command.program) ? scriptOf(command.words) : null
  return [command, ...(script === null ? [] : commandsOf(script, 1).map((one) => ({ ...one, offset: 0 })))]
}

function scriptOf(words: readonly string[]): string | null {
  const at = words.findIndex((word) => /^-[a-z]*c$/.test(word))
  return at < 0 ? null : (words[at + 1] ?? null)
}

function readCommand(words: readonly Word[], piped: boolean): Command | null {
  const assignments = new Map<string, string>()
  let at = 0
  for (; at < words.length; at += 1) {
    const text = words[at]?.text ?? ''
    const assigned = /^([A-Za-z_][A-Za-z0-9_]*)=(.*)$/s.exec(text)
    if (assigned !== null) assignments.set(assigned[1] ?? '', assigned[2] ?? '')
    // `sudo -E`, `nice -n 10`: the option is skipped, and a number after it.
    else if (!starters.has(text) && !(at > 0 && /^(-.*|\d+)$/.test(text))) break
  }
  const first = words[at]
  if (first === undefined) return null
  return {
    program: first.text.replace(/^.*\//, ''),
    words: words.slice(at + 1).map(({ text }) => text),
    assignments,
    offset: first.offset,
    piped
  }
}

/** Words, and the signs that end a command; a sign inside quotes belongs to its word. */
function* tokens(text: string): Generator<Word | Inner | string> {
  let word = null as Word | null
  let quote = ''
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at] ?? ''
    const add = (more: string): void => {
      word = { text: (word?.text ?? '') + more, offset: word?.offset ?? at }
    }
    if (quote !== '') {
      const inner = quote === '"' && text.startsWith('$(', at) ? insideOf(text, at + 2) : null
      if (inner !== null) {
        yield { script: inner, offset: at + 2 }
        at += inner.length + 2
      } else if (character === quote) quote = ''
      else if (character === '\\' && quote === '"') add(text[++at] ?? '')
      else add(character)
      continue
    }
    if (character === '\\') {
      const next = text[++at] ?? ''
      if (next !== '\n') add(next)
    } else if (character === '"' || character === "'") {
      quote = character
      add('')
    } else if (character === '#' && word === null) {
      while (at + 1 < text.length && text[at + 1] !== '\n') at += 1
    } else if (/[\s;&|()`]/.test(character)) {
      if (word !== null) yield word
      word = null
      if (character === '|' && text[at + 1] !== '|' && text[at - 1] !== '|') yield '|'
      else if (!/[ \t\r]/.test(character)) yield ';'
    } else if (character === '$' && text[at + 1] === '(') {
      if (word !== null) yield word
      word = null
      yield ';'
    } else add(character)
  }
  if (word !== null) yield word
}

/** Up to the bracket that closes; brackets in quotes are not told apart. */
function insideOf(text: string, from: number): string {
  let open = 1
  for (let at = from; at < text.length; at += 1) {
    if (text[at] === '(') open += 1
    else if (text[at] === ')') open -= 1
    if (open === 0) return text.slice(from, at)
  }
  return text.slice(from)
}
