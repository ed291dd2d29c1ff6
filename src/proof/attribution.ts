import type { VariationName } from '../documents/fields.ts'
import type { ScrambledFile } from '../documents/plan.ts'
import type { Finding } from '../documents/proof.ts'
import { waysOut } from './build-failure.ts'
import { compareMembers } from './compare.ts'
import { readPair } from './pair.ts'
import { restoreWorldB, type RestoreRequest } from './restore.ts'
import { variationText } from './variation-text.ts'

/** What a difference follows, as further builds have shown. */
export type Culprit =
  | { variation: VariationName }
  /** A scrambled file, or several of which one alone is not it. */
  | { files: readonly ScrambledFile[] }
  /** It differs under equal conditions too. */
  | { nothing: true }
  /** The number of builds that an attribution may take was used up. */
  | { unknown: true }

/**
 * Members of an artifact that differ between world a and a build of world b, once the originals are back as they are
 * when a release is proven.
 *
 * @throws TagproofError `archive-invalid`
 */
export async function differingMembers(request: Omit<RestoreRequest, 'archives'>): Promise<string[]> {
  const { kind, a, b, baseLayers } = request
  const archives = await readPair(a, b, kind, baseLayers)
  const { members } = await restoreWorldB({ ...request, archives })
  return compareMembers(archives.a.members, members, kind).map((difference) => difference.member)
}

/** Names a member among those of several artifacts. */
export function culpritKey(finding: Pick<Finding, 'artifact' | 'member'>): string {
  return `${finding.artifact ?? ''}\0${finding.member ?? ''}`
}

/** Findings with their culprit in the cause; others stay as they are. */
export function withCulprits(
  findings: readonly Finding[],
  culprits: ReadonlyMap<Finding, Culprit>
): Finding[] {
  return findings.map((finding) => {
    const culprit = culprits.get(finding)
    return culprit === undefined ? finding : { ...finding, ...told(culprit, finding) }
  })
}

function told(culprit: Culprit, { cause, fix }: Finding): Pick<Finding, 'cause' | 'fix'> {
  const more = cause === null ? '' : ` ${cause}`
  if ('variation' in culprit) {
    const { what, fix: remedy } = variationText[culprit.variation]
    return {
      cause: `It follows ${what}: left out, both worlds agree.${more}`,
      fix: cause === null ? remedy : fix
    }
  }
  if ('files' in culprit) {
    const { files } = culprit
    const names = files.map(({ path, reason }) => `${path} (${reason})`).join(', ')
    return {
      cause: `It follows ${names}, scrambled in world b: left as it is, both worlds agree.${more}`,
      fix: waysOut(files)
    }
  }
  if ('nothing' in culprit)
    return {
      cause: `It follows nothing that differs between the worlds: two builds under equal conditions differ too. That is a random number, a clock that runs, the name of a temporary file, or the timing of work done side by side.${more}`,
      fix: cause === null ? 'Derive the value from the sources or from SOURCE_DATE_EPOCH.' : fix
    }
  return { cause: `What it follows was not found out: further builds would have been too many.${more}`, fix }
}
