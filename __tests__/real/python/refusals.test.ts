import { describe, expect, it } from '@jest/globals'
import { access } from 'node:fs/promises'
import path from 'node:path'
import type { Finding } from '../../../src/documents/proof.ts'
import { packages, proveRelease, withRelease, type Made, type TestRelease } from '../support/release.ts'
import { writes } from './projects.ts'

/** Proves a project whose setup.py writes the value of an expression, and returns its first refusal. */
async function refusal(
  expression: string,
  look: (finding: Finding, made: Made, release: TestRelease) => void | Promise<void>
): Promise<void> {
  await withRelease(writes(expression), async (release) => {
    const made = await proveRelease(release)
    expect(made.proof.verdict).toBe('refused')
    expect(made.proof.artifacts).toEqual([])
    const finding = made.proof.findings.find((entry) => entry.severity === 'refuse')
    if (finding === undefined) throw new Error('no refusal')
    expect(finding).toMatchObject({ check: 'reproduced', code: 'content-differs' })
    expect(finding.artifact).toMatch(/^little-1\.2\.3/)
    expect(finding.member).toMatch(/little\/generated\.py$/)
    expect(finding.message).toMatch(
      /in line 1 \(offset \d+\): world a has "VALUE = .*", world b has "VALUE = .*"/
    )
    expect(finding.fix).not.toBeNull()
    await look(finding, made, release)
  })
}

describe('a setup.py is refused that writes', () => {
  it('the time of the build; both builds are kept and nothing is published', () =>
    refusal('time.time()', async (finding, _, release) => {
      expect(finding.cause).toContain('The time of the build')
      expect(finding.fix).toContain('SOURCE_DATE_EPOCH')
      expect(await packages(release)).toEqual([])
      for (const world of ['a', 'b'] as const)
        for (const name of ['little-1.2.3.tar.gz', 'little-1.2.3-py3-none-any.whl'])
          await access(path.join(release.context.out.build(world), 'python', name))
    }))

  it('a random number', () =>
    refusal('os.urandom(8).hex()', (finding) => expect(finding.cause).toContain('looks random')))

  it('a set in its own order', () =>
    refusal('list({"red", "green", "blue", "white", "black", "grey", "pink", "gold"})', (finding) =>
      expect(finding.cause).toContain('another order')
    ))

  it('a folder in the order of the disk', () =>
    refusal('os.listdir("colours")', (finding) => {
      expect(finding.cause).toContain('a folder was listed')
      expect(finding.fix).toContain('sorted(os.listdir')
    }))

  it('the path that it is built in', () =>
    refusal('os.getcwd()', (finding) => {
      expect(finding.message).toContain("'/build/")
      expect(finding.cause).toContain('build folder')
      expect(finding.fix).toContain('relative')
    }))

  it('what follows a digest of a file that nobody can read: world b shows that of the scrambled bytes', () =>
    refusal('"d" + hashlib.sha256(open("tests/data.bin", "rb").read()).hexdigest()', (finding, made) => {
      const fixture = made.plan.scramble.files.find((file) => file.path === 'tests/data.bin')
      expect(fixture).toBeDefined()
      expect(finding.message).toContain(`world a has "VALUE = 'd${fixture?.original ?? ''}'"`)
      expect(finding.message).toContain(`world b has "VALUE = 'd${fixture?.scrambled ?? ''}'"`)
      expect(finding.cause).toContain('tests/data.bin')
      expect(finding.fix).toContain('inputs:')
    }))
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
