import { clausePattern } from './specifier.ts'

/** What a dependency specifier (PEP 508) says, as far as an index asks. */
export type RequirementSyntax = { name: string; url: string | null } | { problem: string }

const patterns = {
  space: /[ \t]+/y,
  name: /\b[a-z0-9][a-z0-9._-]*\b/iy,
  url: /[^ \t]+/y,
  clause: new RegExp(clausePattern, 'iy'),
  variable:
    /\b(?:python_version|python_full_version|os[._]name|sys[._]platform|platform_(?:release|system)|platform[._](?:version|machine|python_implementation)|python_implementation|implementation_(?:name|version)|extras?|dependency_groups)\b/y,
  text: /'[^']*'|"[^"]*"/y,
  operator: /===|==|~=|!=|<=|>=|<|>|\bin\b|\bnot[ \t]+in\b/y,
  word: /\b(?:or|and)\b/y
}
type Pattern = keyof typeof patterns

/** Nested conditions deeper than this are no work of a person. */
const deepest = 100

/**
 * Parses a dependency specifier: `name[extra] (>=1.0,<2); marker` or `name @ url ; marker` (PEP 508, and
 * packaging.python.org "Dependency specifiers"), as strict as `packaging` is.
 */
export function requirementSyntax(source: string): RequirementSyntax {
  const reader = new Reader(source)
  try {
    return requirement(reader)
  } catch (error) {
    if (error instanceof Unexpected) return { problem: error.message }
    throw error
  }
}

class Unexpected extends Error {}

class Reader {
  private at = 0
  private readonly source: string

  constructor(source: string) {
    this.source = source
  }

  take(pattern: Pattern): string | null {
    const expression = patterns[pattern]
    expression.lastIndex = this.at
    const found = expression.exec(this.source)?.[0] ?? null
    this.at += found?.length ?? 0
    return found
  }

  expect(pattern: Pattern, wanted: string): string {
    return this.take(pattern) ?? this.fail(wanted)
  }

  takeSign(sign: string): boolean {
    const there = this.source.startsWith(sign, this.at)
    if (there) this.at += sign.length
    return there
  }

  expectSign(sign: string): void {
    if (!this.takeSign(sign)) this.fail(`"${sign}"`)
  }

  fail(wanted: string): never {
    const rest = this.source.slice(this.at, this.at + 30)
    throw new Unexpected(`${wanted} is missing before ${rest === '' ? 'the end' : JSON.stringify(rest)}`)
  }

  isAtEnd(): boolean {
    return this.at === this.source.length
  }
}

function requirement(reader: Reader): RequirementSyntax {
  reader.take('space')
  const name = reader.expect('name', 'the name of a project')
  reader.take('space')
  extras(reader)
  reader.take('space')
  if (reader.takeSign('@')) {
    reader.take('space')
    const url = reader.expect('url', 'the address')
    if (!reader.isAtEnd()) {
      reader.expect('space', 'a space behind the address')
      if (!reader.isAtEnd()) condition(reader)
    }
    end(reader)
    return { name, url }
  }
  versions(reader)
  reader.take('space')
  if (!reader.isAtEnd()) condition(reader)
  end(reader)
  return { name, url: null }
}

function end(reader: Reader): void {
  if (!reader.isAtEnd()) reader.fail('the end')
}

function extras(reader: Reader): void {
  if (!reader.takeSign('[')) return
  reader.take('space')
  if (reader.take('name') !== null) {
    reader.take('space')
    while (reader.takeSign(',')) {
      reader.take('space')
      reader.expect('name', 'the name of an extra')
      reader.take('space')
    }
  }
  reader.take('space')
  reader.expectSign(']')
}

function versions(reader: Reader): void {
  const enclosed = reader.takeSign('(')
  reader.take('space')
  while (reader.take('clause') !== null) {
    reader.take('space')
    if (!reader.takeSign(',')) break
    reader.take('space')
  }
  reader.take('space')
  if (enclosed) reader.expectSign(')')
}

function condition(reader: Reader): void {
  reader.expectSign(';')
  marker(reader, 0)
  reader.take('space')
}

function marker(reader: Reader, depth: number): void {
  if (depth > deepest) reader.fail('the end of so many brackets')
  do atom(reader, depth)
  while (reader.take('word') !== null)
}

function atom(reader: Reader, depth: number): void {
  reader.take('space')
  if (reader.takeSign('(')) {
    reader.take('space')
    marker(reader, depth + 1)
    reader.take('space')
    reader.expectSign(')')
  } else {
    operand(reader)
    reader.take('space')
    reader.expect('operator', 'an operator')
    reader.take('space')
    operand(reader)
  }
  reader.take('space')
}

function operand(reader: Reader): void {
  if (reader.take('variable') === null && reader.take('text') === null)
    reader.fail('a variable of the environment or a quoted text')
}
