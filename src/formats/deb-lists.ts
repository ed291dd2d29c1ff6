import { invalidArchive } from './invalid.ts'
import { pathProblem } from './member-names.ts'

function problemIn(list: string): (line: number, problem: string) => Error {
  return (line, problem) =>
    invalidArchive({ format: 'deb', path: `DEBIAN/${list}` }, `line ${line}: ${problem}`)
}

function linesOf(bytes: Uint8Array, list: string): string[] {
  const fail = problemIn(list)
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw fail(1, 'the text is not UTF-8')
  }
  if (text === '') return []
  if (!text.endsWith('\n')) throw fail(text.split('\n').length, 'the last line has no end')
  return text.slice(0, -1).split('\n')
}

/**
 * `md5sums`: a digest in lower-case hex, two spaces, a path without leading `/` (deb-md5sums(5)).
 *
 * @returns digests by path
 * @throws TagproofError `archive-invalid`
 */
export function parseMd5sums(bytes: Uint8Array): Map<string, string> {
  const fail = problemIn('md5sums')
  const sums = new Map<string, string>()
  for (const [index, line] of linesOf(bytes, 'md5sums').entries()) {
    const [, digest, name] = /^([0-9a-f]{32}) {2}(.+)$/.exec(line) ?? []
    if (digest === undefined || name === undefined) throw fail(index + 1, 'it is no digest and path')
    const path = name.replace(/^\.\//, '')
    const problem = pathProblem(path)
    if (problem !== undefined) throw fail(index + 1, problem)
    if (sums.has(path)) throw fail(index + 1, `${JSON.stringify(path)} appears twice`)
    sums.set(path, digest)
  }
  return sums
}

/** Files that dpkg leaves as the administrator has changed them. */
export interface Conffiles {
  /** Paths in the archive. */
  kept: Set<string>
  /** Paths that must not be in it: dpkg removes them on upgrades (deb-conffiles(5)). */
  removed: Set<string>
}

/** @throws TagproofError `archive-invalid` */
export function parseConffiles(bytes: Uint8Array): Conffiles {
  const fail = problemIn('conffiles')
  const found: Conffiles = { kept: new Set(), removed: new Set() }
  for (const [index, line] of linesOf(bytes, 'conffiles').entries()) {
    const [, flag, path] = /^(remove-on-upgrade )?\/(.*?)$/.exec(line) ?? []
    if (path === undefined) throw fail(index + 1, 'it is no absolute path')
    const problem = pathProblem(path)
    if (problem !== undefined || path.endsWith(' ')) throw fail(index + 1, problem ?? 'it ends in a space')
    if (found.kept.has(path) || found.removed.has(path)) throw fail(index + 1, 'the path appears twice')
    ;(flag === undefined ? found.kept : found.removed).add(path)
  }
  return found
}
