import { describe, expect, it } from '@jest/globals'
import { appendFile, readFile, rm } from 'node:fs/promises'
import path from 'node:path'
import { openTracer } from '../../../src/stages/trace-builds.ts'
import { prove } from '../../../src/stages/prove.ts'
import { proveRelease, withRelease, type Made, type TestRelease } from '../support/release.ts'
import { setupPyAlone, type Files } from './projects.ts'

/** Requirements that setup.py computes: nothing states them but code. */
function computes(requirements: string): Files {
  return {
    ...setupPyAlone,
    'setup.py': `import sys
from setuptools import setup

setup(
    name="little",
    version="1.2.3",
    packages=["little"],
    package_data={"little": ["*.png"]},
    install_requires=${requirements},
)
`
  }
}

const honest = computes('["tomli"] + ["packag" + "ing"]')
/** Only the build of the wheel sees the second requirement: the sdist, and whoever asks for metadata, do not. */
const addsLater = computes('["tomli"] + ["marker-evil"] * ("bdist_wheel" in sys.argv)')

const wheel = 'little-1.2.3-py3-none-any.whl'
const refusals = ({ proof }: Made) => proof.findings.filter((finding) => finding.severity === 'refuse')

describe('metadata that code gives', () => {
  it('is confirmed by the backend in a run of its own, in both worlds; altered or missing, it stops the proof', () =>
    withRelease(honest, async (release) => {
      const made = await proveRelease(release)
      expect(refusals(made)).toEqual([])
      for (const world of ['a', 'b'] as const)
        expect(Object.keys(made.builds[world].targets[0]?.metadata ?? {})).toContain('METADATA')
      const origins = await readFile(path.join(release.context.out.origins, `${wheel}.jsonl`), 'utf8')
      const line = origins.split('\n').find((each) => each.includes('dist-info/METADATA'))
      expect(line).toContain('confirmed by the backend in a run of its own: Name, Requires-Dist')
      const file = path.join(release.context.out.build('b'), 'python+metadata', 'METADATA')
      await appendFile(file, 'Requires-Dist: later\n')
      await expect(prove(release.context, {})).rejects.toMatchObject({ code: 'hash-mismatch' })
      await rm(file)
      await expect(prove(release.context, {})).rejects.toMatchObject({ code: 'input-missing' })
    }))

  it('is refused where only the build of the wheel adds a requirement; without the confirmation it gets through', () =>
    withRelease(addsLater, async (release) => {
      const made = await proveRelease(release)
      expect(refusals(made).map(({ code, artifact, member }) => ({ code, artifact, member }))).toEqual([
        { code: 'metadata-unconfirmed', artifact: wheel, member: 'little-1.2.3.dist-info/METADATA' }
      ])
      expect(refusals(made)[0]?.message).toContain('Requires-Dist "marker-evil" is added')
      expect(await unconfirmed(release, made)).toEqual([])
    }))
})

/** What the trace of the same wheel finds where nobody asks the backend. */
async function unconfirmed(release: TestRelease, { plan }: Made): Promise<string[]> {
  const [target] = plan.targets
  if (target === undefined) throw new Error('no target')
  const tracer = await openTracer(release.context, plan)
  try {
    const { findings } = await tracer.trace({
      file: path.join(release.context.out.build('a'), 'python', wheel),
      artifact: { name: wheel, kind: 'wheel' },
      target,
      differing: new Set(),
      preparedMetadata: null
    })
    return findings.filter(({ severity }) => severity === 'refuse').map(({ code }) => code)
  } finally {
    await tracer.close()
  }
}
