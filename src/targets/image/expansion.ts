/** Variables of a Dockerfile, as BuildKit's own shell lexer puts their values in. */

export interface Expanded {
  text: string
  /** Variables that have no value, and no default where they stand. */
  missing: string[]
  /** What is wrong with the text itself, or null. */
  fault: string | null
}

const deepest = 16
const longest = 8192
/** Of a value that a pattern is tried on, and of the pattern: what is longer stays as it is. */
const longestTried = { value: 256, pattern: 64 } as const

/**
 * Puts in values and takes quotes away. Single quotes keep what is in them.
 *
 * @param escape character that takes the meaning from the next one
 */
export function expand(word: string, values: ReadonlyMap<string, string>, escape = '\\'): Expanded {
  const missing = new Set<string>()
  const lexer = new Lexer(word, values, escape, missing)
  const text = lexer.until(null, 0)
  const fault = lexer.fault ?? (text.length > longest ? 'the value is too long' : null)
  return { text: text.slice(0, longest), missing: [...missing], fault }
}

class Lexer {
  fault: string | null = null
  private at = 0
  private readonly text: string
  private readonly values: ReadonlyMap<string, string>
  private readonly escape: string
  private readonly missing: Set<string>

  constructor(text: string, values: ReadonlyMap<string, string>, escape: string, missing: Set<string>) {
    this.text = text.slice(0, longest)
    this.values = values
    this.escape = escape
    this.missing = missing
  }

  /** Reads up to `end`, or to the end of the text. */
  until(end: string | null, depth: number): string {
    let result = ''
    let quoted = false
    while (this.at < this.text.length && result.length <= longest) {
      const character = this.text[this.at] ?? ''
      if (character === end && !quoted) return result
      this.at += 1
      if (character === this.escape) result += this.text[this.at++] ?? ''
      else if (character === '"') quoted = !quoted
      else if (character === "'" && !quoted) result += this.literal()
      else if (character === '$') result += this.variable(depth)
      else result += character
    }
    if (end !== null) this.fault ??= `a ${end} is missing`
    else if (quoted) this.fault ??= 'a quote is not closed'
    return result
  }

  private literal(): string {
    const end = this.text.indexOf("'", this.at)
    if (end < 0) this.fault ??= 'a quote is not closed'
    const text = this.text.slice(this.at, end < 0 ? undefined : end)
    this.at += text.length + 1
    return text
  }

  private variable(depth: number): string {
    if (this.text[this.at] !== '{') {
      const name = /^[A-Za-z_][A-Za-z0-9_]*/.exec(this.text.slice(this.at, this.at + 256))?.[0]
      if (name === undefined) return '$'
      this.at += name.length
      return this.valueOf(name)
    }
    if (depth >= deepest) {
      this.fault ??= `variables are nested deeper than ${deepest}`
      this.at = this.text.length
      return ''
    }
    this.at += 1
    const name = /^[A-Za-z_][A-Za-z0-9_]*/.exec(this.text.slice(this.at, this.at + 256))?.[0] ?? ''
    if (name === '') this.fault ??= 'a variable has no name'
    this.at += name.length
    const operator = /^(:[-+?]|[-+?]|##?|%%?|\/\/?)/.exec(this.text.slice(this.at, this.at + 2))?.[0] ?? ''
    this.at += operator.length
    const operand = operator === '' ? '' : this.until('}', depth + 1)
    if (this.text[this.at] !== '}') this.fault ??= 'a } is missing'
    this.at += 1
    return this.modified(name, operator, operand)
  }

  private modified(name: string, operator: string, operand: string): string {
    const value = this.values.get(name)
    const given = operator.startsWith(':') ? value !== undefined && value !== '' : value !== undefined
    switch (operator.at(-1) ?? '') {
      case '-':
        return given ? (value ?? '') : operand
      case '+':
        return given ? operand : ''
      case '?':
        if (!given) this.fault ??= `${name} has no value: ${operand}`
        return value ?? ''
      case '#':
        return trimmed(this.valueOf(name), operand, 'start', operator.length === 2)
      case '%':
        return trimmed(this.valueOf(name), operand, 'end', operator.length === 2)
      case '/':
        return replaced(this.valueOf(name), operand, operator.length === 2)
      default:
        return this.valueOf(name)
    }
  }

  private valueOf(name: string): string {
    const value = this.values.get(name)
    if (value === undefined) this.missing.add(name)
    return value ?? ''
  }
}

/** `${x#pattern}` and `${x%pattern}`: the shortest match is cut off, or with doubled signs the longest. */
function trimmed(value: string, pattern: string, side: 'start' | 'end', long: boolean): string {
  if (value.length > longestTried.value || pattern.length > longestTried.pattern) return value
  const lengths = Array.from({ length: value.length + 1 }, (_, length) => length)
  for (const length of long ? lengths.reverse() : lengths) {
    const part = side === 'start' ? value.slice(0, length) : value.slice(value.length - length)
    if (fits(part, pattern))
      return side === 'start' ? value.slice(length) : value.slice(0, value.length - length)
  }
  return value
}

/** `${x/pattern/text}`: the first match, or with a doubled sign each one. */
function replaced(value: string, operand: string, all: boolean): string {
  const [pattern = '', text = ''] = operand.split('/', 2)
  if (value.length > longestTried.value || pattern.length > longestTried.pattern) return value
  let result = ''
  for (let at = 0; at < value.length;) {
    const length = pattern === '' ? 0 : longestMatch(value.slice(at), pattern)
    if (length === 0) result += value[at++] ?? ''
    else {
      result += text
      at += length
      if (!all) return result + value.slice(at)
    }
  }
  return result
}

function longestMatch(value: string, pattern: string): number {
  for (let length = value.length; length > 0; length -= 1)
    if (fits(value.slice(0, length), pattern)) return length
  return 0
}

/** Whether a pattern of `*` and `?` fits a whole text, in time that follows the product of both. */
function fits(text: string, pattern: string): boolean {
  let [at, star, resume] = [0, -1, 0]
  let index = 0
  while (index < text.length) {
    if (pattern[at] === '*') [star, resume, at] = [at, index, at + 1]
    else if (pattern[at] === '?' || (at < pattern.length && pattern[at] === text[index])) {
      at += 1
      index += 1
    } else if (star >= 0) [at, resume, index] = [star + 1, resume + 1, resume + 1]
    else return false
  }
  while (pattern[at] === '*') at += 1
  return at === pattern.length
}

/** Splits a text at blanks outside of quotes; quotes stay. */
export function splitWords(text: string, escape = '\\'): string[] {
  const words: string[] = []
  let word: string | null = null
  let quote = ''
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at] ?? ''
    if (quote === '' && /\s/.test(character)) {
      if (word !== null) words.push(word)
      word = null
      continue
    }
    word = (word ?? '') + character
    if (character === escape && quote !== "'") word += text[++at] ?? ''
    else if (quote === '' && (character === '"' || character === "'")) quote = character
    else if (character === quote) quote = ''
  }
  if (word !== null) words.push(word)
  return words
}
