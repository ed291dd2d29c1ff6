import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { readImageArchive } from '../../../src/formats/oci/archive.ts'
import { asTagproofError } from '../../../src/platform/errors.ts'
import { imageMutant } from './image-mutants.ts'
import { askImagePeers, type PeersAnswer } from './image-peers.ts'
import { imageTree } from './image-tree.ts'
import type { Tree } from './peers.ts'
import { Random } from './random.ts'

export interface ImageDisagreement {
  mutant: number
  ours: { digest: string; tree: Tree }
  theirs: PeersAnswer
}

export interface ImageCampaign {
  refused: number
  /** Accepted mutants, each once. */
  unpacked: number
  disagreements: ImageDisagreement[]
}

const atOnce = 2

export function makeImageMutant(seed: number, mutant: number): Buffer {
  return imageMutant(new Random(Math.imul(seed, 0x9e3779b1) ^ Math.imul(mutant + 1, 0x85ebca6b)))
}

/**
 * Makes mutants of images, reads each with our reader, and has skopeo and umoci read what was accepted: each must see the
 * same digest and unpack exactly the tree that we saw.
 *
 * @throws whatever the reader throws that is not `archive-invalid`
 */
export async function imageCampaign(seed: number, count: number, read = ours): Promise<ImageCampaign> {
  const result: ImageCampaign = { refused: 0, unpacked: 0, disagreements: [] }
  const folder = await mkdtemp(path.join(tmpdir(), 'tagproof-image-mutants-'))
  const seen = new Set<string>()
  let next = 0
  const worker = async (place: string): Promise<void> => {
    await mkdir(place)
    const file = path.join(place, 'image.oci.tar')
    for (let mutant = next++; mutant < count; mutant = next++) {
      const bytes = makeImageMutant(seed, mutant)
      const key = createHash('sha256').update(bytes).digest('base64')
      if (seen.has(key)) continue
      seen.add(key)
      await writeFile(file, bytes)
      const accepted = await read(file)
      if (accepted === undefined) {
        result.refused += 1
        continue
      }
      result.unpacked += 1
      const theirs = await askImagePeers(file, place)
      const same =
        theirs.digest === accepted.digest && JSON.stringify(theirs.tree) === JSON.stringify(accepted.tree)
      if (!same) result.disagreements.push({ mutant, ours: accepted, theirs })
    }
  }
  try {
    await Promise.all(Array.from({ length: atOnce }, (_, at) => worker(path.join(folder, String(at)))))
    return result
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function ours(file: string): Promise<ImageDisagreement['ours'] | undefined> {
  try {
    const archive = await readImageArchive(file)
    const manifest = archive.members.find((member) => member.path === 'manifest.json')
    return { digest: `sha256:${manifest?.sha256 ?? ''}`, tree: imageTree(archive) }
  } catch (error) {
    if (asTagproofError(error).code !== 'archive-invalid') throw error
    return undefined
  }
}

/** One line for people. */
export function describeImageDisagreement({ mutant, ours, theirs }: ImageDisagreement): string {
  return `mutant ${mutant}: we saw ${ours.digest.slice(0, 19)} ${JSON.stringify(ours.tree)}; they made ${theirs.complaint || `${theirs.digest?.slice(0, 19) ?? ''} ${JSON.stringify(theirs.tree)}`}`
}
