import { createHash } from 'node:crypto'
import type { TraceEvidence } from '../evidence.ts'
import { parameterRule } from './snippet-rule.ts'

/** Where debhelper and its additions keep the pieces of maintainer scripts (debhelper(7), autoscripts). */
export const snippetFolder = /^usr\/share\/(debhelper|dh-python)\/autoscripts\/[a-z0-9-]+$/

const largestSection = 8 * 1024

/** Matches texts against the snippets of a root. */
export interface Snippets {
  /** Name of the snippet that a text is an instance of; undefined if it is of none. */
  match(text: string): string | undefined
  known: boolean
}

export function snippetsOf(
  evidence: Pick<TraceEvidence, 'roots'> | undefined,
  names: { package: string; architecture: string }
): Snippets {
  const templates = (evidence?.roots ?? []).flatMap(({ texts }) =>
    [...texts].filter(([path]) => snippetFolder.test(path))
  )
  const rules = templates.map(([path, text]) => ({
    name: path.slice(path.lastIndexOf('/') + 1),
    rule: ruleOf(text)
  }))
  return {
    known: templates.length > 0,
    match(text) {
      if (text.length > largestSection) return undefined
      return rules.find(({ rule }) => rule.test(text))?.name ?? wellKnown(text, names)
    }
  }
}

/** The text of a snippet as a pattern; a name that stands there twice has one value. */
function ruleOf(template: string): RegExp {
  const groups = new Map<string, number>()
  let before = ''
  const source = template
    .split(/#([A-Z_]+)#/)
    .map((part, at) => {
      const rule = parameterRule(before)
      before += at % 2 === 0 ? part : 'x'
      if (at % 2 === 0) return part.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')
      const group = groups.get(part)
      if (group !== undefined) return `\\${group}`
      groups.set(part, groups.size + 1)
      return `(${rule})`
    })
    .join('')
  return new RegExp(`^${source}$`)
}

/**
 * Snippets that nearly every Python package has, for a trace that knows no root: SHA-256 of their texts in dh-python
 * 5.20230130 and later, with the package's name as `#PACKAGE#` and no arguments.
 */
const hashes: Readonly<Record<string, string>> = {
  '0bd635d384e70bf7d1bd78e38d6c1d12b9741484e1ef5aaed269f57575bf0dce': 'postinst-py3compile',
  f735b05af0921b434a0ab721df1777eba6e2e678882e6913f622dbbc8dd1cc20: 'prerm-py3clean'
}

function wellKnown(text: string, names: { package: string; architecture: string }): string | undefined {
  const plain = text
    .replaceAll(`${names.package}:${names.architecture}`, '#PACKAGE#')
    .replaceAll(` ${names.package} `, ' #PACKAGE# ')
  return hashes[createHash('sha256').update(plain).digest('hex')]
}
