import { isAlias, isNode, isPair, isScalar, LineCounter, parseDocument, visit } from 'yaml'
import { TagproofError } from '../platform/errors.ts'

/** A lock of a thousand packages has 0.3 MB. */
const largestText = 16 * 1024 * 1024

/** The value of a YAML text, and the line of each part of it. */
export interface LockText {
  value: unknown
  line: (path: readonly PropertyKey[]) => number
}

/**
 * YAML 1.2, core schema, one document; without anchors, aliases, tags and merge keys, which a reviewer overlooks.
 *
 * @throws TagproofError `lock-invalid`
 */
export function readLockText(text: string, name: string): LockText {
  if (text.length > largestText) throw invalid(name, 'is too large to be a lock', 1)
  if (/[\0\uFFFD\uFEFF]/.test(text)) throw invalid(name, 'is not plain UTF-8 text', 1)
  const lines = new LineCounter()
  const document = parseDocument(text, {
    version: '1.2',
    schema: 'core',
    merge: false,
    strict: true,
    uniqueKeys: true,
    stringKeys: true,
    prettyErrors: false,
    logLevel: 'error',
    lineCounter: lines
  })
  const lineAt = (offset: number | undefined): number =>
    offset === undefined ? 1 : Math.max(lines.linePos(offset).line, 1)
  const fault = document.errors[0] ?? document.warnings[0]
  if (fault !== undefined)
    throw invalid(name, `is not YAML as a lock is written: ${fault.message}`, lineAt(fault.pos[0]))
  visit(document, (_key, node) => {
    if (isAlias(node)) throw invalid(name, 'has an alias', lineAt(node.range?.[0]))
    if (isNode(node) && (node.anchor !== undefined || node.tag?.startsWith('!') === true))
      throw invalid(name, 'has an anchor or a tag', lineAt(node.range?.[0]))
  })
  return {
    value: document.toJS({ maxAliasCount: 0 }) as unknown,
    line(path) {
      // The deepest part that is there: a missing key is reported at the line of what should hold it.
      for (let depth = path.length; depth > 0; depth -= 1) {
        const parent: unknown =
          depth === 1 ? document.contents : document.getIn(path.slice(0, depth - 1), true)
        const key = path[depth - 1]
        const items = (parent as { items?: unknown[] } | null)?.items ?? []
        const item =
          typeof key === 'number'
            ? items[key]
            : items.find((pair) => isPair(pair) && isScalar(pair.key) && pair.key.value === key)
        const node = isPair(item) ? item.key : item
        if (isNode(node)) return lineAt(node.range?.[0])
      }
      return 1
    }
  }
}

function invalid(name: string, what: string, line: number): TagproofError {
  return new TagproofError('lock-invalid', `${name} ${what}.`, {
    where: `${name}:${line}`,
    fix: 'Resolve conflicts left by a merge, or make it again with tagproof lock.'
  })
}
