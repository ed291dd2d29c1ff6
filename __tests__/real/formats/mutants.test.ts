import { describe, expect, it } from '@jest/globals'
import { unzipSync } from 'fflate'
import { createHash } from 'node:crypto'
import { campaign, describeDisagreement } from '../../support/mutants/campaign.ts'
import { ourTree } from '../../support/mutants/our-tree.ts'
import { sampled } from '../../support/whole.ts'
import type { Packing, Tree } from '../../support/mutants/peers.ts'

const seed = 20_240_329
const parts = [0, 1, 2, 3, 4].slice(0, sampled(5, 2))

describe(`of ${parts.length}0,000 mutants of honest archives`, () => {
  it.each(parts)(
    'every one that we accept is unpacked by Python and GNU tar to the tree that we saw (part %i)',
    async (part) => {
      const { refused, repeated, unpacked, disagreements } = await campaign(seed + part, 10_000)
      expect(disagreements.map(describeDisagreement)).toEqual([])
      // Both happen often, or the mutants would be too tame or too wild to show anything.
      expect(refused).toBeGreaterThan(5_000)
      expect(unpacked).toBeGreaterThan(400)
      expect(refused + repeated + unpacked).toBe(10_000)
    }
  )
})

/** As most programs read zip: the directory alone, and what it says. */
function laxZip(bytes: Buffer): Tree {
  const files = Object.entries(unzipSync(bytes)).filter(([path]) => !path.endsWith('/'))
  return files.map(([path, content]) => [path, 'file', `- ${hashOf(content)}`])
}

/** As a short script reads tar: name, size and type of each block. */
function laxTar(bytes: Buffer): Tree {
  const tree: Tree = []
  for (let at = 0; at + 512 <= bytes.length && bytes[at] !== 0;) {
    const field = (from: number, length: number): string =>
      bytes.toString('utf8', at + from, at + from + length).replace(/\0.*$/s, '')
    const size = parseInt(field(124, 12), 8) || 0
    const content = bytes.subarray(at + 512, at + 512 + size)
    if (['', '0'].includes(field(156, 1))) tree.push([field(0, 100), 'file', `- ${hashOf(content)}`])
    at += 512 + Math.ceil(size / 512) * 512
  }
  return tree
}

function hashOf(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex')
}

/** What our reader refuses, a lax one reads: those trees alone are compared. */
async function laxWhereWeRefuse(packing: Packing, bytes: Buffer): Promise<Tree> {
  return ourTree(packing, bytes).catch((refusal: unknown) => {
    try {
      if (packing === 'g') throw refusal
      return packing === 'z' ? laxZip(bytes) : laxTar(bytes)
    } catch {
      throw refusal
    }
  })
}

it('the same mutants find out readers that refuse less', async () => {
  const { disagreements } = await campaign(seed, 1000, { read: laxWhereWeRefuse })
  expect(disagreements.filter(({ packing }) => packing === 't').length).toBeGreaterThan(50)
  expect(disagreements.filter(({ packing }) => packing === 'z').length).toBeGreaterThan(50)
})
