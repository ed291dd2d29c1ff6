import type { Lock } from '../../../documents/lock.ts'
import type { Finding } from '../../../documents/proof.ts'
import { printable } from '../../../platform/printable.ts'
import type { Instruction } from '../dockerfile.ts'
import type { BuildArguments, Stage, Stages } from '../stages.ts'

/** What a rule looks at: one instruction of a stage that is built. */
export interface Sight {
  all: Stages
  stage: Stage
  instruction: Instruction
  /** Values of ARG and ENV where it stands; those of a base image are not known. */
  values: ReadonlyMap<string, string>
  given: BuildArguments
  /** Whether a named context is mounted here, or was copied into this stage or one it is made from. */
  has: (context: string) => boolean
  /** Whether the image is made from the stage, so that all that it writes is part of it. */
  inImage: boolean
  /** Text of the .dockerignore that the build takes; null where there is none. */
  ignoreFile: string | null
}

/** What a rule says, before place and form are added. */
export interface Fault {
  code: string
  severity: Finding['severity']
  line: number
  /** Goes on after `path:line `. */
  says: string
  cause: string
  fix: string
}

export type Rule = (sight: Sight) => Fault[]

/** Images of a lock. */
export type LockedImages = NonNullable<Lock['images']>

export function findingOf(path: string, { code, severity, line, says, cause, fix }: Fault): Finding {
  return {
    check: 'policy',
    code,
    severity,
    artifact: null,
    member: path,
    message: `${printable(path)}:${line} ${printable(says)}`.slice(0, 4000),
    cause,
    fix: fix.slice(0, 2000),
    waiver: null
  }
}

/** A part of the user's text for a message. */
export function shown(text: string): string {
  const short = text.replace(/\s+/g, ' ').trim()
  return short.length > 120 ? `${short.slice(0, 120)}…` : short
}
