import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describeImageDisagreement, imageCampaign } from '../../support/mutants/image-campaign.ts'
import { askImagePeers, type PeersAnswer } from '../../support/mutants/image-peers.ts'
import { ourImageTree } from '../../support/mutants/image-tree.ts'
import { refusal } from '../../unit/formats/forge.ts'
import { imageCases, oddImages } from './hostile/image-cases.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'tagproof-image-readers-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function peers(bytes: Buffer): Promise<PeersAnswer> {
  const file = path.join(folder, 'asked.oci.tar')
  await writeFile(file, bytes)
  return askImagePeers(file, folder)
}

/** What umoci unpacked on one line, or who gave up. */
function line({ tree, complaint }: PeersAnswer): string {
  if (tree === null) return complaint.split(':')[0] ?? ''
  const parts = tree.map(([name, kind, holds]) => {
    if (kind === 'directory') return `${name}/`
    return kind === 'symlink' ? `${name}->${holds}` : name
  })
  return `unpacked ${parts.join(' ') || 'nothing'}`
}

describe.each(Object.entries(imageCases))('hostile images: %s', (_, cases) => {
  it.each([...cases])('%s is refused with its place', async (_name, bytes, place, problem) => {
    const error = await refusal(ourImageTree(bytes, folder))
    expect(error.code).toBe('archive-invalid')
    expect(error.message).toMatch(problem)
    expect(error.message).toContain(place)
    expect(error.detail.fix).toMatch(/again/)
  })

  // The snapshot is the table: what skopeo 1.9 and umoci 0.4 make of it, who gives up and who is taken in.
  it('others give up, or unpack it', async () => {
    const rows: string[] = []
    for (const [name, bytes] of cases) rows.push(`${name} | ${line(await peers(bytes))}`)
    expect(`\n${rows.join('\n')}\n`).toMatchSnapshot()
  })
})

describe('odd images, read by all to the tree that we see', () => {
  it.each([...oddImages])('%s', async (_, bytes) => {
    const ours = await ourImageTree(bytes, folder)
    const theirs = await peers(bytes)
    expect(theirs.complaint).toBe('')
    expect(theirs.tree).toEqual(ours)
  })
})

it('no mutant that we accept is unpacked otherwise by skopeo and umoci', async () => {
  const result = await imageCampaign(20_261_125, 160)
  expect(result.disagreements.map(describeImageDisagreement)).toEqual([])
  expect(result.unpacked).toBeGreaterThan(10)
  expect(result.refused).toBeGreaterThan(80)
})

it('a reader that does not look at links of lower layers is found out', async () => {
  const result = await imageCampaign(7, 12, () => Promise.resolve({ digest: 'sha256:', tree: [] }))
  expect(result.disagreements.length).toBeGreaterThan(5)
})
