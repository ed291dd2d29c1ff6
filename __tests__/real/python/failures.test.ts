import { describe, expect, it } from '@jest/globals'
import { readFile, writeFile } from 'node:fs/promises'
import { parseLock, formatLock } from '../../../src/lock/lock-file.ts'
import { readTar } from '../../../src/formats/tar/reader.ts'
import { createReadStream } from 'node:fs'
import path from 'node:path'
import { build } from '../../../src/stages/build.ts'
import { plan } from '../../../src/stages/plan.ts'
import { refusalOf } from '../source/git-project.ts'
import { buildRelease, lockRelease, packages, proveRelease, withRelease } from '../support/release.ts'
import { hatchVcs, setuptools, type Files } from './projects.ts'

/** A project with a backend of its own, in its tree; needs nothing from an index. */
function ownBackend(code: string): Files {
  return {
    'pyproject.toml':
      '[build-system]\nrequires = []\nbuild-backend = "own"\nbackend-path = ["tools"]\n\n[project]\nname = "own"\nversion = "1.2.3"\n',
    'tools/own.py': code,
    'own.py': 'x = 1\n'
  }
}

const goodBackend = `import base64, hashlib, io, os, tarfile, zipfile

METADATA = "Metadata-Version: 2.1\\nName: own\\nVersion: 1.2.3\\n"


def build_sdist(folder, settings=None):
    with tarfile.open(os.path.join(folder, "own-1.2.3.tar.gz"), "w:gz", format=tarfile.PAX_FORMAT) as archive:
        for name in ("pyproject.toml", "tools/own.py", "own.py"):
            archive.add(name, "own-1.2.3/" + name)
        info = tarfile.TarInfo("own-1.2.3/PKG-INFO")
        info.size = len(METADATA)
        archive.addfile(info, io.BytesIO(METADATA.encode()))
    return "own-1.2.3.tar.gz"


def build_wheel(folder, settings=None, metadata=None):
    files = {
        "own.py": open("own.py").read(),
        "own-1.2.3.dist-info/METADATA": METADATA,
        "own-1.2.3.dist-info/WHEEL": "Wheel-Version: 1.0\\nGenerator: own\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
    }
    record = ""
    for name, text in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        record += f"{name},sha256={digest},{len(text.encode())}\\n"
    files["own-1.2.3.dist-info/RECORD"] = record + "own-1.2.3.dist-info/RECORD,,\\n"
    with zipfile.ZipFile(os.path.join(folder, "own-1.2.3-py3-none-any.whl"), "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return "own-1.2.3-py3-none-any.whl"
`

const failing = (body: string): Files =>
  ownBackend(`${goodBackend}\n\ndef build_sdist(folder, settings=None):\n    ${body}\n`)

describe('a backend in the tree', () => {
  it('is proven like any other, with an empty build environment', () =>
    withRelease(ownBackend(goodBackend), async (release) => {
      const made = await proveRelease(release)
      expect(made.proof.findings.filter((finding) => finding.severity === 'refuse')).toEqual([])
      expect(made.lock.python.python?.packages).toEqual([])
      expect(await packages(release)).toEqual(['own-1.2.3-py3-none-any.whl', 'own-1.2.3.tar.gz'])
    }))

  it.each([
    [
      'fails',
      'raise ValueError("no tea")',
      { code: 'build-failed', found: 'ValueError: no tea', fix: 'said' }
    ],
    ['ends its process', 'import os; os._exit(9)', { code: 'build-failed', found: 'status 9', fix: 'said' }],
    [
      'needs the network',
      'import urllib.request; urllib.request.urlopen("http://example.org/")',
      { code: 'build-failed', found: 'name resolution', fix: 'no network' }
    ],
    [
      'writes outside of its folder',
      'open("/usr/lib/planted", "w")',
      { code: 'build-failed', found: 'planted', fix: 'its own folder' }
    ],
    ['returns no name', 'return 5', { code: 'build-failed', found: 'returned 5', fix: 'PEP 517' }],
    [
      'names a file that it did not make',
      'return "own-1.2.3.tar.gz"',
      { code: 'build-failed', found: 'no such file', fix: 'PEP 517' }
    ]
  ])('that %s stops the build with a clear error', (_, body, expected) =>
    withRelease(failing(body), async (release) => {
      const error = await refusalOf(buildRelease(release))
      expect(error.code).toBe(expected.code)
      expect(error.message + (error.detail.found ?? '')).toContain(expected.found)
      expect(error.detail.fix).toContain(expected.fix)
      expect(error.detail.output).toMatch(/build_sdist|urlopen/)
    })
  )
})

describe('a lock', () => {
  it('that lacks a requirement is told by its name and who asks for it', () =>
    withRelease(hatchVcs, async (release) => {
      const file = await lockRelease(release)
      const lock = parseLock(await readFile(file, 'utf8'), file)
      const python = lock.python.python
      if (python === undefined) throw new Error('no lock')
      const fewer = python.packages.filter((entry) => entry.name !== 'hatch-vcs')
      await writeFile(
        file,
        formatLock({ ...lock, python: { python: { ...python, requested: ['hatchling'], packages: fewer } } })
      )
      const early = await refusalOf(plan(release.context, { lock: file }))
      expect(early).toMatchObject({ code: 'lock-incomplete' })
      expect(early.detail).toMatchObject({
        found: 'hatchling',
        expected: expect.stringContaining('hatch-vcs') as unknown
      })
    }))
})

describe('--keep', () => {
  it('leaves the build folder of the world behind', () =>
    withRelease(setuptools, async (release) => {
      const file = await lockRelease(release)
      await plan(release.context, { lock: file })
      await build(release.context, { worlds: ['a'], keep: true })
      const names: string[] = []
      const tree = path.join(release.context.out.build('a'), 'python.tree.tar')
      for await (const entry of readTar(createReadStream(tree))) names.push(entry.path)
      expect(names).toEqual(expect.arrayContaining(['tree/pyproject.toml', 'tree/little.egg-info/PKG-INFO']))
    }))
})
