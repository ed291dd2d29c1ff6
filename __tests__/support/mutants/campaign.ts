import { createHash } from 'node:crypto'
import { asTagproofError } from '../../../src/platform/errors.ts'
import { ourTree } from './our-tree.ts'
import { Peers, type Packing, type Tree } from './peers.ts'
import { Random } from './random.ts'
import { tarMutant } from './tar-mutants.ts'
import { zipMutant } from './zip-mutants.ts'

export interface Disagreement {
  /** Number of the mutant: with the seed it makes the same bytes again. */
  mutant: number
  packing: Packing
  tool: string
  ours: Tree
  theirs: Tree | string
  bytes: Buffer
}

export interface Campaign {
  mutants: number
  refused: number
  /** Accepted mutants of which these very bytes had come before. */
  repeated: number
  /** Accepted mutants that the peers unpacked. */
  unpacked: number
  disagreements: Disagreement[]
}

/** As many archives as wait for the peers at a time. */
const mostWaiting = 16

export interface CampaignRules {
  /** Another reader than ours, to see that a lax one is found out. */
  read?: (packing: Packing, bytes: Buffer) => Promise<Tree>
  /** Told now and then how many mutants are done. */
  onProgress?: (done: number) => void
}

/**
 * Makes mutants, reads each with our readers, and has Python and GNU tar unpack what was accepted: every one must get
 * exactly the tree that we saw.
 *
 * @param seed of the first mutant; the others follow from it
 * @throws whatever a reader throws that is not `archive-invalid`
 */
export async function campaign(
  seed: number,
  count: number,
  { read = ourTree, onProgress }: CampaignRules = {}
): Promise<Campaign> {
  const peers = await Promise.all([Peers.start(), Peers.start()])
  const result: Campaign = { mutants: count, refused: 0, repeated: 0, unpacked: 0, disagreements: [] }
  const seen = new Set<string>()
  const waiting = new Set<Promise<void>>()
  try {
    for (let mutant = 0; mutant < count; mutant += 1) {
      if (mutant % 1000 === 0) onProgress?.(mutant)
      const { packing, bytes } = makeMutant(seed, mutant)
      const ours = await accepted(read, packing, bytes)
      if (ours === undefined) {
        result.refused += 1
        continue
      }
      const key = createHash('sha256').update(packing).update(bytes).digest('base64')
      if (seen.has(key)) {
        result.repeated += 1
        continue
      }
      seen.add(key)
      result.unpacked += 1
      const work = peersOf(peers, mutant)
        .unpack(packing, bytes)
        .then((answers) => {
          for (const [tool, theirs] of Object.entries(answers))
            if (JSON.stringify(theirs) !== JSON.stringify(ours))
              result.disagreements.push({ mutant, packing, tool, ours, theirs, bytes })
        })
        .finally(() => waiting.delete(work))
      waiting.add(work)
      if (waiting.size >= mostWaiting) await Promise.race(waiting)
    }
    await Promise.all(waiting)
    return result
  } finally {
    await Promise.all(peers.map((peer) => peer.close()))
  }
}

/** One line for people: which mutant, and what each made of it. */
export function describeDisagreement({ mutant, packing, tool, ours, theirs }: Disagreement): string {
  const other = typeof theirs === 'string' ? theirs : JSON.stringify(theirs)
  return `mutant ${mutant} (${packing}): we saw ${JSON.stringify(ours)}; ${tool} made ${other}`
}

/** The bytes of one mutant. */
export function makeMutant(seed: number, mutant: number): { packing: Packing; bytes: Buffer } {
  const random = new Random(Math.imul(seed, 0x9e3779b1) ^ Math.imul(mutant + 1, 0x85ebca6b))
  return mutant % 2 === 0 ? tarMutant(random) : zipMutant(random)
}

function peersOf(peers: readonly Peers[], mutant: number): Peers {
  const peer = peers[(mutant >> 1) % peers.length]
  if (peer === undefined) throw new RangeError('no peers')
  return peer
}

/** Our tree, or undefined where the archive is refused. */
async function accepted(read: typeof ourTree, packing: Packing, bytes: Buffer): Promise<Tree | undefined> {
  try {
    return await read(packing, bytes)
  } catch (error) {
    if (asTagproofError(error).code !== 'archive-invalid') throw error
    return undefined
  }
}
