import type { Finding, Proof } from '../documents/proof.ts'
import type { ReleaseArtifact } from '../documents/release.ts'
import type { Adopted } from '../documents/target-settings.ts'
import { normalizeName } from '../formats/metadata.ts'
import { parseWheelName } from '../formats/wheel.ts'
import { globMatcher } from '../source/glob.ts'

/** A python target, as the adoption of wheels sees it. */
export interface AdoptingTarget {
  name: string
  /** Normalised name of the project; null where the target built nothing. */
  project: string | null
  entries: readonly Adopted[]
}

/** A wheel to ship, and in how many sets it is. */
export interface AdoptedWheel {
  target: string
  name: string
  sets: 1 | 2
  /** Why one set must do; null for two. */
  reason: string | null
}

export interface AdoptedSets {
  targets: readonly AdoptingTarget[]
  /** File names of one or two sets. */
  sets: readonly (readonly string[])[]
  /** Names of the artifacts that were built here. */
  own: readonly string[]
}

/**
 * Which wheels of other jobs a release ships. Each must be asked for by an entry of the configuration, each entry must
 * have one; none may be called like what was built here, or be of another project.
 */
export function chooseAdopted({ targets, sets, own }: AdoptedSets): {
  wheels: AdoptedWheel[]
  findings: Finding[]
} {
  const names = [...new Set(sets.flat())].sort()
  const wheels: AdoptedWheel[] = []
  const findings: Finding[] = []
  for (const name of names) {
    const judged = judge(name, targets, own)
    if ('code' in judged) {
      findings.push(judged)
      continue
    }
    const { target, entries } = judged
    const holding = sets.filter((set) => set.includes(name)).length
    const accepted = entries.find((entry) => entry.sets === 1)
    if (holding === 2) wheels.push({ target, name, sets: 2, reason: null })
    else if (accepted === undefined) findings.push(oneSet(name, sets.length))
    else wheels.push({ target, name, sets: 1, reason: accepted.reason ?? null })
  }
  for (const { name, entries } of targets)
    for (const entry of entries)
      if (!names.some((one) => matches(entry, one))) findings.push(missing(name, entry))
  return { wheels, findings }
}

const matches = ({ wheels }: Adopted, name: string): boolean => globMatcher([wheels])(name)

/** Whether a target's configuration says that one set of a wheel must do. */
export function acceptsOneSet(entries: readonly Adopted[], name: string): boolean {
  return entries.some((entry) => entry.sets === 1 && matches(entry, name))
}

function judge(
  name: string,
  targets: readonly AdoptingTarget[],
  own: readonly string[]
): Finding | { target: string; entries: readonly Adopted[] } {
  const project = projectOf(name)
  if (project === null)
    return adoptFinding(name, 'adopt-unexpected', {
      message: 'This is no wheel, and a set to adopt holds wheels alone.',
      fix: 'Keep wheels alone in the folder; sdist, image and deb are built by Tagproof.'
    })
  const target = targets.find((one) => one.project === project)
  if (target === undefined)
    return adoptFinding(name, 'adopt-foreign', {
      message: `This is a wheel of ${project}, which no target that adopts wheels builds.`,
      fix: 'Find out how it came into the set; nothing of another project is published.'
    })
  if (own.includes(name))
    return adoptFinding(name, 'adopt-duplicate', {
      message: 'A wheel of this name was built here.',
      fix: 'Leave it out of the set: what was built in both worlds is shipped.'
    })
  const entries = target.entries.filter((entry) => matches(entry, name))
  if (entries.length === 0)
    return adoptFinding(name, 'adopt-unexpected', {
      message: 'No entry of adopt: asks for this wheel.',
      fix: `Add a glob that it matches under adopt: of ${target.name}, or leave it out of the set.`
    })
  return { target: target.name, entries }
}

/** Null for what is not called like a wheel. */
function projectOf(name: string): string | null {
  if (!name.endsWith('.whl')) return null
  try {
    return normalizeName(parseWheelName(name).name)
  } catch {
    return null
  }
}

function oneSet(name: string, sets: number): Finding {
  return {
    ...adoptFinding(name, 'adopt-one-set', {
      message: `It is in one set alone${sets === 1 ? ', and one set was given' : ''}.`,
      fix: 'Build it in a second job of its own, and give both sets; or accept one with sets: 1 and a reason.'
    }),
    // Cannot be waived: what was built once is not reproduced.
    check: 'reproduced'
  }
}

function missing(target: string, { wheels }: Adopted): Finding {
  return {
    ...adoptFinding(null, 'adopt-missing', {
      message: `No wheel of ${target} is called ${JSON.stringify(wheels)}.`,
      fix: 'Look at the job that builds it, or correct the glob. All or nothing: a release without it is not made.'
    }),
    check: 'complete'
  }
}

/** The configuration adopts wheels, and none were given: a release is not whole without them. */
export function noSets(severity: 'refuse' | 'warn'): Finding {
  return {
    ...adoptFinding(null, 'adopt-missing', {
      message: 'The configuration adopts wheels of other jobs, and no set was given.',
      fix: 'Give the folders of both sets: --adopt FOLDER --adopt FOLDER.'
    }),
    check: 'complete',
    severity
  }
}

/** What a reader has to know of a wheel that was not built here. */
export function adoptedFinding({ name, sets, reason }: AdoptedWheel): Finding {
  const told = 'No world varied, no file was scrambled, and what went in is not locked.'
  if (sets === 2)
    return {
      ...adoptFinding(name, 'adopted', {
        message: `Other jobs built it, and two sets agree (where a finding says world a or b: the first or second set). ${told}`,
        fix: null
      }),
      check: 'reproduced',
      severity: 'note'
    }
  return {
    ...adoptFinding(name, 'adopted-once', {
      message: `One other job built it, and it was compared with nothing: traced, not proven. ${told} The configuration says: ${reason ?? 'nothing'}`,
      fix: 'Build it in a second job of its own, and give both sets.'
    }),
    check: 'reproduced',
    severity: 'warn'
  }
}

function adoptFinding(
  artifact: string | null,
  code: string,
  { message, fix }: { message: string; fix: string | null }
): Finding {
  return {
    check: 'policy',
    code,
    severity: 'refuse',
    artifact,
    member: null,
    message,
    cause: null,
    fix,
    waiver: null
  }
}

/** Refused, or as strong as its weakest artifact. */
export function verdictOf(
  findings: readonly Finding[],
  artifacts: readonly ReleaseArtifact[]
): Proof['verdict'] {
  if (findings.some(({ severity }) => severity === 'refuse')) return 'refused'
  return artifacts.some(({ adopted }) => adopted?.sets === 1) ? 'traced' : 'proven'
}
