import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { readArchive } from '../../../src/formats/archive.ts'
import { fetchInputs } from '../../../src/lock/inputs.ts'
import { silentLog } from '../../../src/platform/log.ts'
import { plainEnvironment, runChecked } from '../../../src/platform/process.ts'
import { installEnvironment } from '../../../src/targets/python/environment.ts'
import { sharedPython } from '../support/packages.ts'
import { proveRelease, withRelease, type TestRelease } from '../support/release.ts'
import { pythonRoot, testCache } from '../support/root.ts'
import * as projects from './projects.ts'

let folder: string

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'tagproof-clone-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** Names of all members in a folder's sdist and wheel. Folders have no entry of their own in the canonical form. */
async function membersOf(place: string): Promise<Record<string, string[]>> {
  const found: Record<string, string[]> = {}
  for (const name of (await readdir(place)).sort()) {
    const kind = name.endsWith('.whl') ? 'wheel' : 'sdist'
    const { members } = await readArchive(path.join(place, name), kind)
    found[name] = members
      .filter((member) => member.kind !== 'directory')
      .map((member) => member.path)
      .sort()
  }
  return found
}

/** What the project itself would release: `python -m build` in a full clone, with the same backend, outside of any world. */
async function ownBuild(release: TestRelease, name: string): Promise<string> {
  const { root } = await pythonRoot()
  const environment = path.join(folder, `${name}-environment`)
  const python = await sharedPython([...(release.requires.python ?? []), 'build'])
  const inputs = await fetchInputs(
    { schema: 'tagproof/lock/1', roots: {}, python: { python } },
    { store: path.join(testCache, 'inputs'), sources: {}, log: silentLog }
  )
  await installEnvironment(
    python.packages.map((entry) => inputs.python(entry)),
    environment,
    root
  )
  const clone = path.join(folder, `${name}-clone`)
  const out = path.join(folder, `${name}-dist`)
  const env = { ...release.project.environment, PATH: plainEnvironment.PATH ?? '' }
  await runChecked('git', ['clone', '-q', release.project.folder, clone], { env })
  const command = ['-m', 'build', '--no-isolation', '--outdir', out, clone]
  await runChecked(path.join(environment, 'bin/python'), command, { env })
  return out
}

describe("the members are those of the project's own build in a full clone, name for name", () => {
  it.each([
    ['setuptools-scm', projects.setuptoolsScm],
    ['hatch-vcs', projects.hatchVcs],
    ['pbr', projects.pbr],
    ['flit', projects.flit]
  ])('with %s', (name, files) =>
    withRelease(files, async (release) => {
      const { proof } = await proveRelease(release)
      expect(proof.findings.filter((finding) => finding.severity === 'refuse')).toEqual([])
      expect(await membersOf(release.context.out.packages)).toEqual(
        await membersOf(await ownBuild(release, name))
      )
    })
  )
})
