import { describe, expect, it } from '@jest/globals'
import { access, readdir } from 'node:fs/promises'
import path from 'node:path'
import { sha256OfBytes } from '../../../src/platform/files.ts'
import { readUpload } from '../../../src/stages/uploads.ts'
import { proveRelease, withRelease } from '../support/release.ts'
import { hatchling } from './projects.ts'

const config = '.github/tagproof.yml'
/** The backend lets it pass, as it should: it is there to keep the package from an index. */
const pyproject = `[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "little"
version = "1.2.3"
readme = "README.md"
classifiers = ["Private :: Do Not Upload"]
`

describe('the rules of the package index', () => {
  it('refuse a release that is to go there; without that destination nobody is told', () =>
    withRelease(
      { ...hatchling, 'pyproject.toml': pyproject, [config]: 'destinations:\n  - kind: pypi\n' },
      async (release) => {
        const { proof, plan } = await proveRelease(release)
        expect(plan.indexed).toEqual(['python'])
        const refused = proof.findings.filter(({ severity }) => severity === 'refuse')
        expect(refused.map(({ check, code }) => `${check} ${code}`)).toEqual([
          'policy index-classifier',
          'policy index-classifier'
        ])
        expect(proof).toMatchObject({ verdict: 'refused', uploads: null })
        await expect(access(release.context.out.uploads)).rejects.toThrow('ENOENT')
        const folder = path.join(release.context.out.build('a'), 'python')
        const name = (await readdir(folder)).find((file) => file.endsWith('.whl')) ?? ''
        for (const [indexed, codes] of [
          [true, ['index-classifier']],
          [false, []]
        ] as const) {
          const { findings } = await readUpload(path.join(folder, name), {
            kind: 'wheel',
            name,
            sha256: sha256OfBytes(''),
            indexed
          })
          expect(findings.filter(({ severity }) => severity !== 'note').map(({ code }) => code)).toEqual(
            codes
          )
        }
      }
    ))
})
