import { compare, valid } from '@renovatebot/pep440'
import type { NameState } from '../destination.ts'

/** An image under a tag: its digest, and the version that it says of itself. */
export interface Standing {
  digest: string
  version: string | null
}

export type TagJudgement = NameState['state'] | { refused: string }

/**
 * Whether a tag is to be moved to an image: only forwards, and within its series. Pure.
 *
 * @param covers whether an image of a version could have had the tag
 * @param found null for a tag that is not there
 * @returns why not, for a tag that nobody can judge
 */
export function judgeTag(
  covers: (version: string) => boolean,
  found: Standing | null,
  ours: Standing
): TagJudgement {
  if (found === null) return 'behind'
  if (found.digest === ours.digest) return 'current'
  if (ours.version === null || !valid(ours.version))
    return { refused: `the image of this release says ${saidOf(ours.version)}` }
  if (found.version === null || !valid(found.version))
    return { refused: `the image that it stands for says ${saidOf(found.version)}` }
  if (!covers(found.version))
    return { refused: `it stands for version ${found.version}, which is not of its series` }
  const order = compare(found.version, ours.version)
  if (order === 0) return { refused: `it stands for another image of the same version ${found.version}` }
  return order < 0 ? 'behind' : 'ahead'
}

function saidOf(version: string | null): string {
  return version === null
    ? 'no version (label org.opencontainers.image.version)'
    : `the version ${JSON.stringify(version.slice(0, 60))}, which has no place in an order`
}
