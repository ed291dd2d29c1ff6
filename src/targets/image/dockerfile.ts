import { DockerfileParser, type Instruction as ParsedInstruction } from 'dockerfile-ast'
import { TagproofError } from '../../platform/errors.ts'

/** One flag of an instruction, such as `--from=build`. */
export interface Flag {
  /** In lower case, without the dashes. */
  name: string
  /** Null for one without a value. */
  value: string | null
  line: number
}

/** One instruction, with its continued lines joined and the comments between them left out. */
export interface Instruction {
  /** In upper case. */
  keyword: string
  /** First and last line, from 1. */
  line: number
  endLine: number
  flags: Flag[]
  /** What follows keyword and flags; bodies of here-documents follow on lines of their own. */
  text: string
  /** Line of a character of {@link text}. */
  lineOf(offset: number): number
}

export interface Dockerfile {
  instructions: Instruction[]
  /** Value and line of `# syntax=`. */
  syntax: { value: string; line: number } | null
  /** Backslash, or the backtick of `# escape=`. */
  escape: string
}

/** Those of the pinned BuildKit's own frontend. */
const keywords: ReadonlySet<string> = new Set(
  'ADD ARG CMD COPY ENTRYPOINT ENV EXPOSE FROM HEALTHCHECK LABEL MAINTAINER ONBUILD RUN SHELL STOPSIGNAL USER VOLUME WORKDIR'.split(
    ' '
  )
)
const largestDockerfile = 256 * 1024
const mostInstructions = 2000

/**
 * Reads the text of a Dockerfile. Pure.
 *
 * @param path for messages
 * @throws TagproofError `config-invalid` with file and line: an instruction that does not exist, or a text too large
 */
export function readDockerfile(text: string, path: string): Dockerfile {
  if (text.length > largestDockerfile)
    throw dockerfileFault(path, 1, 'The Dockerfile is too large to be one.', {
      found: `${text.length} characters`,
      expected: `at most ${largestDockerfile}`
    })
  // A mark of byte order is not part of the first line; a lone carriage return ends none.
  const clean = text.replace(/^\ufeff/, '').replace(/\r\n/g, '\n')
  const lines = clean.split('\n')
  const parsed = DockerfileParser.parse(clean)
  const escape = parsed.getEscapeCharacter()
  const all = parsed.getInstructions()
  if (all.length > mostInstructions)
    throw dockerfileFault(path, 1, 'The Dockerfile has too many instructions.', {
      found: String(all.length),
      expected: `at most ${mostInstructions}`
    })
  const instructions = all.map((one) => readInstruction(one, lines, escape, path))
  return { instructions, syntax: readSyntax(lines), escape }
}

/** Message with file and line, as every fault of a Dockerfile is told. */
export function dockerfileFault(
  path: string,
  line: number,
  message: string,
  detail: { found?: string; expected?: string; fix?: string } = {}
): TagproofError {
  return new TagproofError('config-invalid', message, { where: `${path}:${line}`, ...detail })
}

/** Directives stand at the very top, below a shebang line if there is one (BuildKit, `parser.DetectSyntax`). */
function readSyntax(lines: readonly string[]): Dockerfile['syntax'] {
  for (const [index, line] of lines.entries()) {
    if (index === 0 && line.startsWith('#!')) continue
    const match = /^#\s*([A-Za-z][A-Za-z0-9]*)\s*=\s*(\S.*?)?\s*$/.exec(line)
    if (match === null) return null
    if (match[1]?.toLowerCase() === 'syntax') return { value: match[2] ?? '', line: index + 1 }
  }
  return null
}

function readInstruction(
  parsed: ParsedInstruction,
  lines: readonly string[],
  escape: string,
  path: string
): Instruction {
  const range = parsed.getRange()
  const keyword = parsed.getKeyword()
  const [line, endLine] = [range.start.line + 1, range.end.line + 1]
  if (!keywords.has(keyword))
    throw dockerfileFault(path, line, `There is no instruction ${JSON.stringify(keyword.slice(0, 60))}.`, {
      expected: [...keywords].join(', ')
    })
  const heredocs = bodyLines(parsed)
  const joined = joinLines(lines, range.start.line, range.end.line, escape, heredocs)
  return withFlags(keyword, line, endLine, joined)
}

/** Lines (from 0) that belong to bodies of here-documents. */
function bodyLines(parsed: ParsedInstruction): ReadonlySet<number> {
  const inside = new Set<number>()
  // The method is protected in the types of Instruction, and public in those of RUN, ADD and COPY, which alone have some.
  const { getHeredocs } = parsed as unknown as {
    getHeredocs?: () => { getStartRange(): Lines; getDelimiterRange(): Lines | null }[]
  }
  if (!['RUN', 'ADD', 'COPY'].includes(parsed.getKeyword())) return inside
  const all = getHeredocs?.call(parsed) ?? []
  const first = all[0]?.getStartRange().start.line
  if (first === undefined) return inside
  for (let line = first + 1; line <= parsed.getRange().end.line; line += 1) inside.add(line)
  return inside
}

interface Lines {
  start: { line: number }
}

interface Joined {
  text: string
  lineOf(offset: number): number
}

/** One line of an instruction that spans several: continuations, comments and empty lines between them fall out. */
function joinLines(
  lines: readonly string[],
  first: number,
  last: number,
  escape: string,
  bodies: ReadonlySet<number>
): Joined {
  const starts: { offset: number; line: number }[] = []
  const continued = new RegExp(`${escape === '`' ? '`' : '\\\\'}[ \\t]*$`)
  let text = ''
  for (let index = first; index <= last; index += 1) {
    const line = lines[index] ?? ''
    if (bodies.has(index)) {
      text += '\n'
      starts.push({ offset: text.length, line: index + 1 })
      text += line
      continue
    }
    if (index > first && /^[ \t]*(#|$)/.test(line)) continue
    starts.push({ offset: text.length, line: index + 1 })
    text += line.replace(continued, '')
  }
  return { text, lineOf: (offset) => starts.findLast((start) => start.offset <= offset)?.line ?? first + 1 }
}

function withFlags(keyword: string, line: number, endLine: number, joined: Joined): Instruction {
  const flags: Flag[] = []
  let at = /^\s*\S+\s*/.exec(joined.text)?.[0].length ?? 0
  for (;;) {
    const match = /^--([A-Za-z][A-Za-z0-9-]*)(?:=((?:"[^"]*"|'[^']*'|[^\s"'])*))?(?=\s|$)\s*/.exec(
      joined.text.slice(at, at + 8192)
    )
    if (match === null) break
    const value = match[2]?.replace(/^(["'])(.*)\1$/, '$2') ?? null
    flags.push({ name: (match[1] ?? '').toLowerCase(), value, line: joined.lineOf(at) })
    at += match[0].length
  }
  return {
    keyword,
    line,
    endLine,
    flags,
    text: joined.text.slice(at),
    lineOf: (offset) => joined.lineOf(at + offset)
  }
}

/** What ONBUILD keeps for later, as an instruction of its own; null for any other. */
export function triggerOf(instruction: Instruction): Instruction | null {
  if (instruction.keyword !== 'ONBUILD') return null
  const keyword = /^\s*([A-Za-z]+)/.exec(instruction.text)?.[1]?.toUpperCase() ?? ''
  return withFlags(keyword, instruction.line, instruction.endLine, instruction)
}

/** The words of a JSON array, as in `RUN ["a", "b"]`; null for the other form. */
export function jsonWords(text: string): string[] | null {
  if (!text.trimStart().startsWith('[')) return null
  try {
    const value: unknown = JSON.parse(text)
    return Array.isArray(value) && value.every((word) => typeof word === 'string') ? value : null
  } catch {
    return null
  }
}
