/** Directives and roles of docutils 0.23; a renderer of the index knows no others, Sphinx's neither. */
const directives =
  wordsOf(`admonition attention caution class code code-block compound container contents csv-table danger
  date default-role epigraph error figure footer header highlights hint image important include line-block list-table math
  meta note parsed-literal pull-quote raw replace restructuredtext-test-directive role rst-class rubric section-numbering
  sectnum sidebar sourcecode table target-notes tip title topic unicode warning`)
const roles =
  wordsOf(`ab abbreviation ac acronym anonymous-reference citation-reference code emphasis footnote-reference i
  index literal math named-reference pep pep-reference raw restructuredtext-unimplemented-role rfc rfc-reference strong sub
  subscript substitution-reference sup superscript t target title title-reference uri uri-reference url`)
/** What is switched off, so that nobody brings in files of the server or markup of their own. */
const forbidden = wordsOf('include raw')
/** Directives whose content is no reStructuredText, or not on lines of its own. */
const verbatim = wordsOf(
  'code code-block sourcecode math raw csv-table parsed-literal line-block unicode replace meta date'
)

function wordsOf(text: string): ReadonlySet<string> {
  return new Set(text.trim().split(/\s+/))
}

export interface Obstacle {
  /** From 1. */
  line: number
  problem: string
}

const explicit = /^\s*\.\.(?:\s|$)/
const directiveForm = /^(\s*)\.\. +([a-z0-9](?:[-_+.:]?[a-z0-9])*) ?::(?:\s|$)/i
const roleForm = /(?:^|[\s(]):([a-z0-9](?:[-_+.:]?[a-z0-9])*):`[^`\s][^`]*`(?![\w`])/gi
const underline = /^([!-/:-@[-`{-~])\1{3,}\s*$/
/** Beginnings of lines that are no title, whatever stands below. */
const otherStart = /^(?:[-*+•] |\(?[\w#]+[.)] |:|\.\.|\||>>>|\+[-=]|__|--?\w|\/\w)/

/**
 * What surely keeps a reStructuredText from being rendered by the index (readme_renderer: docutils that stops at the first
 * warning, with files and raw markup switched off): directives and roles that are Sphinx's or misspelt, `include` and
 * `raw`, titles longer than their underline. It looks at what it can be sure of, and passes over the rest; that nothing is
 * found does not say that the text is rendered.
 */
export function renderObstacles(text: string): Obstacle[] {
  const lines = text.split(/\r\n|\r|\n/).map((line) => line.replaceAll('\t', '        '))
  const own = new Set(
    [...text.matchAll(/^[^\S\n]*\.\. +role::[^\S\n]+([\w-]+)/gim)].map(([, name = '']) => name.toLowerCase())
  )
  const found: Obstacle[] = []
  let place: Place = {
    skipBelow: null,
    literalAfter: null,
    untilBlank: false,
    blankBefore: true,
    inLiteral: false
  }
  for (const [index, line] of lines.entries()) {
    const step = judge(line, lines, index, place, own)
    place = step.place
    if (step.problem !== null) found.push({ line: index + 1, problem: step.problem })
  }
  return found
}

interface Place {
  /** Deeper lines than this belong to what is not read. */
  skipBelow: number | null
  /** Indent of a paragraph that ended in `::`, until the block after it has begun. */
  literalAfter: number | null
  untilBlank: boolean
  blankBefore: boolean
  /** Between two pairs of backquotes on different lines. */
  inLiteral: boolean
}

function judge(
  line: string,
  lines: readonly string[],
  index: number,
  before: Place,
  own: ReadonlySet<string>
): { place: Place; problem: string | null } {
  if (line.trim() === '')
    return { place: { ...before, untilBlank: false, blankBefore: true, inLiteral: false }, problem: null }
  const place = { ...before, blankBefore: false }
  const pass = { place, problem: null }
  const indent = line.search(/\S/)
  if (place.untilBlank) return pass
  if (place.literalAfter !== null && before.blankBefore) {
    if (indent > place.literalAfter) place.skipBelow = place.literalAfter
    // A quoted literal block is not indented.
    else if (/^\s*[!-/:-@[-`{-~]/.test(line)) place.untilBlank = true
    place.literalAfter = null
    if (place.untilBlank) return pass
  }
  if (place.skipBelow !== null && indent > place.skipBelow) return pass
  place.skipBelow = null
  if (/^\s*>>> /.test(line)) return { place: { ...place, untilBlank: true }, problem: null }
  if (explicit.test(line)) return judgeExplicit(line, lines, index, { before, place, indent })
  if (/^\s*:[\w -]+:(\s|$)/.test(line)) return pass
  place.literalAfter = /::\s*$/.test(line) ? indent : null
  if (before.blankBefore && indent === 0) {
    const problem = titleProblem(line, lines[index + 1] ?? '')
    if (problem !== null) return { place, problem }
  }
  const { text, open } = withoutLiterals(line, place.inLiteral)
  place.inLiteral = open
  return { place, problem: text === null ? null : roleProblem(text, own) }
}

function judgeExplicit(
  line: string,
  lines: readonly string[],
  index: number,
  { before, place, indent }: { before: Place; place: Place; indent: number }
): { place: Place; problem: string | null } {
  const name = directiveForm.exec(line)?.[2]?.toLowerCase()
  // In the middle of a paragraph it is text like any other.
  const begins = before.blankBefore || explicit.test(lines[index - 1] ?? '')
  if (name === undefined || !begins) {
    const isComment = /^\s*\.\.(?:\s*$|\s+(?![_[|]))/.test(line)
    return { place: { ...place, skipBelow: isComment || !begins ? indent : null }, problem: null }
  }
  if (!directives.has(name))
    return { place: { ...place, skipBelow: indent }, problem: `the directive "${name}" is unknown` }
  if (forbidden.has(name))
    return { place: { ...place, skipBelow: indent }, problem: `the directive "${name}" is switched off` }
  return { place: { ...place, skipBelow: verbatim.has(name) ? indent : null }, problem: null }
}

function titleProblem(title: string, below: string): string | null {
  const text = title.trimEnd()
  if (!underline.test(below) || underline.test(text) || !/^[ -~]+$/.test(text) || otherStart.test(text))
    return null
  return text.length > below.trimEnd().length
    ? `the line under the title "${text.slice(0, 60)}" is too short`
    : null
}

/** A line without what stands in double backquotes; null where such a text goes over its ends. */
function withoutLiterals(line: string, within: boolean): { text: string | null; open: boolean } {
  const parts = line.split('``')
  const open = (parts.length % 2 === 0) !== within
  if (within || open) return { text: null, open }
  return { text: parts.filter((_, at) => at % 2 === 0).join(' '), open }
}

function roleProblem(text: string, own: ReadonlySet<string>): string | null {
  for (const [, name = ''] of text.matchAll(roleForm)) {
    const role = name.toLowerCase()
    if (!roles.has(role) && !own.has(role)) return `the role ":${name}:" is unknown`
  }
  return null
}
