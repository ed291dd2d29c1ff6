import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { access } from 'node:fs/promises'
import path from 'node:path'
import type { Finding, Proof } from '../../../src/documents/proof.ts'
import {
  makeRelease,
  packages,
  proveRelease,
  withRelease,
  type Made,
  type TestRelease
} from '../support/release.ts'
import { writes } from './projects.ts'

const shape = /in line 1 \(offset \d+\): world a has "VALUE = .*", world b has "VALUE = .*"/

/** What is said of the difference in a module that setup.py writes, in sdist and wheel. */
function refusals({ proof }: Made, name: string): Finding[] {
  const found = differences(proof).filter(({ member }) => member?.endsWith(`little/${name}.py`) === true)
  expect(found.map(({ artifact }) => artifact).sort()).toEqual([
    'little-1.2.3-py3-none-any.whl',
    'little-1.2.3.tar.gz'
  ])
  for (const finding of found) {
    expect(finding.code).toBe('content-differs')
    expect(finding.message).toMatch(shape)
    expect(finding.fix).not.toBeNull()
  }
  return found
}

/** They come before what else is found. */
function differences({ findings }: Proof): Finding[] {
  const refused = findings.filter(({ severity }) => severity === 'refuse')
  expect(refused[0]?.check).toBe('reproduced')
  return refused.filter(({ check }) => check === 'reproduced')
}

describe('a setup.py is refused that writes', () => {
  it('the time of the build; both builds are kept and nothing is published', () =>
    withRelease(writes('time.time()'), async (release) => {
      const made = await proveRelease(release)
      expect(made.proof.verdict).toBe('refused')
      expect(made.proof.artifacts).toEqual([])
      for (const finding of refusals(made, 'generated')) {
        expect(finding.cause).toContain('The time of the build')
        expect(finding.fix).toContain('SOURCE_DATE_EPOCH')
      }
      expect(await packages(release)).toEqual([])
      for (const world of ['a', 'b'] as const)
        for (const name of ['little-1.2.3.tar.gz', 'little-1.2.3-py3-none-any.whl'])
          await access(path.join(release.context.out.build(world), 'python', name))
    }))

  describe('beside other things, each with its own cause:', () => {
    let release: TestRelease
    let made: Made
    const findings = (name: string): Finding[] => refusals(made, name)

    beforeAll(async () => {
      release = await makeRelease(
        writes({
          random: 'os.urandom(8).hex()',
          order: 'list({"red", "green", "blue", "white", "black", "grey", "pink", "gold"})',
          listing: 'os.listdir("colours")',
          place: 'os.getcwd()',
          digest: '"d" + hashlib.sha256(open("tests/data.bin", "rb").read()).hexdigest()'
        })
      )
      made = await proveRelease(release)
    })
    afterAll(() => release.remove())

    it('nothing else', () => {
      expect(made.proof.verdict).toBe('refused')
      expect(differences(made.proof)).toHaveLength(10)
      expect(made.proof.artifacts).toEqual([])
    })

    it('a random number', () => {
      for (const finding of findings('random')) expect(finding.cause).toContain('looks random')
    })

    it('a set in its own order', () => {
      for (const finding of findings('order')) expect(finding.cause).toContain('another order')
    })

    it('a folder in the order of the disk', () => {
      for (const finding of findings('listing')) {
        expect(finding.cause).toContain('a folder was listed')
        expect(finding.fix).toContain('sorted(os.listdir')
      }
    })

    it('the path that it is built in', () => {
      for (const finding of findings('place')) {
        expect(finding.message).toContain("'/build/")
        expect(finding.cause).toContain('build folder')
        expect(finding.fix).toContain('relative')
      }
    })

    it('what follows a digest of a file that nobody can read: world b shows that of the scrambled bytes', () => {
      const fixture = made.plan.scramble.files.find((file) => file.path === 'tests/data.bin')
      expect(fixture).toBeDefined()
      for (const finding of findings('digest')) {
        expect(finding.message).toContain(`world a has "VALUE = 'd${fixture?.original ?? ''}'"`)
        expect(finding.message).toContain(`world b has "VALUE = 'd${fixture?.scrambled ?? ''}'"`)
        expect(finding.cause).toContain('tests/data.bin')
        expect(finding.fix).toContain('inputs:')
      }
    })
  })
})

/** What setup.py writes is in no commit: the project has to say so. */
const declared =
  'generated:\n  - { to: little/generated.py, from: [setup.py], reason: setup.py writes the colours }\n'

describe('the same setup.py is proven when it', () => {
  it('uses the time of the commit, and sorts', () =>
    withRelease(
      {
        ...writes(
          '(int(os.environ["SOURCE_DATE_EPOCH"]), sorted({"red", "green"}), sorted(os.listdir("colours")))'
        ),
        '.github/tagproof.yml': declared
      },
      async (release) => {
        const { proof } = await proveRelease(release)
        expect(proof.findings.filter((finding) => finding.severity === 'refuse')).toEqual([])
        expect(await packages(release)).toEqual(['little-1.2.3-py3-none-any.whl', 'little-1.2.3.tar.gz'])
      }
    ))
})
