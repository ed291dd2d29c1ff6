import { createHash } from 'node:crypto'
import type { ScrambledFile } from '../documents/plan.ts'

/** What a scrambled file holds, and what it held before; undefined where that is too much to hold. */
export type ReadBoth = (file: ScrambledFile) => Promise<{ original: Buffer; scrambled: Buffer } | undefined>

/** Puts the digests of originals in the place of those of scrambled files. */
export interface Digests {
  /** The text of world b as it would be with the originals' digests; equal to `text` where it holds none. */
  restored(text: string): Promise<string>
}

const algorithms = { md5: 32, sha1: 40, sha256: 64, sha384: 96, sha512: 128 } as const
type Algorithm = keyof typeof algorithms
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
  for (const file of files)
    enter(known, Buffer.from(file.scrambled, 'hex'), Buffer.from(file.original, 'hex'))
  let others: Promise<void> | undefined
  return {
    async restored(text) {
      if (!runs.some((run) => candidates(text, run).length > 0)) return text
      const first = replaced(text, known)
      if (!runs.some((run) => candidates(first, run).some((token) => mayBeOther(token)))) return first
      others ??= enterOthers(known, files, read)
      await others
      return replaced(text, known)
    }
  }
}

function candidates(text: string, run: RegExp): string[] {
  return (text.match(run) ?? []).filter((token) => lengths.has(token.replace(/=+$/, '').length))
}

/** Whether a run has the length of a digest by another algorithm than SHA-256. */
function mayBeOther(token: string): boolean {
  const length = token.replace(/=+$/, '').length
  return length !== 43 && (length !== 64 || !/^[0-9A-Fa-f]+$/.test(token))
}

function replaced(text: string, known: ReadonlyMap<string, string>): string {
  return runs.reduce(
    (current, run) => current.replace(run, (token) => known.get(token) ?? upper(token, known)),
    text
  )
}

/** Digits in capitals are kept so. */
function upper(token: string, known: ReadonlyMap<string, string>): string {
  if (token.length < 32 || token !== token.toUpperCase() || !/^[0-9A-F]+$/.test(token)) return token
  return known.get(token.toLowerCase())?.toUpperCase() ?? token
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
    for (const algorithm of Object.keys(algorithms) as Algorithm[])
      if (algorithm !== 'sha256')
        enter(known, digest(algorithm, both.scrambled), digest(algorithm, both.original))
  }
}

function digest(algorithm: Algorithm, bytes: Buffer): Buffer {
  return createHash(algorithm).update(bytes).digest()
}

/** Two files of one scrambled form leave a choice between their originals: then neither is put back. */
function enter(known: Map<string, string>, scrambled: Buffer, original: Buffer): void {
  for (const form of ['hex', 'base64', 'base64url'] as const) {
    const [from, to] = [scrambled.toString(form), original.toString(form)]
    const other = known.get(from)
    known.set(from, other === undefined || other === to ? to : from)
  }
}
