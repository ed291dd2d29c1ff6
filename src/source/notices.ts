import { isAscii } from 'node:buffer'
import type { Notice } from '../documents/plan.ts'

/** Overrides, embeddings and isolates of the bidirectional algorithm (UAX #9; CVE-2021-42574). */
const bidiControls = /[\u202a-\u202e\u2066-\u2069]/u
/**
 * Characters that show nothing: the no-break space, the soft hyphen, fillers of Hangul and Khmer, marks of direction,
 * zero-width characters and joiners, invisible operators, annotations, musical controls, tags, and the variation
 * selectors but for the one that emoji have.
 */
const invisible = new RegExp(
  String.raw`[\u00a0\u00ad\u115f\u1160\u180e\u200b-\u200f\u2028\u2029\u2060-\u2065\u206a-\u206f\u3164\uffa0\ufff9-\ufffb\ufeff]|` +
    String.raw`\u034f|\u061c|\u17b4|\u17b5|[\u180b-\u180d]|[\ufe00-\ufe0e]|[\u{1d173}-\u{1d17a}]|[\u{e0000}-\u{e0fff}]`,
  'u'
)
/** Where such a character is part of what a machine reads, not of what people read. */
const codeFile =
  /\.(py|pyi|pyx|pxd|pth|c|h|cc|cpp|cxx|hpp|hh|m|rs|go|java|js|mjs|cjs|ts|tsx|jsx|sh|bash|cmake|toml|cfg|ini|in|am|ac|build|mk)$|(^|\/)(Makefile|Dockerfile|Containerfile|meson\.options)$/i

/** So many at once, or in one file, are no accident: joiners of Persian or of emoji, and blanks, stand alone. */
const hiddenData = new RegExp(`(?:(?!\\u00a0)(?:${invisible.source})){8}`, 'u')
const joinersAndBlanks = /[\u00a0\u200c\u200d]/gu
const mostHidden = 50

const shownCharacters = 20

/** Hidden characters of a file's path. */
export function pathNotices(path: string): Notice[] {
  const bidi = bidiControls.exec(path)
  const hidden = invisible.exec(path)
  const at = bidi ?? hidden
  if (at === null) return []
  const code = bidi === null ? 'invisible-character' : 'bidi-control'
  return [
    {
      code,
      severity: 'refuse',
      path,
      line: null,
      column: null,
      found: `${codePoint(at[0])} in the name ${JSON.stringify(path.replace(/[^ -~]/gu, codePoint))}`.slice(
        0,
        1000
      ),
      count: 1
    }
  ]
}

/**
 * Characters of a text file that make it look like something else than it is. Bidirectional controls are refused
 * anywhere but in files that are scrambled for their folder (tests of just this have them); invisible ones are
 * told where they stand in code.
 *
 * @param bytes strict UTF-8
 * @param scrambled whether world b does not see this text anyway
 */
export function textNotices(path: string, bytes: Buffer, scrambled: boolean): Notice[] {
  if (isAscii(bytes)) return []
  const text = bytes.toString('utf8')
  const notices: Notice[] = []
  const bidi = found(text, bidiControls)
  if (bidi !== undefined)
    notices.push({ code: 'bidi-control', severity: scrambled ? 'warn' : 'refuse', path, ...bidi })
  if (!codeFile.test(path) || scrambled) return notices
  // A byte order mark at the very beginning is none of these.
  const shown = text.replace(/^\ufeff/, '')
  const hidden = found(shown, invisible)
  if (hidden !== undefined)
    notices.push({
      code: 'invisible-character',
      severity: holdsData(shown) ? 'refuse' : 'warn',
      path,
      ...hidden
    })
  return notices
}

/** Whether invisible characters are there in a number that holds code, as variation selectors and tags did. */
function holdsData(text: string): boolean {
  if (hiddenData.test(text)) return true
  const all = text.replace(joinersAndBlanks, '').match(new RegExp(invisible.source, 'gu')) ?? []
  return all.length > mostHidden
}

/** The first match with its place, and how many there are. */
function found(text: string, kind: RegExp): Pick<Notice, 'line' | 'column' | 'found' | 'count'> | undefined {
  const first = kind.exec(text)
  if (first === null) return undefined
  const before = text.slice(0, first.index)
  const start = before.lastIndexOf('\n') + 1
  const all = text.match(new RegExp(kind.source, 'gu')) ?? []
  const kinds = [...new Set(all)].slice(0, shownCharacters).map(codePoint)
  return {
    line: before.split('\n').length,
    // In characters, as an editor counts them.
    column: Array.from(before.slice(start)).length + 1,
    found: kinds.join(', '),
    count: all.length
  }
}

function codePoint(character: string): string {
  return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`
}
