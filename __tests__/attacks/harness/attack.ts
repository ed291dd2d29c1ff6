import type { VariationName } from '../../../src/documents/fields.ts'
import type { Finding } from '../../../src/documents/proof.ts'
import type { Content } from '../../real/source/git-project.ts'

export type Files = Record<string, Content>

/** One class of attacks: a row of the table in `docs/attacks.md`. */
export interface Attack {
  /** Name of its file. */
  name: string
  /** Rows of the list of attacks that it makes real, such as `2, 3`. */
  rows: string
  /** What the attacker does, in one sentence. */
  title: string
  /** Which checks see it, and why they do: for the reader of the table. */
  caughtBy: string
  scenes: readonly Scene[]
}

/** One repository, with as many variants as can be told apart in one build of both worlds. */
export interface Scene {
  name: string
  files: Files
  variants: readonly Variant[]
  /** Variations of world b that see it: left out where the check is switched off. */
  without?: readonly VariationName[]
  /** Which package runs the marker: the wheel where it is installed, or the one that somebody builds from the sdist. */
  from?: 'wheel' | 'sdist'
}

export interface Variant {
  /** What the marker prints: `fired: NAME`. */
  name: string
  /** Where the payload lies and how it gets into the package, in one phrase. */
  how: string
  /** Every finding that must be there. */
  reported: readonly Report[]
}

export interface Report {
  check: Finding['check']
  code: string
  /** Which artifact the finding is about; `both` where each must be named. */
  artifact: 'sdist' | 'wheel' | 'both'
  /** Path of the member, in an sdist below its top folder. */
  member: string
}

/** A statement that shows that code of the attacker runs. */
export function marker(name: string): string {
  return `print("fired: ${name}")\n`
}

export const untraced = (member: string, artifact: Report['artifact'] = 'both'): Report => ({
  check: 'traced',
  code: 'untraced',
  artifact,
  member
})

export const modified = (member: string, artifact: Report['artifact'] = 'both'): Report => ({
  check: 'traced',
  code: 'modified',
  artifact,
  member
})

/** The worlds disagree about the content of a member. */
export const differs = (member: string, artifact: Report['artifact'] = 'both'): Report => ({
  check: 'reproduced',
  code: 'content-differs',
  artifact,
  member
})
