import { normalizeName } from '../../../formats/metadata.ts'
import type { TraceContext, TracedMember, Verdict } from '../generator.ts'
import { unwritten } from './build-texts.ts'
import { bothMarkers, mentions } from './marker.ts'
import { parseRequirement, requirementDifference, requirementText, type Requirement } from './requirement.ts'
import { quotedList, type Judgement } from './judgement.ts'
import { statedOf, type ProjectStatement } from './statement.ts'

/** All requirements that are stated: those of extras with the extra in their marker. */
function statedRequirements(statement: ProjectStatement): Requirement[] {
  const plain = statedOf(statement, 'dependencies')?.value ?? []
  const extras = [...(statedOf(statement, 'optionalDependencies')?.value ?? [])]
  return [
    ...plain,
    ...extras.flatMap(([extra, requirements]) =>
      requirements.map((requirement) => ({
        ...requirement,
        marker: bothMarkers(requirement.marker, {
          kind: 'compare',
          variable: 'extra',
          operator: '==',
          value: extra,
          turned: false
        })
      }))
    )
  ]
}

function ownName(statement: ProjectStatement): string {
  return normalizeName(statedOf(statement, 'name')?.value ?? '')
}

/** An extra may name others of its own project (`project[other]`); hatchling writes what those need instead. */
function spelledOut(requirements: readonly Requirement[], statement: ProjectStatement): Requirement[] {
  const name = ownName(statement)
  const extras = statedOf(statement, 'optionalDependencies')?.value
  // Each extra is spelled out once for each requirement, or extras that name each other would never end.
  const inner = (each: Requirement, seen: Set<string>): Requirement[] => {
    if (each.name !== name) return [each]
    const next = each.extras.filter((extra) => !seen.has(extra))
    for (const extra of next) seen.add(extra)
    return next
      .flatMap((extra) => extras?.get(extra) ?? [])
      .flatMap((needed) => inner({ ...needed, marker: bothMarkers(needed.marker, each.marker) }, seen))
  }
  return requirements.flatMap((each) => inner(each, new Set()))
}

/** `Requires-Dist`, by meaning. What belongs to an extra is compared with what is stated of extras. */
export function judgeRequirements(values: readonly string[], statement: ProjectStatement): Judgement {
  const parsed = values.map((value) => parseRequirement(value.replace(/\s+/g, ' ')))
  const unknown = values.filter((_, index) => parsed[index] === undefined)
  const found = parsed.filter((each) => each !== undefined)
  const python = statedOf(statement, 'requiresPython')?.value ?? [[]]
  const asStated = statedRequirements(statement)
  const expected = found.some((each) => each.name === ownName(statement))
    ? asStated
    : spelledOut(asStated, statement)
  const { added, missing } = requirementDifference(found, expected, python)
  const stated = {
    plain: statedOf(statement, 'dependencies'),
    extra: statedOf(statement, 'optionalDependencies')
  }
  const from = [...new Set([...(stated.plain?.from ?? []), ...(stated.extra?.from ?? [])])]
  const byCode = ({ marker }: Requirement): boolean =>
    (mentions(marker, 'extra') ? stated.extra : stated.plain)?.firm === false
  const wrong = {
    added: added.filter((each) => !byCode(each)),
    missing: missing.filter((each) => !byCode(each))
  }
  if (wrong.missing.length > 0)
    return {
      kind: 'differs',
      found: quotedList([...unknown, ...wrong.added.map(requirementText)]) || 'none of it',
      expected: quotedList(wrong.missing.map(requirementText)),
      from
    }
  const undeclared = [...(stated.plain?.firm === false ? [] : unknown), ...wrong.added.map(requirementText)]
  if (undeclared.length > 0) return { kind: 'undeclared', found: quotedList(undeclared), from }
  return added.length + missing.length + unknown.length > 0
    ? { kind: 'code', from }
    : { kind: 'derived', from }
}

/** `Provides-Extra`: extras without a requirement may be left out. */
export function judgeExtras(values: readonly string[], statement: ProjectStatement): Judgement {
  const stated = statedOf(statement, 'optionalDependencies')
  const known = new Set([...(stated?.value ?? new Map<string, unknown>()).keys()].map(normalizeName))
  const added = values.filter((value) => !known.has(normalizeName(value)))
  const from = stated?.from ?? []
  if (added.length === 0) return { kind: 'derived', from }
  return stated?.firm === false
    ? { kind: 'code', from }
    : { kind: 'undeclared', found: quotedList(added), from }
}

/** Without a build: a requirement whose name is written in no file of the project's build is a finding. */
export async function unwrittenRequirements(
  member: TracedMember,
  values: readonly string[],
  context: TraceContext
): Promise<Verdict | undefined> {
  const names = values.flatMap((value) => /^[\w.-]+/.exec(value.trim())?.slice(0, 1) ?? [])
  const lost = await unwritten([...new Set(names)], context)
  if (lost.length === 0) return undefined
  return {
    traced: false,
    code: 'metadata-undeclared',
    message: `${member.inner} requires ${quotedList(lost)}, which is written in no file of the project's build.`,
    cause: 'The artifact was built from other files than the tag, or was changed afterwards.',
    fix: 'State the requirement in pyproject.toml or setup.cfg; or build with Tagproof, where the backend confirms it.'
  }
}
