import type { BuiltTarget } from '../documents/build.ts'
import type { DigestPair } from './digests.ts'

/**
 * Artifacts of one name in both worlds, which others are made of: an image that installs a wheel holds the wheel's
 * hash (`direct_url.json`), and world b's wheel is another file than world a's. That they are the same with the originals
 * put back is proven of them by themselves; where it is not, the release is refused for it.
 */
export function artifactPairs(a: readonly BuiltTarget[], b: readonly BuiltTarget[]): DigestPair[] {
  const ofB = new Map(
    b.flatMap(({ artifacts }) => artifacts.map(({ name, sha256 }) => [name, sha256 as string] as const))
  )
  return a
    .flatMap(({ artifacts }) => artifacts)
    .flatMap(({ name, sha256 }) => {
      const other = ofB.get(name)
      return other === undefined || other === sha256 ? [] : [{ a: sha256, b: other }]
    })
}
