import type { NameState } from '../destination.ts'
import { direction } from '../forward.ts'

/** An image under a tag: its digest, and the version that it says of itself. */
export interface Standing {
  digest: string
  version: string | null
}

/** What becomes of a tag, or why nobody can tell. */
export type TagJudgement = NameState['state'] | { refused: string }

/**
 * Whether a tag is to be moved to an image: only forwards, and within its series. Pure.
 *
 * @param found null for a tag that is not there
 */
export function judgeTag(template: string, found: Standing | null, ours: Standing): TagJudgement {
  if (found === null) return 'behind'
  if (found.digest === ours.digest) return 'current'
  if (ours.version === null)
    return { refused: 'the image of this release has no label org.opencontainers.image.version' }
  const judged = direction(template, found.version ?? undefined, ours.version)
  switch (judged) {
    case 'behind':
    case 'ahead':
      return judged
    case 'same':
      return { refused: `it stands for another image of the same version ${ours.version}` }
    case 'other-series':
      return { refused: `it stands for version ${found.version ?? ''}, which is not of its series` }
    case 'unknown':
      return { refused: `${ours.version} cannot be held against ${saidOf(found.version)}` }
  }
}

function saidOf(version: string | null): string {
  return version === null
    ? 'an image without the label org.opencontainers.image.version'
    : JSON.stringify(version.slice(0, 60))
}
