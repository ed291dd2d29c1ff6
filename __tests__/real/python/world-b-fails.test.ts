import { describe, expect, it } from '@jest/globals'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import type { Finding, Proof } from '../../../src/documents/proof.ts'
import { attribute } from '../../../src/stages/attribute.ts'
import { packages, proveRelease, withRelease, type Made, type TestRelease } from '../support/release.ts'
import { checks, type Files } from './projects.ts'

/** Proves a project and hands over the one finding about its failure in world b. */
async function failure(
  files: Files,
  look: (finding: Finding, made: Made, release: TestRelease) => void | Promise<void>
): Promise<void> {
  await withRelease(files, async (release) => {
    const made = await proveRelease(release)
    expect(made.proof.verdict).toBe('refused')
    const refusals = refusalsOf(made.proof)
    expect(refusals.map(({ code }) => code)).toEqual(['build-fails-in-b'])
    expect(await packages(release)).toEqual([])
    for (const finding of refusals) await look(finding, made, release)
  })
}

function refusalsOf(proof: Proof): Finding[] {
  return proof.findings.filter(({ severity }) => severity === 'refuse')
}

describe('a project that builds in world a alone', () => {
  it('because it checks a file that nobody can read: the finding names it and the three ways out', () =>
    failure(
      checks('hashlib.sha256(open("tests/data.bin", "rb").read()).hexdigest().startswith(SUM)'),
      async (finding, { builds }, release) => {
        expect(finding.check).toBe('uninfluenced')
        expect(finding.message).toContain('python builds in world a and not in world b')
        expect(finding.message).toContain('AssertionError')
        expect(finding.cause).toContain('tests/data.bin (binary)')
        expect(finding.fix).toMatch(/out of the build.*generated:.*inputs: \[\{ path: "tests\/data.bin"/)
        const [target] = builds.b.targets
        expect(target?.artifacts).toEqual([])
        expect(target?.failure).toMatchObject({
          code: 'build-failed',
          follows: ['scrambled-files'],
          secondTier: true
        })
        expect(target?.failure?.reads).toEqual(expect.arrayContaining(['tools/checked.py', 'tests/data.bin']))

        const told = await attribute(release.context)
        const [named] = refusalsOf(told)
        expect(named?.cause).toMatch(/^It follows tests\/data\.bin \(binary\)/)
        expect(JSON.parse(await readFile(path.join(release.out, 'proof.json'), 'utf8'))).toEqual(told)
      }
    ))

  it('because of its clock: the variation is named', () =>
    failure(checks(`time.time() < ${Date.now() / 1000 + 200 * 86_400}`), (finding, { builds }) => {
      expect(finding.check).toBe('reproduced')
      expect(finding.cause).toContain('It follows the clock')
      expect(finding.fix).toContain('SOURCE_DATE_EPOCH')
      expect(builds.b.targets[0]?.failure).toMatchObject({ follows: ['clock'], secondTier: false })
    }))
})

describe('a build that must parse a file and puts nothing of it into what it makes', () => {
  it('goes on with other data in the same format, and the proof says so', () =>
    withRelease(checks('isinstance(json.load(open("tests/table.json")), dict)'), async (release) => {
      const { proof, builds } = await proveRelease(release)
      expect(refusalsOf(proof)).toEqual([])
      expect(builds.b.scramble?.tier).toBe(2)
      expect(builds.b.targets[0]?.failure).toBeUndefined()
      expect(proof.findings.find(({ code }) => code === 'form-kept')?.message).toContain(
        'tests/table.json (json)'
      )
      expect(await packages(release)).toHaveLength(2)
    }))
})
