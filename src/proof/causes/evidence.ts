import type { Variation, VariationName } from '../../documents/fields.ts'
import type { ScrambledFile } from '../../documents/plan.ts'
import type { ArchiveKind } from '../../formats/archive.ts'
import type { Backend } from './backend.ts'

/** Everything that a cause is guessed from: both contents around the first place where they part. */
export interface Evidence {
  /** What the artifact is. */
  kind: ArchiveKind
  member: string
  /** Whole contents (their first megabytes). */
  a: Buffer
  b: Buffer
  text: boolean
  /** The lines in which they part. */
  lineA: string
  lineB: string
  /** Paths of all members. */
  members: ReadonlySet<string>
  /** Scrambled files by their hash. */
  scrambled: ReadonlyMap<string, ScrambledFile>
  /** What varied, where that is known. */
  variations: { a: readonly Variation[]; b: readonly Variation[] }
  /** What made the artifact, where that is known: fixes are told in its words. */
  backend: Backend | null
}

export interface Explained {
  cause: string
  fix: string
}

/** A small named rule: a tell-tale, its usual cause and the remedy. */
export interface Rule {
  name: string
  /** Undefined where the tell-tale is not there. The first rule that speaks wins. */
  explain(evidence: Evidence): Explained | undefined
}

export function valueOf(variations: readonly Variation[], name: VariationName): string | undefined {
  return variations.find((variation) => variation.name === name)?.value
}

/** Items of equal place in two lists. */
export function pairs<T>(one: readonly T[], other: readonly T[]): [T, T][] {
  return one.flatMap((item, at) => {
    const partner = other[at]
    return partner === undefined ? [] : [[item, partner] as [T, T]]
  })
}
