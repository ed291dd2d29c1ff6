import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { findingCodes } from '../../../scripts/finding-codes.mjs'

describe('the documentation', () => {
  it('explains every code of errors and findings, and its links lead somewhere', async () => {
    const ended = await new Promise<string>((resolve) => {
      execFile(process.execPath, ['scripts/lint-docs.mjs'], (_error, _stdout, stderr) => resolve(stderr))
    })
    expect(ended.trim().split('\n').filter(Boolean)).toEqual([])
  })
})

const ways = `
interface Difference { code: 'by-type' | 'by-another-type' }
const one = { code: 'by-property', check: 'traced' }
const two = { code: bad ? 'by-condition' : other ?? 'by-default' }
const code = bad ? 'by-name' : 'by-second-name'
function about(artifact: string, code: string): object { return { artifact, code } }
about('not-this', 'by-argument')
const note = (code: string) => ({ code })
note(bad ? 'by-arrow' : 'by-second-arrow')
throw new TagproofError('no-finding', { code: error.code })
`

describe('the codes of findings', () => {
  it('are found however they are written, and only where findings are made', async () => {
    const root = await mkdtemp(path.join(tmpdir(), 'tagproof-codes-'))
    try {
      await mkdir(path.join(root, 'src/proof'), { recursive: true })
      await writeFile(path.join(root, 'src/proof/a.ts'), ways)
      await writeFile(path.join(root, 'src/b.ts'), `const one = { code: 'elsewhere' }`)
      const found = await findingCodes(root, ['src/proof/a.ts', 'src/b.ts', 'README.md'])
      expect([...found.keys()].sort()).toEqual([
        'by-another-type',
        'by-argument',
        'by-arrow',
        'by-condition',
        'by-default',
        'by-name',
        'by-property',
        'by-second-arrow',
        'by-second-name',
        'by-type'
      ])
    } finally {
      await rm(root, { recursive: true, force: true })
    }
  })
})
