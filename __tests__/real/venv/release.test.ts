import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import path from 'node:path'
import type { Lock } from '../../../src/documents/lock.ts'
import type { Plan } from '../../../src/documents/plan.ts'
import type { Proof } from '../../../src/documents/proof.ts'
import { readArchive } from '../../../src/formats/archive.ts'
import { formatLock } from '../../../src/lock/lock-file.ts'
import { writeFileAtomic } from '../../../src/platform/files.ts'
import { prove } from '../../../src/stages/prove.ts'
import { pythonRootPackages } from '../../../src/worlds/root-packages.ts'
import { debRoot } from '../support/deb-root.ts'
import { sharedPython } from '../support/packages.ts'
import { buildRelease, makeRelease, type TestRelease } from '../support/release.ts'
import { pythonRoot } from '../support/root.ts'

/** A package that ships its tests, with data, as many do. */
const files = {
  'pyproject.toml': `[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"

[project]
name = "bell"
version = "1.2.3"
dependencies = []
scripts = { bell = "bell:main" }

[tool.setuptools]
packages = ["bell", "bell.tests"]
package-data = { "bell.tests" = ["*.bin"] }
`,
  LICENSE: 'Do what you like.\n',
  'bell/__init__.py': 'def main():\n    print("ding")\n',
  'bell/tests/__init__.py': '',
  'bell/tests/test_bell.py': 'import bell\n\n\ndef test_bell():\n    assert bell.main() is None\n',
  'bell/tests/sound.bin': Buffer.from(Array.from({ length: 3000 }, (_, at) => (at * 89) % 251)),
  '.github/tagproof.yml': `targets:
  - kind: python
  - kind: deb
    venv:
      package: bell
      prefix: /usr/lib/bell
      commands: { bell: bell }
      maintainer: Ada <ada@example.org>
      summary: Rings
`
}

async function lockFile(release: TestRelease): Promise<string> {
  const { lock: root } = await debRoot('own')
  const { lock: python } = await pythonRoot()
  const none = await sharedPython(['setuptools'])
  const lock: Lock = {
    schema: 'tagproof/lock/1',
    // The root of the example can build this too; what it was asked for is what this project asks for.
    roots: { python, deb: { ...root, requested: [...root.requested, ...pythonRootPackages] } },
    python: { python: none, deb: { ...none, requested: [], packages: [] } }
  }
  const file = path.join(release.project.room, 'tagproof.lock')
  await writeFileAtomic(file, formatLock(lock))
  return file
}

describe('a deb with a virtual environment whose package ships its tests', () => {
  let release: TestRelease
  let plan: Plan
  let proof: Proof
  beforeAll(async () => {
    release = await makeRelease(files)
    plan = (await buildRelease(release, lockFile)).plan
    proof = await prove(release.context, { ownPlan: true })
  }, 600_000)
  afterAll(() => release.remove())

  it('is proven, though world b saw noise in place of the tests, and every member is traced', () => {
    expect(plan.scramble.files.map(({ path: name }) => name)).toContain('bell/tests/test_bell.py')
    expect(proof.findings.filter(({ severity }) => severity === 'refuse')).toEqual([])
    const deb = proof.artifacts.find(({ kind }) => kind === 'deb')
    expect(deb?.traced).toBe(deb?.members)
    expect(deb?.built.b).toBe(deb?.sha256)
    expect(proof.findings.map(({ code }) => code)).toContain('packed-again')
  })

  it('holds bytecode of its modules, and none of what is scrambled', async () => {
    const name = proof.artifacts.find(({ kind }) => kind === 'deb')?.name ?? ''
    const { members } = await readArchive(path.join(release.context.out.packages, name), 'deb')
    const below = members.map((member) => /site-packages\/(bell\/.*)$/.exec(member.path)?.[1] ?? '')
    const bytecode = below.filter((member) => member.endsWith('.pyc'))
    expect(bytecode.map((member) => member.replace(/cpython-\d+/, 'X'))).toEqual([
      'bell/__pycache__/__init__.X.pyc',
      // An empty file is not scrambled.
      'bell/tests/__pycache__/__init__.X.pyc'
    ])
    expect(below).toContain('bell/tests/test_bell.py')
  })
})
