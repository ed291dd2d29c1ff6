import type { Generator, TraceContext, TracedMember, Verdict } from '../generator.ts'
import { firstDifference } from '../../content.ts'
import { memberText } from '../metadata/member-text.ts'
import { debianText, debPackage, type DebPackage } from './package.ts'
import { snippetsOf, type Snippets } from './snippets.ts'

const scriptNames = /^DEBIAN\/(preinst|postinst|prerm|postrm|config)$/

/**
 * Maintainer scripts: that of `debian/` with `#DEBHELPER#` replaced by snippets of the root's debhelper, and no other
 * text; without one in `debian/`, a frame of two lines around them (dh_installdeb(1)).
 */
export const maintainerScripts: Generator = {
  name: 'maintainer-script',
  reason:
    'dh_installdeb puts snippets of debhelper into the script of debian/; each snippet is compared with that of the locked root.',
  matches: ({ path, kind }) => scriptNames.test(path) && kind === 'file',
  async derive(member, context) {
    const deb = await debPackage(context)
    const bytes = await memberText(member, context)
    if (deb?.stanza === undefined || bytes === undefined || context.target?.deb?.mode === 'venv')
      return undefined
    const name = member.path.slice('DEBIAN/'.length)
    const stated = await debianText(context, deb, name)
    const template = stated?.text ?? '#!/bin/sh\nset -e\n#DEBHELPER#'
    return compare(member, bytes.toString('utf8'), { template, path: stated?.path, deb, context })
  }
}

interface Stated {
  template: string
  path: string | undefined
  deb: DebPackage
  context: TraceContext
}

function compare(member: TracedMember, text: string, { template, path, deb, context }: Stated): Verdict {
  const snippets = snippetsOf(context.evidence, { package: deb.name, architecture: deb.architecture })
  const filled = withTokens(template, deb)
  const mark = filled.indexOf('#DEBHELPER#')
  const from = path === undefined ? [] : [path]
  if (mark < 0) return text === filled ? { traced: true, from } : differing(member, filled, text, path)
  const [head, tail] = [filled.slice(0, mark), filled.slice(mark + '#DEBHELPER#'.length)]
  if (!text.startsWith(head) || !text.endsWith(tail) || text.length < head.length + tail.length)
    return differing(member, head + tail, text, path)
  const inserted = text.slice(head.length, text.length - tail.length)
  const read = readSections(inserted, snippets)
  if ('problem' in read) return notKnown(member, read.problem, snippets)
  const told = read.names.length === 0 ? 'no snippet' : read.names.join(', ')
  const frame = path ?? 'the frame of dh_installdeb'
  return { traced: true, from, reason: `${frame} with ${told} of debhelper.` }
}

/** Tokens whose values are known; what else stands between marks is left, as dh_installdeb leaves it. */
function withTokens(template: string, { name, architecture }: DebPackage): string {
  return template.replaceAll('#PACKAGE#', name).replaceAll('#DEB_HOST_ARCH#', architecture)
}

const sectionEnd = '# End automatically added section'

/** Sections between debhelper's comments; their texts must be snippets, and between them nothing but empty lines. */
function readSections(text: string, snippets: Snippets): { names: string[] } | { problem: string } {
  const names: string[] = []
  let rest = text
  for (;;) {
    rest = rest.replace(/^\n+/, '')
    if (rest === '') return { names }
    const [begin] = /^# Automatically added by dh_[a-z0-9_-]+(\/[A-Za-z0-9.+~:-]+)?\n/.exec(rest) ?? []
    if (begin === undefined) return { problem: firstLine(rest) }
    const at = rest.indexOf(`\n${sectionEnd}`) + 1
    const after = rest.slice(at + sectionEnd.length)
    if (at <= 0 || (after !== '' && !after.startsWith('\n'))) return { problem: firstLine(rest) }
    const body = rest.slice(begin.length, at)
    const read = snippetsIn(body, snippets)
    if (read === undefined) return { problem: firstLine(body) }
    names.push(...read)
    rest = after
  }
}

/** dh_python3 puts an empty line before each of several snippets in one section; others have one by itself. */
function snippetsIn(body: string, snippets: Snippets): string[] | undefined {
  const whole = snippets.match(body)
  if (whole !== undefined) return [whole]
  const names = body
    .split(/^(?=\n)/m)
    .filter((part) => part.trim() !== '')
    .map((part) => snippets.match(part.replace(/^\n/, '')))
  return names.every((name) => name !== undefined) ? names : undefined
}

function firstLine(text: string): string {
  const line = text.split('\n').find((each) => each.trim() !== '') ?? ''
  return JSON.stringify(line.slice(0, 200))
}

function notKnown(member: TracedMember, line: string, { known }: Snippets): Verdict {
  return {
    traced: false,
    code: 'script-undeclared',
    message: `${member.path} has ${line}, which is neither in debian/ nor ${known ? "a snippet of the root's debhelper" : 'one of the few snippets that are known without a root'}.`,
    cause: known
      ? 'Something adds text to the script while the package is built: it runs as root at installation.'
      : 'A trace without a lock does not know the debhelper that made the package.',
    fix: known
      ? `Write it into debian/PACKAGE.${member.path.slice('DEBIAN/'.length)}, or find what adds it in debian/rules.`
      : 'Run tagproof rehearse on the tag: it knows the root.'
  }
}

function differing(member: TracedMember, expected: string, text: string, path: string | undefined): Verdict {
  const { line, offset, a, b } = firstDifference(Buffer.from(expected), Buffer.from(text))
  return {
    traced: false,
    code: 'script-undeclared',
    message: `${member.path} is not ${path === undefined ? 'what debhelper writes' : JSON.stringify(path)}: ${line === null ? `at offset ${offset}` : `in line ${line}`} it would be ${a}, and the package has ${b}.`,
    cause: 'Something changes the script while the package is built: it runs as root at installation.',
    fix: 'Write it into debian/, or find what changes it in debian/rules.'
  }
}
