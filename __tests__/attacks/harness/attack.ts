import type { VariationName } from '../../../src/documents/fields.ts'
import type { Finding } from '../../../src/documents/proof.ts'
import type { Content, GitProject } from '../../real/source/git-project.ts'
import type { TestRelease } from '../../real/support/release.ts'

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
  /** Made when the repository is made, where a compiler has to help. */
  files: Files | (() => Promise<Files>)
  variants: readonly Variant[]
  /** What git itself is made to hold, beside the files of the tag; the tag is made anew where it must move. */
  arrange?: (project: GitProject) => Promise<void>
  /**
   * What somebody does on the way to the packages of a folder: to those of the tool alone, and to those of both worlds
   * alike, whose records say so.
   */
  alter?: (release: TestRelease, folder: string) => Promise<void>
  /** Findings that follow from what the variants do, and belong to none of them. */
  beside?: readonly Report[]
  /** Findings that say again that the worlds disagree, and go with that. */
  follows?: readonly Report[]
  /** Variations of world b that see it: left out where the check is switched off. */
  without?: readonly VariationName[]
  /** Opens what holds an attack back, where that is no finding: builds both worlds again. */
  open?: (release: TestRelease) => Promise<void>
  /** Which package runs the marker: the wheel where it is installed, or the one that somebody builds from the sdist. */
  from?: 'wheel' | 'sdist'
  /**
   * The reader refuses these packages, and no waiver is for that: what both worlds built alike stands for what would be
   * shipped.
   */
  unreadable?: true
}

export interface Variant {
  /** What the marker prints: `fired: NAME`. */
  name: string
  /** Where the payload lies and how it gets into the package, in one phrase. */
  how: string
  /** Every finding that must be there. None where the attack finds nothing to work with: see `held`. */
  reported: readonly Report[]
  /** Findings that show once the others are switched off. */
  behind?: readonly Report[]
  /** What the attack does not find in a world, so that an honest package is proven. */
  held?: string
}

export interface Report {
  check: Finding['check']
  code: string
  /** Which artifact the finding is about; `both` where sdist and wheel must each be named. */
  artifact: 'sdist' | 'wheel' | 'both' | 'deb' | 'image' | 'release'
  /** Name of the deb, or of the image with `_` for `/`: a release has several. `victim` where nothing else is said. */
  package?: string
  /**
   * Path of the member, in an sdist below its top folder; `python3.X` and `layers/N/` stand for any; empty where there
   * is none.
   */
  member: string
  /** What the message must tell. */
  says?: string
}

/** A statement that shows that code of the attacker runs. */
export function marker(name: string): string {
  return `print("fired: ${name}")\n`
}

const traced =
  (code: string) =>
  (member: string, artifact: Report['artifact'] = 'both'): Report => ({
    check: 'traced',
    code,
    artifact,
    member
  })

/** No blob and no generator. */
export const untraced = traced('untraced')
/** The tree has other bytes under this path. */
export const modified = traced('modified')

/** The worlds disagree about the content of a member. */
export const differs = (member: string, artifact: Report['artifact'] = 'both'): Report => ({
  check: 'reproduced',
  code: 'content-differs',
  artifact,
  member
})
