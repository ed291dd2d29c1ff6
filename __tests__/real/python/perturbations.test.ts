import { beforeAll, afterAll, describe, expect, it } from '@jest/globals'
import { rm } from 'node:fs/promises'
import path from 'node:path'
import type { Build } from '../../../src/documents/build.ts'
import { objectId } from '../../../src/documents/identifiers.ts'
import type { Finding, Proof } from '../../../src/documents/proof.ts'
import { readDocument, writeDocument } from '../../../src/documents/reading.ts'
import { build } from '../../../src/stages/build.ts'
import { fetch } from '../../../src/stages/fetch.ts'
import { plan } from '../../../src/stages/plan.ts'
import { prove } from '../../../src/stages/prove.ts'
import { scramble, scrambleSeed } from '../../../src/worlds/scramble.ts'
import { lockRelease, makeRelease, type TestRelease } from '../support/release.ts'
import { icon, setuptools, type Files } from './projects.ts'

const noise = Buffer.from(Array.from({ length: 500 }, (_, at) => (at * at * 17 + at) & 255))

/**
 * One bit of a fixture goes into a module; a declared generator makes a table from an opaque file, and another file
 * takes a byte of it without being declared.
 */
const leaky: Files = {
  ...setuptools,
  'tests/data.bin': icon,
  'little/seed.bin': noise,
  '.github/tagproof.yml':
    'generated:\n  - to: little/table.txt\n    from: [little/seed.bin]\n    reason: setup.py makes the table from the seed\n',
  'MANIFEST.in': 'graft tests\n',
  'pyproject.toml':
    '[build-system]\nrequires = ["setuptools>=64"]\nbuild-backend = "setuptools.build_meta"\n',
  'setup.py': `from setuptools import setup

BIT = open("tests/data.bin", "rb").read()[5] & 1
SEED = open("little/seed.bin", "rb").read()
for name, text in {"bit.py": f"BIT = {BIT}", "table.txt": SEED.hex(), "other.txt": str(SEED[0] + SEED[1])}.items():
    with open("little/" + name, "w") as stream:
        stream.write(text + "\\n")
setup(name="little", version="1.2.3", packages=["little"], package_data={"little": ["*.bin", "*.txt"]})
`
}

/** Tags the commit again until the noise of world b hides the bit and that of the second build shows it. */
async function tagThatHides(release: TestRelease): Promise<void> {
  const commit = objectId(await release.project.git('rev-parse', 'HEAD'))
  const bit = (bytes: Buffer): number => (bytes[5] ?? 0) & 1
  for (let number = 0; number < 64; number += 1) {
    await release.project.git('tag', '-f', '-a', '-m', `try ${number}`, 'v1.2.3')
    const object = objectId(await release.project.git('rev-parse', 'refs/tags/v1.2.3'))
    const seen = [0, 1].map((seed) =>
      bit(scramble(icon, 'tests/data.bin', scrambleSeed({ object, commit }, seed)))
    )
    if (seen[0] === bit(icon) && seen[1] !== bit(icon)) return
  }
  throw new Error('no tag hides it')
}

describe('a leak that the noise of world b hides', () => {
  let release: TestRelease
  let proof: Proof
  let worldB: Build

  beforeAll(async () => {
    release = await makeRelease(leaky)
    await tagThatHides(release)
    const lock = await lockRelease(release)
    const planned = await plan(release.context, { lock })
    await fetch(release.context, planned)
    const [, b] = await build(release.context, { worlds: ['a', 'b'], perturbations: 2 })
    if (b === undefined) throw new Error('no world b')
    worldB = b
    proof = await prove(release.context, {})
  })
  afterAll(() => release.remove())

  const of = (one: Proof, member: string, check: Finding['check']): Finding[] =>
    one.findings.filter((finding) => finding.check === check && finding.member === member)

  it('is not seen by one build with scrambled files, and is by a second one with other noise', () => {
    expect(worldB.perturbations?.map(({ name }) => name)).toEqual(['pairs', 'seed-2'])
    expect(of(proof, 'little/bit.py', 'reproduced')).toEqual([])
    const [finding] = of(proof, 'little/bit.py', 'uninfluenced')
    expect(finding).toMatchObject({ code: 'perturbation-differs', severity: 'refuse' })
    expect(finding?.message).toContain('seed-2')
    expect(proof.findings.map(({ code }) => code)).not.toContain('perturbed')
  })

  it('of a declared pair is found where it reaches another member than the declared one', () => {
    expect(of(proof, 'little/other.txt', 'reproduced')).toEqual([])
    expect(of(proof, 'little/other.txt', 'uninfluenced')).toMatchObject([{ code: 'perturbation-differs' }])
    expect(of(proof, 'little/table.txt', 'uninfluenced')).toEqual([])
    expect(of(proof, 'little/seed.bin', 'uninfluenced')).toEqual([])
  })

  it('is refused on altered artifacts of a perturbation, and passes where there is no perturbation', async () => {
    const file = path.join(release.context.out.build('b'), 'build.json')
    const { perturbations, ...without } = worldB
    const wheel = path.join(release.context.out.build('b'), '+seed-2/python/little-1.2.3-py3-none-any.whl')
    await rm(wheel)
    await expect(prove(release.context, {})).rejects.toMatchObject({ code: 'input-missing' })
    await writeDocument('build', file, without)
    expect((await readDocument('build', file)).document.perturbations).toBeUndefined()
    expect(perturbations).toHaveLength(2)
    const blind = await prove(release.context, {})
    expect(blind.findings.filter(({ check }) => check === 'uninfluenced')).toEqual([])
  })
})
