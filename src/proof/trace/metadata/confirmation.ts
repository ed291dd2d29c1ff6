import type { TraceContext, TracedMember, Verdict } from '../generator.ts'
import { quotedList } from './judgement.ts'
import { squeezed, type ComparedMetadata } from './metadata-text.ts'
import { parseRequirement, requirementText } from './requirement.ts'
import { canonicalSpecifiers } from './specifiers.ts'

/** What a field says, in one spelling: what one backend writes in two runs. */
export function canonicalValues(field: string, metadata: ComparedMetadata): string[] {
  if (field === 'Description') return metadata.description === '' ? [] : [metadata.description]
  const values = metadata.fields.get(field.toLowerCase()) ?? []
  const canonical = values.map((value) => {
    if (field === 'Requires-Python') return canonicalSpecifiers(value).join(',')
    const requirement = field === 'Requires-Dist' ? parseRequirement(squeezed(value)) : undefined
    return requirement === undefined ? squeezed(value) : requirementText(requirement)
  })
  return [...new Set(canonical)].sort()
}

/** How far what code says is confirmed. */
export type Confirmation =
  | { kind: 'confirmed'; by: string }
  | { kind: 'open'; why: string }
  | { kind: 'refused'; message: string; cause: string }

/**
 * Whether what code said is what the backend says in a run of its own. Without a build nothing can be confirmed;
 * with a backend that has no such run, both worlds' agreement must do.
 *
 * @param different what differs between the member and the backend's own answer, if it gave one; null if nothing does
 */
export function confirm(
  member: TracedMember,
  { build }: TraceContext,
  what: readonly string[],
  different: (prepared: ReadonlyMap<string, Buffer>) => string | null
): Confirmation {
  const named = what.join(', ')
  if (build === null || (build.adopted === 1 && build.preparedMetadata === null))
    return { kind: 'open', why: `said by code and not confirmed, as there is no build: ${named}` }
  if (!build.reproduced(member.path))
    return {
      kind: 'refused',
      message: `${named} of ${member.inner} is said by code, and both worlds do not agree on it.`,
      cause: 'The code that gives it depends on something that differs between the worlds.'
    }
  if (build.preparedMetadata === null)
    return {
      kind: 'confirmed',
      by: `said by code, the same in both worlds; the backend prepares no metadata: ${named}`
    }
  const difference = different(build.preparedMetadata)
  if (difference === null)
    return {
      kind: 'confirmed',
      by: `said by code, and confirmed by the backend in a run of its own: ${named}`
    }
  return {
    kind: 'refused',
    message: `${member.inner} is not what the backend prepares in a run of its own: ${difference}.`,
    cause:
      'Something changes the metadata while the package is built: an override of a build hook or command.'
  }
}

/** Fields whose values are not those that were prepared; null where all are. */
export function preparedDifference(
  fields: readonly string[],
  found: ComparedMetadata,
  prepared: ComparedMetadata
): string | null {
  for (const field of fields) {
    const [here, there] = [canonicalValues(field, found), canonicalValues(field, prepared)]
    const added = here.filter((value) => !there.includes(value))
    const missing = there.filter((value) => !here.includes(value))
    if (added.length > 0) return `${field} ${quotedList(added)} is added`
    if (missing.length > 0) return `${field} ${quotedList(missing)} is missing`
  }
  return null
}

/** The verdict on a member of which code says something. */
export function verdictOf(confirmation: Confirmation, from: readonly string[]): Verdict {
  if (confirmation.kind === 'refused')
    return {
      traced: false,
      code: 'metadata-unconfirmed',
      message: confirmation.message,
      cause: confirmation.cause,
      fix: 'Find what writes it (an override of build_wheel, egg_info or another command), and let pyproject.toml or setup.cfg state it instead.'
    }
  return { traced: true, from, reason: confirmation.kind === 'open' ? confirmation.why : confirmation.by }
}
