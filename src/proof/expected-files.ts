import { TagproofError } from '../platform/errors.ts'
import type { Finding } from '../documents/proof.ts'
import { about, each } from './complete.ts'
import { lastingNames, subjectOf, type MemberList } from './lasting-names.ts'
import { literalPattern, namePattern, type NamePattern } from './name-pattern.ts'

/** What a project expects in its artifacts: lines by section, `wheel` or `TARGET wheel`. */
export type ExpectedFiles = ReadonlyMap<string, readonly ExpectedLine[]>

interface ExpectedLine {
  /** The name, or the pattern as it is written. */
  text: string
  pattern: NamePattern
}

export interface TargetLists {
  target: string
  lists: readonly MemberList[]
}

const mostWildcards = 4
const longestLine = 4096

/**
 * Reads a list of expected files: sections `[wheel]`, `[sdist]`, `[image]`, `[deb PACKAGE]` (or `[TARGET wheel]`, where
 * there are several targets), in each a lasting name per line. `*` and `?` stay within one part of a path, `**` spans parts; `\` before a
 * character takes it as it is; `#` begins a comment line.
 *
 * @param name file name for messages
 * @throws TagproofError `config-invalid` with file and line
 */
export function parseExpectedFiles(text: string, name: string): ExpectedFiles {
  const sections = new Map<string, ExpectedLine[]>()
  let open: ExpectedLine[] | undefined
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.replace(/\r$/, '')
    const where = `${name}:${index + 1}`
    if (line.trim() === '' || line.startsWith('#')) continue
    const title = /^\[([a-z0-9._+ -]{1,160})\]$/.exec(line)?.[1]
    if (title !== undefined) {
      if (sections.has(title)) throw invalid(where, `The section [${title}] stands there twice.`, line)
      sections.set(title, (open = []))
    } else if (line.startsWith('[')) throw invalid(where, 'This is no section.', line, '[wheel] or [sdist]')
    else if (open === undefined)
      throw invalid(where, 'A name stands before the first section.', line, '[wheel] or [sdist] above it')
    else open.push(expectedLine(line, where))
  }
  return sections
}

/** The list of what was built, to be committed: {@link parseExpectedFiles} finds it complete. */
export function formatExpectedFiles(targets: readonly TargetLists[]): string {
  const sections = targets.flatMap(({ target, lists }) =>
    lists.map((list) => {
      const title = targets.length === 1 ? subjectOf(list) : `${target} ${subjectOf(list)}`
      return `[${title}]\n${lastingNames(list).map(literal).join('\n')}\n`
    })
  )
  return `# What the packages hold; {version} stands for the version. Link it in .github/tagproof.yml: expected-files: PATH\n\n${sections.join('\n')}`
}

/** Sections that name no artifact of this release: a slip of the pen would switch the check off. */
export function unknownSections(
  expected: ExpectedFiles,
  targets: readonly { name: string }[],
  kinds: readonly string[]
): string[] {
  const known = new Set(targets.flatMap(({ name }) => kinds.map((kind) => `${name} ${kind}`)))
  if (targets.length === 1) for (const kind of kinds) known.add(kind)
  // Which packages a deb target makes is known once it is built.
  return [...expected.keys()].filter(
    (title) => !known.has(title.replace(/\bdeb [a-z0-9][a-z0-9+.-]+$/, 'deb'))
  )
}

/** Compares what was built with what is expected: `expected-missing`, `expected-extra`, `expected-not-listed`. */
export function expectedFindings(
  expected: ExpectedFiles,
  targets: readonly TargetLists[],
  file: string
): Finding[] {
  return targets.flatMap(({ target, lists }) =>
    lists.flatMap((list) => {
      const subject = subjectOf(list)
      const lines =
        expected.get(`${target} ${subject}`) ?? (targets.length === 1 ? expected.get(subject) : undefined)
      return lines === undefined ? [notListed(list, file)] : listFindings(list, lines, file)
    })
  )
}

function listFindings(list: MemberList, lines: readonly ExpectedLine[], file: string): Finding[] {
  const names = lastingNames(list)
  const there = new Set(names)
  const exact = new Set(lines.map(({ pattern }) => pattern.exact))
  const patterns = lines.map(({ pattern }) => pattern).filter((pattern) => pattern.exact === null)
  const missing = lines.filter(({ pattern }) =>
    pattern.exact === null ? !names.some((name) => pattern.fits(name)) : !there.has(pattern.exact)
  )
  const extra = names.filter((name) => !exact.has(name) && !patterns.some((pattern) => pattern.fits(name)))
  return [
    ...each(
      list,
      'expected-missing',
      missing.map(({ text }) => text),
      (name) => ({
        message: `${file} expects ${JSON.stringify(name)}, which is not in the artifact.`,
        cause: null,
        fix: `Mend the build so that it ships the file; if it was meant to go, remove the line from ${file}.`
      })
    ),
    ...each(list, 'expected-extra', extra, (name) => ({
      message: `The artifact holds ${JSON.stringify(name)}, which ${file} does not expect.`,
      cause: null,
      fix: `Keep the file out of the package; if it belongs there, add the line to ${file}.`
    }))
  ]
}

function notListed(list: MemberList, file: string): Finding {
  return {
    ...about(list, 'expected-not-listed', 'note'),
    message: `${file} has no section for this ${list.kind}, so its members were compared with no list.`,
    cause: null,
    fix: `Add a section [${subjectOf(list)}] to ${file}; tagproof rehearse --write-expected FILE writes it.`
  }
}

function expectedLine(line: string, where: string): ExpectedLine {
  if (line.length > longestLine) throw invalid(where, 'The line is too long.', `${line.length} characters`)
  const pattern = namePattern(line)
  if (pattern.wildcards > mostWildcards)
    throw invalid(
      where,
      'The line has too many wildcards.',
      String(pattern.wildcards),
      `at most ${mostWildcards}`
    )
  return { text: pattern.exact ?? line, pattern }
}

/** A name as a line that means just this name. */
function literal(name: string): string {
  return literalPattern(name).replace(/^[#[]/, '\\$&')
}

function invalid(where: string, message: string, found: string, expected?: string): TagproofError {
  return new TagproofError('config-invalid', message, {
    where,
    found: found.slice(0, 200),
    ...(expected === undefined ? {} : { expected }),
    fix: 'Correct the list, or write it anew: tagproof rehearse --write-expected FILE.'
  })
}
