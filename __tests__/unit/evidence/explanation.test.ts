import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { formatDocument } from '../../../src/documents/format.ts'
import { outLayout } from '../../../src/documents/layout.ts'
import { formatExplanation } from '../../../src/evidence/explanation.ts'
import { sha256OfBytes } from '../../../src/platform/files.ts'
import { explain } from '../../../src/stages/explain.ts'
import { finding, proof, refusedProof, release } from './documents.ts'

const note = finding({ severity: 'note', code: 'repacked', member: null, cause: null, fix: null })
const many = Array.from({ length: 9 }, (_, at) => finding({ member: `herald/built${at}.py` }))

describe('a proof explained', () => {
  it('says the verdict, the artifacts and what world b did not vary', () => {
    const text = formatExplanation(proof({ findings: [note] }))
    expect(text).toMatch(/^v1\.4\.0 {2}version 1\.4\.0 {2}commit 2{40}\nPROVEN: .*\(1 note\)/)
    expect(text).toContain('herald-1.4.0-py3-none-any.whl')
    expect(text).toMatch(/did not vary:\n {2}clock {12}not varied: the root has no faketime/)
  })

  it('tells what, where, why and fix of each refusal, the most important first', () => {
    const source = finding({ check: 'source', code: 'version-mismatch', message: 'Two versions.' })
    const text = formatExplanation(refusedProof([note, finding(), source]))
    expect(text).toContain('REFUSED: nothing may be published (2 refusals, 1 note)')
    expect(text.indexOf('version-mismatch')).toBeLessThan(text.indexOf('time-embedded'))
    expect(text.indexOf('time-embedded')).toBeLessThan(text.indexOf('repacked'))
    for (const label of ['what   The two', 'where  herald', 'why    It holds', 'fix    Use SOURCE'])
      expect(text).toContain(`  ${label}`)
  })

  it('tells what one remedy mends together, and everything by itself with --all', () => {
    const short = formatExplanation(refusedProof(many))
    expect(short.match(/✗/g)).toHaveLength(1)
    expect(short).toContain('(9 findings)')
    expect(short).toContain('and 3 more (--all shows them)')
    const full = formatExplanation(refusedProof(many), { all: true })
    expect(full.match(/✗/g)).toHaveLength(9)
    for (const { member } of many) expect(full).toContain(member)
  })

  it('wraps sentences, and lets no foreign text move the cursor', () => {
    const long = finding({ message: `\u001b[31m${'word '.repeat(60)}`, member: 'a\u001b[2Jb' })
    const text = formatExplanation(refusedProof([long]), { width: 60 })
    expect(text).not.toContain('\u001b')
    const sentence = text.split('\n').filter((line) => line.includes('word'))
    expect(sentence.length).toBeGreaterThan(4)
    expect(Math.max(...sentence.map((line) => line.length))).toBeLessThanOrEqual(60)
  })
})

async function inFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), 'tagproof-explain-'))
  try {
    await use(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

describe('a proof that is read to be explained', () => {
  const whole = formatDocument(refusedProof([finding()]))
  const recorded = formatDocument({ ...release(refusedProof([])), proof: sha256OfBytes(whole) })

  it('is the one that was recorded, or one without a record', () =>
    inFolder(async (folder) => {
      await writeFile(path.join(folder, 'proof.json'), whole)
      expect((await explain({ out: outLayout(folder) })).verdict).toBe('refused')
      await writeFile(path.join(folder, 'release.json'), recorded)
      expect((await explain({ out: outLayout('/nowhere') }, path.join(folder, 'proof.json'))).verdict).toBe(
        'refused'
      )
    }))

  it('is refused once one byte was altered after it was recorded', () =>
    inFolder(async (folder) => {
      await writeFile(
        path.join(folder, 'proof.json'),
        whole.replace('SOURCE_DATE_EPOCH', 'SOURCE_DATE_EPOCK')
      )
      await writeFile(path.join(folder, 'release.json'), recorded)
      await expect(explain({ out: outLayout(folder) })).rejects.toMatchObject({ code: 'document-mismatch' })
    }))

  it.each([
    ['another version', whole.replace('tagproof/proof/1', 'tagproof/proof/2')],
    ['an unknown verdict', whole.replace('"refused"', '"fine"')],
    ['no JSON', whole.slice(0, 100)]
  ])('is refused if it is of %s', (_, text) =>
    inFolder(async (folder) => {
      await writeFile(path.join(folder, 'proof.json'), text)
      await expect(explain({ out: outLayout(folder) })).rejects.toMatchObject({ code: 'document-invalid' })
    })
  )
})
