import { createHash } from 'node:crypto'
import type { ScrambledFile } from '../documents/plan.ts'

/** What a scrambled file holds, and what it held before; undefined where that is too much to hold. */
export type ReadBoth = (file: ScrambledFile) => Promise<{ original: Buffer; scrambled: Buffer } | undefined>

/** One thing in both worlds, by SHA-256. */
export interface DigestPair {
  a: string
  b: string
}

/** Puts the digests of originals in the place of those of scrambled files. */
export interface Digests {
  /**
   * The text of world b as it would be with the originals' digests: by the files alone, and with what was learned before
   * them. Two forms at most, so that a text as a whole is one or the other; `text` itself where it holds no digest.
   */
  restored(text: string): Promise<string[]>
  /** Takes two contents for one from now on: world a's, and world b's that becomes it once the originals are back. */
  learn(a: Buffer, b: Buffer): void
  /** The same for contents that are known by their SHA-256 alone. */
  learnSha256(a: string, b: string): void
}

const otherAlgorithms = ['md5', 'sha1', 'sha384', 'sha512'] as const
type Algorithm = (typeof otherAlgorithms)[number] | 'sha256'
/** All scrambled files together, up to which digests other than SHA-256 are looked for. */
const mostBytes = 256 * 2 ** 20

/**
 * Runs of hexadecimal digits, of base64 (RFC 4648, 4) and of its form for addresses: a digest counts only if it is the
 * whole of such a run, so that no part of a longer text is ever taken for one.
 */
const runs: readonly RegExp[] = [/[0-9A-Fa-f]+/g, /[A-Za-z0-9+/]+=*/g, /[A-Za-z0-9_-]+/g]
/** Lengths of digests in hexadecimal, and in base64 without the `=` at its end. */
const lengths = new Set([32, 40, 64, 96, 128, 22, 27, 43, 86])

/**
 * Digests of scrambled files in all common forms. SHA-256 is in the plan; the others are computed once a text has a
 * run of their length.
 */
export function digestsOf(files: readonly ScrambledFile[], read: ReadBoth): Digests {
  const known = new Map<string, string>()
  const learned = new Map<string, string>()
  for (const file of files)
    enter(known, Buffer.from(file.scrambled, 'hex'), Buffer.from(file.original, 'hex'))
  let others: Promise<void> | undefined
  return {
    async restored(text) {
      if (!hasCandidate(text, () => true)) return [text]
      const first = replaced(replaced(text, learned), known)
      if (hasCandidate(first, mayBeOther)) {
        others ??= enterOthers(known, files, read)
        await others
      }
      return [...new Set([replaced(text, known), replaced(text, new Map([...known, ...learned]))])]
    },
    learn(a, b) {
      for (const algorithm of ['sha256', ...otherAlgorithms] as const)
        enter(learned, digest(algorithm, b), digest(algorithm, a))
    },
    learnSha256(a, b) {
      enter(learned, Buffer.from(b, 'hex'), Buffer.from(a, 'hex'))
    }
  }
}

function hasCandidate(text: string, is: (token: string) => boolean): boolean {
  return runs.some((run) => candidates(text, run).some(is))
}

function candidates(text: string, run: RegExp): string[] {
  return (text.match(run) ?? []).filter((token) => lengths.has(token.replace(/=+$/, '').length))
}

/** Whether a run has the length of a digest by another algorithm than SHA-256. */
function mayBeOther(token: string): boolean {
  const length = token.replace(/=+$/, '').length
  return length !== 43 && (length !== 64 || !/^[0-9A-Fa-f]+$/.test(token))
}

/** What one run has put there is left alone by the next: it may be a digest of world b elsewhere. */
function replaced(text: string, known: ReadonlyMap<string, string>): string {
  const put = new Set<string>()
  const other = (token: string): string => {
    const found = put.has(token) ? undefined : (known.get(token) ?? upper(token, known))
    if (found !== undefined && found !== token) put.add(found)
    return found ?? token
  }
  return runs.reduce((current, run) => current.replace(run, other), text)
}

/** Digits in capitals are kept so. */
function upper(token: string, known: ReadonlyMap<string, string>): string | undefined {
  if (token.length < 32 || token !== token.toUpperCase() || !/^[0-9A-F]+$/.test(token)) return undefined
  return known.get(token.toLowerCase())?.toUpperCase()
}

async function enterOthers(
  known: Map<string, string>,
  files: readonly ScrambledFile[],
  read: ReadBoth
): Promise<void> {
  let total = 0
  for (const file of files) {
    total += file.size
    if (total > mostBytes) return
    const both = await read(file)
    if (both === undefined) continue
    for (const algorithm of otherAlgorithms)
      enter(known, digest(algorithm, both.scrambled), digest(algorithm, both.original))
  }
}

function digest(algorithm: Algorithm, bytes: Buffer): Buffer {
  return createHash(algorithm).update(bytes).digest()
}

/** Two contents of one scrambled form leave a choice between their originals: then neither is put back. */
function enter(known: Map<string, string>, scrambled: Buffer, original: Buffer): void {
  for (const form of ['hex', 'base64', 'base64url'] as const) {
    const [from, to] = [scrambled.toString(form), original.toString(form)]
    const other = known.get(from)
    known.set(from, other === undefined || other === to ? to : from)
  }
}
