import { TagproofError } from '../platform/errors.ts'

/** One requirement of a requirements file, with the hashes that it allows. */
export interface RequirementLine {
  /** PEP 508, without the options behind it. */
  requirement: string
  /** SHA-256, lower-case hex; empty where the line has none. */
  sha256: string[]
  /** `path:line`. */
  where: string
}

/** Another file that is taken in: `-r` or `-c`. */
export interface IncludedFile {
  kind: 'requirements' | 'constraints'
  /** As it stands there, relative to the file that names it. */
  path: string
  where: string
}

export interface RequirementsText {
  requirements: RequirementLine[]
  includes: IncludedFile[]
}

interface LogicalLine {
  text: string
  /** Of its first physical line, from 1. */
  number: number
}

const longestLine = 20_000
/** As the lock takes it. */
const longestRequirement = 1000
const versionPart = String.raw`(?:===|==|~=|!=|<=|>=|<|>)\s*[A-Za-z0-9.*+!_-]+`
const specifiers = String.raw`${versionPart}(?:\s*,\s*${versionPart})*`
/** A name, extras, versions and a marker: no address and no path. */
const requirementForm = new RegExp(
  String.raw`^[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?(?:\s*\[\s*[A-Za-z0-9._-]+(?:\s*,\s*[A-Za-z0-9._-]+)*\s*\])?\s*(?:${specifiers}|\(\s*${specifiers}\s*\))?\s*(?:;[^\0-\x1f#$]{1,1000})?$`
)

/**
 * Reads a requirements file as pip does ("Requirements File Format"), strictly: names with versions, extras, markers
 * and hashes, `-r` and `-c`, comments and continued lines. Pure.
 *
 * @param path how the file is called in messages
 * @throws TagproofError `config-invalid` with file and line for everything else: options that choose an index or a
 *   form of package, addresses, paths, editable installs
 */
export function parseRequirementsText(text: string, path: string): RequirementsText {
  const found: RequirementsText = { requirements: [], includes: [] }
  for (const { text: line, number } of logicalLines(text, path)) {
    const where = `${path}:${number}`
    if (line.startsWith('-')) {
      const included = includeOf(line, where)
      if (included !== null) found.includes.push(included)
    } else found.requirements.push(requirementOf(line, where))
  }
  return found
}

/** Joined at a backslash, without comments and empty lines. A comment between the parts of a line ends it. */
function logicalLines(text: string, path: string): LogicalLine[] {
  const lines: LogicalLine[] = []
  let open: LogicalLine | null = null
  for (const [at, raw] of text
    .replace(/^\uFEFF/, '')
    .split(/\r\n|\r|\n/)
    .entries()) {
    const comment = /^\s*#/.test(raw)
    const continued = raw.endsWith('\\') && !comment
    const part = (comment ? ' ' : '') + (continued ? raw.slice(0, -1) : raw)
    const line: LogicalLine = { text: (open?.text ?? '') + part, number: open?.number ?? at + 1 }
    if (line.text.length > longestLine)
      throw refused(`${path}:${line.number}`, 'a line that is too long', `at most ${longestLine} characters`)
    open = continued ? line : null
    if (!continued) lines.push(line)
  }
  if (open !== null) lines.push(open)
  return lines
    .map((line) => ({ ...line, text: line.text.replace(/(^|\s)#.*$/, '').trim() }))
    .filter((line) => line.text !== '')
}

function includeOf(line: string, where: string): IncludedFile | null {
  if (line === '--require-hashes') return null
  const [, option = '', value = ''] =
    /^(-[rc]|--requirement|--constraint)(?:\s*=\s*|\s+|(?<=^-[rc]))(\S+)$/.exec(line) ?? []
  if (option === '') throw optionRefused(line, where)
  if (/^[a-z+]+:\/\//i.test(value) || value.startsWith('/'))
    throw refused(
      where,
      line,
      'a path inside the tree, relative to this file',
      'Commit the file, and name it.'
    )
  const kind = option === '-r' || option === '--requirement' ? 'requirements' : 'constraints'
  return { kind, path: value, where }
}

const optionFixes: readonly [RegExp, string][] = [
  [
    /^(-i\b|--(index-url|extra-index-url|no-index|trusted-host)|-f\b|--find-links)/,
    "Take the line out: the index is that of the user's pip configuration (PIP_INDEX_URL), and the lock holds hashes."
  ],
  [
    /^(-e\b|--editable)/,
    'Take the line out: what is installed is the wheel of the release and locked packages. Name a package by name and version.'
  ],
  [
    /^--(no-binary|only-binary|prefer-binary)/,
    'Take the line out: wheels are taken where there are some; an sdist is allowed with `allow-sdists` of the target.'
  ],
  [/^--pre\b/, 'Take the line out, and name the pre-release as a version, such as name==2.0rc1.']
]

function optionRefused(line: string, where: string): TagproofError {
  const fix = optionFixes.find(([form]) => form.test(line))?.[1]
  return refused(
    where,
    line,
    'requirements, -r FILE, -c FILE',
    fix ?? 'Take the option out: the lock has no place for it.'
  )
}

function requirementOf(line: string, where: string): RequirementLine {
  const end = line.search(/\s--?[a-z]/)
  const requirement = (end < 0 ? line : line.slice(0, end)).trimEnd()
  const options = end < 0 ? '' : line.slice(end)
  if (requirement.length > longestRequirement || !requirementForm.test(requirement)) {
    const address = /@|:\/\/|^[./]|\.(whl|zip|tar\.gz)$/.test(requirement)
    throw refused(
      where,
      line,
      'a name with versions, extras and a marker, such as name[extra]==1.2; python_version < "3.12"',
      address
        ? 'Name the package and its version: what lies at an address cannot be locked. Put a wheel of it on an index, or where PIP_FIND_LINKS finds it.'
        : undefined
    )
  }
  return { requirement, sha256: hashesOf(options, where), where }
}

function hashesOf(options: string, where: string): string[] {
  const found: string[] = []
  let rest = options.trim()
  while (rest !== '') {
    const match = /^--hash(?:=|\s+)([a-z0-9]+):([0-9a-fA-F]+)(?:\s+|$)/.exec(rest)
    if (match === null)
      throw refused(where, rest.slice(0, 200), '--hash=sha256:…', 'Take other options of the line out.')
    const [whole, algorithm = '', digest = ''] = match
    if (algorithm !== 'sha256' || digest.length !== 64)
      throw refused(where, `--hash=${algorithm}:…`, '--hash=sha256: and 64 hex digits')
    found.push(digest.toLowerCase())
    rest = rest.slice(whole.length)
  }
  return found
}

function refused(where: string, found: string, expected: string, fix?: string): TagproofError {
  return new TagproofError('config-invalid', 'A requirements file has a line that cannot be locked.', {
    where,
    found: JSON.stringify(found.slice(0, 300)),
    expected,
    fix: fix ?? 'Correct the line.'
  })
}
