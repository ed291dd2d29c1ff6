import { isAscii, isUtf8 } from 'node:buffer'
import type { OpaqueReason } from '../documents/plan.ts'
import { isDense } from './entropy.ts'

export type { OpaqueReason }

/** A reviewer does not read a text of this size: it counts as opaque without a look inside. */
export const largestReadable = 16 * 1024 * 1024

interface FolderRule {
  reason: OpaqueReason
  name: RegExp
}

/**
 * Folders whose files take no part in a build, so that their text is scrambled too: hex in short lines passes
 * every classifier (lab notes, "Scrambling"). `testing` is not here: in numpy, django and others it is shipped code.
 */
const folderRules: readonly FolderRule[] = [
  {
    reason: 'tests',
    name: /^((unit|integration|functional|system|regression|e2e|smoke)[-_]?)?tests?([-_]?(data|files|cases|suite|fixtures))?$|^(fixtures|cypress|e2e)$/
  },
  { reason: 'docs', name: /^(docs?|documentation)$/ },
  { reason: 'examples', name: /^(examples?|samples?|demos?)$/ },
  { reason: 'benchmarks', name: /^(bench|benchmarks?|asv_bench)$/ }
]

/** Files that describe a build wherever they lie: meson, CMake, autotools and cargo read those of all folders. */
const buildDescription =
  /(^|\/)(meson\.build|meson_options\.txt|meson\.options|CMakeLists\.txt|[^/]+\.cmake|Makefile\.(am|in)|configure\.ac|Cargo\.toml)$|^debian\/tests\/control$/

/**
 * Why world b gets a scrambled copy of a file; undefined if it gets the original.
 *
 * @param path relative to the innermost target that holds it, so that a project in `examples/` is a project
 * @param bytes the whole file
 */
export function classify(path: string, bytes: Buffer): OpaqueReason | undefined {
  if (bytes.length === 0) return undefined
  return contentReason(path, bytes) ?? folderReason(path)
}

/** The reason that the bytes themselves give. */
export function contentReason(path: string, bytes: Buffer): OpaqueReason | undefined {
  if (isBinary(bytes)) return 'binary'
  if (bytes.length > largestReadable) return 'dense'
  const text = bytes.toString(isAscii(bytes) ? 'latin1' : 'utf8')
  if (isEncoded(bytes, text)) return 'encoded'
  if (isDense(text)) return 'dense'
  return /\.(js|mjs|cjs|css)$/i.test(path) && isMinified(text) ? 'minified' : undefined
}

/**
 * The same for a text that people read. The picture of a badge is a run of base64 in an address (2.3 kB in the readmes
 * of graphviz and xarray); more than a few of them are none of a readme.
 */
export function proseReason(bytes: Buffer): OpaqueReason | undefined {
  if (isBinary(bytes)) return 'binary'
  if (bytes.length > largestReadable) return 'dense'
  const text = bytes.toString(isAscii(bytes) ? 'latin1' : 'utf8')
  if (encodedRuns(bytes).total > mostInProse || hasEncodedLines(text, encodedLinesInProse)) return 'encoded'
  if (text.includes('\\x') && escapedRun.test(text)) return 'encoded'
  return isDense(text.replace(longRuns, ' ')) ? 'dense' : undefined
}

/** The reason that the folder of a file gives. */
export function folderReason(path: string): OpaqueReason | undefined {
  if (buildDescription.test(path)) return undefined
  const folders = path.toLowerCase().split('/').slice(0, -1)
  for (const folder of folders) {
    const rule = folderRules.find((candidate) => candidate.name.test(folder))
    if (rule !== undefined) return rule.reason
  }
  return undefined
}

/** Not strict UTF-8, or with a control character other than TAB, LF, FF and CR, anywhere in the file. */
export function isBinary(bytes: Buffer): boolean {
  for (const byte of bytes)
    if (byte < 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09 && byte !== 0x0c) return true
  return !isUtf8(bytes)
}

/** A run of base64 this long, or so many lines of it, or a run of `\x..` escapes, is data in text's clothes. */
const encodedRun = 200
const escapedRun = /(?:\\x[0-9a-fA-F]{2}){50}/
/** A line of source that holds little but base64: what may stand before it, and after it. */
const beforeEncoded = /^[\s"'#*]*/
const afterEncoded = new Set('"\',;\\) \t\r\f\v+')
const base64Alone = /^[A-Za-z0-9+/=_-]*$/
const longRuns = /[A-Za-z0-9+/_-]{200,}/g
const encodedLines = 10
/** What a text for people may have of them: two badges, or a key as an example. */
const mostInProse = 6 * 1024
const encodedLinesInProse = 60
/** Up to two `=` may end a line of 60. */
const encodedLineRun = 58
/** A ruler (`-----`) or a padded line is no encoding. */
const fewestCharacters = 8

const inBase64 = new Uint8Array(256)
for (const byte of Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_'))
  inBase64[byte] = 1

function isEncoded(bytes: Buffer, text: string): boolean {
  const { total, lines } = encodedRuns(bytes)
  if (total > 0) return true
  if (lines >= encodedLines && hasEncodedLines(text, encodedLines)) return true
  return text.includes('\\x') && escapedRun.test(text)
}

/** How many characters stand in long runs of base64, and how many runs are as long as a line of it. */
function encodedRuns(bytes: Buffer): { total: number; lines: number } {
  let start = 0
  let lines = 0
  let total = 0
  for (let at = 0; at <= bytes.length; at += 1) {
    if (at < bytes.length && inBase64[bytes[at] ?? 0] === 1) continue
    const length = at - start
    if (length >= encodedRun && new Set(bytes.subarray(start, at)).size >= fewestCharacters) total += length
    if (length >= encodedLineRun) lines += 1
    start = at + 1
  }
  return { total, lines }
}

function hasEncodedLines(text: string, most: number): boolean {
  let lines = 0
  for (const line of text.split('\n')) {
    const encoded = line.length >= 60 && isEncodedLine(line) && new Set(line).size >= fewestCharacters
    lines = encoded ? lines + 1 : 0
    if (lines >= most) return true
  }
  return false
}

/** In time that grows with the line alone: what may follow is cut off before the rest is looked at. */
function isEncodedLine(line: string): boolean {
  let end = line.length
  while (end > 0 && afterEncoded.has(line.charAt(end - 1))) end -= 1
  const core = line.slice(0, end).replace(beforeEncoded, '')
  return core.length >= encodedLineRun && base64Alone.test(core)
}

/** The thresholds of linguist: mean line over 110 characters, or one line that no editor shows. */
function isMinified(text: string): boolean {
  const lines = text.split('\n')
  if (lines.some((line) => line.length > 5000)) return true
  return text.length > 1000 && text.length / lines.length > 110
}
