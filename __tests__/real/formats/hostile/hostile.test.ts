import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { createHash } from 'node:crypto'
import { refusal } from '../../../unit/formats/forge.ts'
import { ourTree } from '../../../support/mutants/our-tree.ts'
import { Peers, type Packing, type Tree } from '../../../support/mutants/peers.ts'
import { gzipCases, oddGzips } from './gzip-cases.ts'
import type { HostileCase } from './hostile-case.ts'
import { oddTars, tarCases } from './tar-cases.ts'
import { oddZips, zipCases } from './zip-cases.ts'

let peers: Peers
beforeAll(async () => {
  peers = await Peers.start()
})
afterAll(() => peers.close())

const contents = ['', 'one', 'two', 'evil', 'content\n']
const labels = new Map(
  contents.map((text) => [createHash('sha256').update(text).digest('hex'), text.trim() || 'empty'])
)

/** A tree on one line: `a=one d/ l->a`. */
function line(tree: Tree | string): string {
  if (typeof tree === 'string') return 'error'
  const parts = tree.map(([path, kind, holds]) => {
    const name = JSON.stringify(
      path.length > 40 ? `${path.slice(0, 8)}…(${Buffer.byteLength(path)} bytes)` : path
    ).slice(1, -1)
    if (kind === 'directory') return `${name}/`
    if (kind === 'symlink') return `${name}->${holds}`
    if (kind === 'other') return `${name} (special)`
    return `${name}${holds.startsWith('x') ? '*' : ''}=${labels.get(holds.slice(2)) ?? 'other bytes'}`
  })
  return parts.join(' ') || 'nothing'
}

/** What other tools unpack of each case: the reason why it is refused, or why it may be. */
async function table(packing: Packing, cases: readonly HostileCase[]): Promise<string> {
  const rows: string[] = []
  for (const [name, bytes] of cases) {
    const answers = Object.entries(await peers.unpack(packing, bytes))
    rows.push([name, ...answers.map(([tool, tree]) => `${tool}: ${line(tree)}`)].join(' | '))
  }
  return `\n${rows.join('\n')}\n`
}

describe.each<[string, Packing, readonly HostileCase[]]>([
  ...Object.entries(tarCases).map(([area, cases]): [string, Packing, readonly HostileCase[]] => [
    `tar: ${area}`,
    't',
    cases
  ]),
  ['gzip', 'g', gzipCases],
  ...Object.entries(zipCases).map(([area, cases]): [string, Packing, readonly HostileCase[]] => [
    `zip: ${area}`,
    'Z',
    cases
  ])
])('hostile %s', (_, packing, cases) => {
  it.each<HostileCase>([...cases])('%s is refused with its place', async (_name, bytes, place, problem) => {
    const error = await refusal(ourTree(packing, bytes))
    expect(error.code).toBe('archive-invalid')
    expect(error.message).toMatch(problem)
    expect(error.message).toContain(place)
    expect(error.detail.fix).toMatch(/Make the archive again/)
  })

  // The snapshot is the table: what Python 3.11, GNU tar 1.34 and Info-ZIP 6.00 make of it.
  it('others unpack otherwise, or not at all', async () => {
    expect(await table(packing, cases)).toMatchSnapshot()
  })
})

describe('odd, and unpacked by all to the tree that we see', () => {
  const odd: [string, Packing, Buffer][] = [
    ...oddTars.map(([name, bytes]): [string, Packing, Buffer] => [`tar: ${name}`, 't', bytes]),
    ...oddGzips.map(([name, bytes]): [string, Packing, Buffer] => [`gzip: ${name}`, 'g', bytes]),
    ...oddZips.map(([name, bytes]): [string, Packing, Buffer] => [`zip: ${name}`, 'z', bytes])
  ]
  it.each(odd)('%s', async (_, packing, bytes) => {
    const ours = await ourTree(packing, bytes)
    for (const [tool, tree] of Object.entries(await peers.unpack(packing, bytes)))
      expect([tool, tree]).toEqual([tool, ours])
  })
})
