import {
  isAlias,
  isCollection,
  isMap,
  isNode,
  isPair,
  isScalar,
  LineCounter,
  parseDocument,
  visit,
  type Document
} from 'yaml'
import { TagproofError, type ErrorDetail } from '../platform/errors.ts'

/** A text larger than this is no configuration. */
const largestText = 256 * 1024
/** Deeper than any configuration, and far from the depth at which a parser runs out of stack. */
const deepestNesting = 32

const tooDeep: [string, ErrorDetail] = [
  'The file is nested too deeply to be a configuration.',
  { expected: 'a few levels' }
]

/** A YAML text: its value, and where each part of it stands. */
export interface YamlText {
  /** Undefined where the text holds nothing but comments. */
  value: unknown
  /** `name:line:column` of the value at a path; with `'key'`, of the key that leads to it. */
  place(path: readonly PropertyKey[], part?: 'key' | 'value'): string
}

/**
 * Reads YAML 1.2 (core schema) as configuration is written: one document, text keys, no tags, anchors,
 * aliases or directives, since what they do is easily overlooked in a review.
 *
 * @param source bytes, or a text that was decoded already
 * @param name file name for messages
 * @throws TagproofError `config-invalid` with `name:line:column`
 */
export function readYaml(source: string | Uint8Array, name: string): YamlText {
  const text = decode(source, name)
  const lines = new LineCounter()
  const at = (offset: number): string => {
    const { line, col } = lines.linePos(offset)
    return `${name}:${line}:${col}`
  }
  const document = parseDocument(text, {
    version: '1.2',
    schema: 'core',
    merge: false,
    strict: true,
    stringKeys: true,
    prettyErrors: false,
    logLevel: 'error',
    lineCounter: lines
  })
  const fault = document.errors[0]
  if (fault !== undefined)
    throw invalid(at(fault.pos[0]), ...syntaxMessage(fault.code, fault.message, text, fault.pos[0]))
  refuseDirectives(document, name)
  refuseSurprises(document, at)
  return {
    value: document.contents === null ? undefined : (document.toJS({ maxAliasCount: 0 }) as unknown),
    place: (path, part = 'value') => at(offsetOf(document, path, part))
  }
}

/** The one form of a mistake in the user's configuration. */
export function invalid(
  where: string,
  message: string,
  detail: Omit<ErrorDetail, 'where'> = {}
): TagproofError {
  return new TagproofError('config-invalid', message, { where, ...detail })
}

function decode(source: string | Uint8Array, name: string): string {
  const length = typeof source === 'string' ? source.length : source.byteLength
  if (length > largestText)
    throw invalid(`${name}:1:1`, 'The file is too large to be a configuration.', {
      found: `${length} bytes`,
      expected: `at most ${largestText} bytes`
    })
  const text =
    typeof source === 'string' ? source : new TextDecoder('utf-8', { ignoreBOM: true }).decode(source)
  const bad = /\uFFFD|\uFEFF|[\0-\x08\x0b\x0c\x0e-\x1f\x7f]/.exec(text) // eslint-disable-line no-control-regex -- what YAML forbids
  if (bad === null) return text
  const before = text.slice(0, bad.index).split('\n')
  const where = `${name}:${before.length}:${(before.at(-1) ?? '').length + 1}`
  if (bad[0] === '\uFFFD')
    throw invalid(where, 'The file is not UTF-8.', {
      found: 'bytes that are no text',
      expected: 'UTF-8',
      fix: 'Save the file as UTF-8.'
    })
  if (bad[0] === '\uFEFF')
    throw invalid(where, 'The file holds a byte order mark.', {
      found: 'U+FEFF',
      expected: 'plain UTF-8',
      fix: 'Save the file as UTF-8 without a byte order mark.'
    })
  throw invalid(where, 'The file holds a control character.', {
    found: `U+${bad[0].charCodeAt(0).toString(16).padStart(4, '0').toUpperCase()}`,
    expected: 'text',
    fix: 'Remove the character.'
  })
}

function syntaxMessage(
  code: string,
  message: string,
  text: string,
  offset: number
): [string, Omit<ErrorDetail, 'where'>] {
  switch (code) {
    case 'DUPLICATE_KEY': {
      const key = /^[^:\s]*/.exec(text.slice(offset))?.[0] ?? ''
      return [
        `The key ${key} is there twice.`,
        { found: `a second ${key}`, expected: 'each key once', fix: 'Remove one of them.' }
      ]
    }
    case 'MULTIPLE_DOCS':
      return [
        'The file holds several documents.',
        {
          found: 'a second document after ---',
          expected: 'one document',
          fix: 'Remove everything from the second --- on.'
        }
      ]
    case 'NON_STRING_KEY':
      return ['A key is not plain text.', { expected: 'a word before the colon' }]
    case 'TAB_AS_INDENT':
      return [
        'A tab is used for indentation.',
        { found: 'a tab', expected: 'spaces', fix: 'Replace tabs by spaces.' }
      ]
    case 'RESOURCE_EXHAUSTION':
      return tooDeep
    default:
      return ['This is not YAML.', { found: message, expected: 'YAML 1.2' }]
  }
}

function refuseDirectives(document: Document, name: string): void {
  const { yaml, tags } = document.directives ?? {}
  if (yaml?.explicit !== true && Object.keys(tags ?? {}).length <= 1) return
  throw invalid(`${name}:1:1`, 'A YAML directive is used.', {
    found: '% at the start of a line',
    expected: 'YAML 1.2 without directives',
    fix: 'Remove the line.'
  })
}

function refuseSurprises(document: Document, at: (offset: number) => string): void {
  const offsetOfNode = (node: unknown): number => (isNode(node) ? (node.range?.[0] ?? 0) : 0)
  visit(document, {
    Node: (_key, node, path) => {
      if (path.length > deepestNesting) throw invalid(at(offsetOfNode(node)), ...tooDeep)
      if (isAlias(node))
        throw invalid(at(offsetOfNode(node)), 'An alias is used.', {
          found: `*${node.source}`,
          expected: 'the value itself',
          fix: 'Write the value out: reviewers should see it where it counts.'
        })
      const { anchor } = node as { anchor?: string | undefined }
      if (anchor !== undefined)
        throw invalid(at(offsetOfNode(node)), 'An anchor is used.', {
          found: `&${anchor}`,
          expected: 'a value without an anchor',
          fix: 'Remove the anchor.'
        })
      if (node.tag !== undefined)
        throw invalid(at(offsetOfNode(node)), 'A YAML tag is used.', {
          found: node.tag,
          expected: 'a value without a tag',
          fix: 'Remove the tag.'
        })
    }
  })
}

function offsetOf(document: Document, path: readonly PropertyKey[], part: 'key' | 'value'): number {
  let node: unknown = document.contents
  let offset = 0
  for (const [index, step] of path.entries()) {
    if (!isCollection(node)) break
    if (!isMap(node)) {
      node = node.items[Number(step)]
    } else {
      const pair = node.items.find((item) => String(isNode(item.key) ? item.key : '') === String(step))
      if (!isPair(pair)) break
      const wantsKey = index === path.length - 1 && part === 'key'
      node = wantsKey || pair.value === null || emptyScalar(pair.value) ? pair.key : pair.value
    }
    if (isNode(node)) offset = node.range?.[0] ?? offset
  }
  if (path.length === 0 && isNode(node)) offset = node.range?.[0] ?? 0
  return offset
}

/** A value that is not there, as in `targets:` alone, stands nowhere. */
function emptyScalar(node: unknown): boolean {
  if (!isScalar(node)) return false
  const [start, end] = node.range ?? [0, 1]
  return start === end
}
