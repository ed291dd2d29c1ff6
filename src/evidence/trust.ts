import { leftOut } from '../documents/fields.ts'
import type { Proof } from '../documents/proof.ts'

/** Why a proof, although nothing was found, cannot be published; empty where it can. */
export function publishObstacles({
  tag,
  trust,
  variations
}: Pick<Proof, 'tag' | 'trust' | 'variations'>): string[] {
  const obstacles: string[] = []
  if (tag.kind === 'untagged')
    obstacles.push('The commit has no tag. Tag it, and make the release from the tag.')
  if (trust.config === 'outside')
    obstacles.push(
      'The configuration came from outside the tag (--config). Commit it as .github/tagproof.yml.'
    )
  if (trust.lock === 'outside')
    obstacles.push('The lock came from outside the tag (--lock). Commit it as .github/tagproof.lock.')
  if (trust.lock === 'resolved' || trust.lock === 'default')
    obstacles.push(
      'The tag holds no lock, so one was made. Run tagproof lock and commit .github/tagproof.lock.'
    )
  if (trust.adopted === 'missing')
    obstacles.push(
      'Wheels of other jobs are missing. Give their folders to prove: --adopt FOLDER --adopt FOLDER.'
    )
  const out = variations.flatMap((world) => world.variations).filter(({ reason }) => reason === leftOut)
  if (out.length > 0)
    obstacles.push(
      `A build left variations out (${[...new Set(out.map(({ name }) => name))].join(', ')}). Build without --without.`
    )
  return obstacles
}
