import type { ReleaseArtifact } from '../../src/documents/release.ts'

type Known = 'target' | 'kind' | 'name' | 'version' | 'size' | 'sha256'

/** An artifact as release.json tells of one that both worlds made, for tests that never look into it. */
export function provenArtifact(known: Pick<ReleaseArtifact, Known>): ReleaseArtifact {
  const { sha256 } = known
  return {
    ...known,
    contentDigest: sha256,
    packing: 'backend',
    built: { a: sha256, b: sha256 },
    members: 1,
    traced: 1
  }
}
