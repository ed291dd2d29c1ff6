import { substitutionMark, variableMark, type ShellCommand, type ShellPipeline } from './shell-command.ts'
import { escaped } from './shell-escapes.ts'

/**
 * Reads a POSIX shell script (with bash's substitutions) into simple commands, as far as it takes to say what runs:
 * quotes are taken off, comments and here-documents are told apart, substitutions are read as scripts of their own.
 */

/** Deeper nesting is written by nobody who wants to be read. */
const deepest = 20

/** @throws SyntaxError where a quote or a substitution does not end, or nests too deep */
export function shellPipelines(text: string, firstLine = 1, depth = 0): ShellPipeline[] {
  if (depth > deepest) throw new SyntaxError('substitutions nest too deep')
  return new Reader(text, firstLine, depth).read()
}

interface PendingDocument {
  command: ShellCommand
  end: string
  tabs: boolean
  /** With quotes at its end the text is taken as it is. */
  literal: boolean
}

const blank = /[ \t]/
const operators = new Set([';', '&', '|', '(', ')', '\n', '<', '>'])

class Reader {
  private readonly text: string
  private readonly depth: number
  private at = 0
  private line: number
  private open = 0
  private command: ShellCommand | null = null
  private pipeline: ShellCommand[] = []
  private readonly pipelines: ShellPipeline[] = []
  private readonly nested: ShellPipeline[] = []
  private readonly documents: PendingDocument[] = []

  constructor(text: string, line: number, depth: number) {
    this.text = text
    this.line = line
    this.depth = depth
  }

  read(): ShellPipeline[] {
    while (this.at < this.text.length) this.step()
    this.endPipeline()
    return [...this.pipelines, ...this.nested]
  }

  private step(): void {
    const char = this.text[this.at] ?? ''
    if (blank.test(char)) this.at += 1
    else if (char === '\\' && this.text[this.at + 1] === '\n') this.skip(2)
    else if (char === '#') this.skipComment()
    else if (char === '<' || char === '>' || /^[0-9]+[<>]/.test(this.text.slice(this.at, this.at + 8)))
      this.redirect()
    else if (operators.has(char)) this.operator(char)
    else this.current().words.push({ text: this.word() })
  }

  private skip(count: number): void {
    for (const char of this.text.slice(this.at, this.at + count)) if (char === '\n') this.line += 1
    this.at += count
  }

  private skipComment(): void {
    while (this.at < this.text.length && this.text[this.at] !== '\n') this.at += 1
  }

  private current(): ShellCommand {
    this.command ??= { line: this.line, words: [], redirects: [], input: '' }
    return this.command
  }

  private operator(char: string): void {
    const two = this.text.slice(this.at, this.at + 2)
    if (two === '||' || two === '&&' || two === ';;') {
      this.endPipeline()
      this.at += 2
      return
    }
    if (char === '|') this.endCommand()
    else if (char === ')' && this.open === 0) this.dropPattern()
    else this.endPipeline()
    if (char === '(') this.open += 1
    if (char === ')' && this.open > 0) this.open -= 1
    this.skip(two === '|&' ? 2 : 1)
    if (char === '\n') this.takeDocuments()
  }

  private endCommand(): void {
    if (this.command !== null) this.pipeline.push(this.command)
    this.command = null
  }

  private endPipeline(): void {
    this.endCommand()
    if (this.pipeline.length > 0) this.pipelines.push({ commands: this.pipeline })
    this.pipeline = []
  }

  /** `a | b)` of a `case` runs nothing. */
  private dropPattern(): void {
    this.command = null
    this.pipeline = []
  }

  private redirect(): void {
    const [whole = '', form = ''] =
      /^[0-9]*(<<<|<<-|<<|<>|<&|>&|>>|>\||<\(|>\(|<|>)/.exec(this.text.slice(this.at, this.at + 16)) ?? []
    const command = this.current()
    if (form === '<(' || form === '>(') {
      this.at += whole.length
      this.substitution(')')
      command.words.push({ text: substitutionMark })
      return
    }
    this.at += whole.length
    while (blank.test(this.text[this.at] ?? '')) this.at += 1
    const start = this.at
    const target = this.word()
    const literal = /['"\\]/.test(this.text.slice(start, this.at))
    if (form === '<<<') command.input += `${target}\n`
    else if (form.startsWith('<<'))
      this.documents.push({ command, end: target, tabs: form === '<<-', literal })
    else command.redirects.push(target)
  }

  private takeDocuments(): void {
    for (const { command, end, tabs, literal } of this.documents.splice(0)) {
      const from = this.line
      const lines: string[] = []
      while (this.at < this.text.length) {
        const stop = this.text.indexOf('\n', this.at)
        const raw = this.text.slice(this.at, stop < 0 ? this.text.length : stop)
        this.skip(raw.length + 1)
        const line = tabs ? raw.replace(/^\t+/, '') : raw
        if (line === end) break
        lines.push(line)
      }
      command.input += `${lines.join('\n')}\n`
      if (literal) continue
      for (const [, inner = ''] of lines.join('\n').matchAll(/\$\(([^()]*)\)|`([^`]*)`/g))
        this.nested.push(...shellPipelines(inner, from, this.depth + 1))
    }
  }

  private word(): string {
    let text = ''
    while (this.at < this.text.length) {
      const char = this.text[this.at] ?? ''
      if (blank.test(char) || operators.has(char)) break
      if (char === '\\') {
        if (this.text[this.at + 1] !== '\n') text += this.text[this.at + 1] ?? ''
        this.skip(2)
      } else if (char === "'") text += this.single()
      else if (char === '"') text += this.double()
      else if (char === '$') text += this.dollar(false)
      else if (char === '`') text += this.backquoted()
      else {
        text += char
        this.at += 1
      }
    }
    return text
  }

  private single(): string {
    const end = this.text.indexOf("'", this.at + 1)
    if (end < 0) throw new SyntaxError(`a quote that begins in line ${this.line} does not end`)
    const inside = this.text.slice(this.at + 1, end)
    this.skip(end + 1 - this.at)
    return inside
  }

  private double(): string {
    const from = this.line
    let text = ''
    this.at += 1
    for (;;) {
      const char = this.text[this.at]
      if (char === undefined) throw new SyntaxError(`a quote that begins in line ${from} does not end`)
      if (char === '"') break
      if (char === '\\') {
        const next = this.text[this.at + 1] ?? ''
        text += '$`"\\'.includes(next) ? next : next === '\n' ? '' : `\\${next}`
        this.skip(2)
      } else if (char === '$') text += this.dollar(true)
      else if (char === '`') text += this.backquoted()
      else {
        text += char
        this.skip(1)
      }
    }
    this.at += 1
    return text
  }

  private dollar(quoted: boolean): string {
    const rest = this.text.slice(this.at, this.at + 300)
    if (rest.startsWith('$((')) {
      const end = this.text.indexOf('))', this.at)
      if (end > 0) {
        this.skip(end + 2 - this.at)
        return '0'
      }
    }
    if (rest.startsWith('$(')) {
      this.at += 2
      this.substitution(')')
      return substitutionMark
    }
    if (!quoted && rest.startsWith("$'")) {
      this.at += 1
      return escaped(this.single())
    }
    if (rest.startsWith('${')) return this.braced(quoted)
    const name = /^\$([A-Za-z_]\w*|[0-9@*#?$!-])/.exec(rest)?.[1]
    if (name === undefined) {
      this.at += 1
      return '$'
    }
    this.at += 1 + name.length
    return variableMark + name + variableMark
  }

  /** `${name...}`, whose rest may hold words and substitutions. */
  private braced(quoted: boolean): string {
    const from = this.line
    this.at += 2
    const rest = this.text.slice(this.at, this.at + 300)
    const name = /^[!#]?([A-Za-z_]\w*|[0-9@*#?$!-])/.exec(rest)?.[1] ?? ''
    if (/^[@*#?$!-]/.test(rest)) this.at += 1
    for (;;) {
      const char = this.text[this.at]
      if (char === undefined) throw new SyntaxError(`a brace in line ${from} does not end`)
      if (char === '}') break
      if (char === '\\') this.skip(2)
      else if (char === '$') this.dollar(quoted)
      else if (char === '`') this.backquoted()
      else if (char === '"') this.double()
      else if (char === "'" && !quoted) this.single()
      else this.skip(1)
    }
    this.at += 1
    return variableMark + name + variableMark
  }

  private backquoted(): string {
    const from = this.line
    const end = /^(?:[^`\\]|\\[^])*`/.exec(this.text.slice(this.at + 1))?.[0].length
    if (end === undefined) throw new SyntaxError(`a backquote in line ${from} does not end`)
    const inside = this.text.slice(this.at + 1, this.at + end).replace(/\\([`\\$])/g, '$1')
    this.skip(end + 1)
    this.nested.push(...shellPipelines(inside, from, this.depth + 1))
    return substitutionMark
  }

  /** From behind `$(` to its end; what is inside is read as a script. */
  private substitution(close: string): void {
    const from = this.line
    const start = this.at
    let depth = 1
    while (depth > 0) {
      const char = this.text[this.at]
      if (char === undefined) throw new SyntaxError(`a substitution in line ${from} does not end`)
      if (char === "'") this.single()
      else if (char === '"') this.double()
      else if (char === '\\') this.skip(2)
      else {
        if (char === '(') depth += 1
        if (char === close) depth -= 1
        this.skip(1)
      }
    }
    this.nested.push(...shellPipelines(this.text.slice(start, this.at - 1), from, this.depth + 1))
  }
}
