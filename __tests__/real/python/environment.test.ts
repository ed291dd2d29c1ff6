import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { mkdir, mkdtemp, readFile, readlink, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fetchInputs } from '../../../src/lock/inputs.ts'
import { resolvePython } from '../../../src/lock/python.ts'
import { silentLog } from '../../../src/platform/log.ts'
import { runChecked, plainEnvironment } from '../../../src/platform/process.ts'
import { installEnvironment } from '../../../src/targets/python/environment.ts'
import { writeWheel } from '../../unit/proof/packages.ts'
import { refusalOf } from '../source/git-project.ts'
import { pythonRoot, testCache } from '../support/root.ts'

const pythonEnvironment = { ...plainEnvironment, PYTHONNOUSERSITE: '1', PYTHONDONTWRITEBYTECODE: '1' }

let folder: string
let environment: string
let wheels: string[]
let root: { path: string }

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'tagproof-environment-'))
  root = (await pythonRoot()).root
  const shared = await pythonRoot()
  const python = await resolvePython({
    root: shared.root,
    requested: ['setuptools', 'hatchling'],
    allowSdists: [],
    log: silentLog
  })
  const inputs = await fetchInputs(
    { schema: 'tagproof/lock/1', roots: {}, python: { python } },
    { store: path.join(testCache, 'inputs'), sources: {}, log: silentLog }
  )
  wheels = python.packages.map((entry) => inputs.python(entry))
  environment = path.join(folder, 'one')
  await installEnvironment(wheels, environment, root)
})

afterAll(() => rm(folder, { recursive: true, force: true }))

describe('a build environment', () => {
  it('holds the packages of the lock and nothing else, whatever the host has installed', async () => {
    const program =
      'import importlib.metadata as m; print(*sorted(d.name.lower() for d in m.distributions()))'
    const found = await runChecked(path.join(environment, 'bin/python'), ['-c', program], {
      env: pythonEnvironment
    })
    expect(found.trim().split(' ')).toEqual(
      expect.arrayContaining([
        'hatchling',
        'packaging',
        'pathspec',
        'pluggy',
        'setuptools',
        'trove-classifiers'
      ])
    )
    expect(found).not.toMatch(/setuptools[-_]scm|\bpip\b/)
    const where = await runChecked(
      path.join(environment, 'bin/python'),
      ['-c', 'import sys; print([p for p in sys.path if "dist-packages" in p], sys.prefix)'],
      { env: pythonEnvironment }
    )
    expect(where.trim()).toBe(`[] ${environment}`)
  })

  it("does not see a plugin that the machine has installed, which the machine's own Python sees", async () => {
    const minor = /python3\.\d+$/.exec(await readlink('/usr/bin/python3'))?.[0] ?? ''
    const info = path.join(folder, 'home/.local/lib', minor, 'site-packages/setuptools_scm-8.0.dist-info')
    await mkdir(info, { recursive: true })
    await writeFile(
      path.join(info, 'METADATA'),
      'Metadata-Version: 2.1\nName: setuptools-scm\nVersion: 8.0\n'
    )
    const program =
      'import importlib.metadata as m, sys; print("setuptools-scm" in [d.name for d in m.distributions()], any("dist-packages" in p for p in sys.path))'
    const env = { ...plainEnvironment, HOME: path.join(folder, 'home'), PYTHONDONTWRITEBYTECODE: '1' }
    const ask = async (python: string): Promise<string> =>
      (await runChecked(python, ['-c', program], { env })).trim()
    expect(await ask('/usr/bin/python3')).toBe('True True')
    expect(await ask(path.join(environment, 'bin/python'))).toBe('False False')
  })

  it('is the same bits each time, times and modes too', async () => {
    const again = path.join(folder, 'two')
    const umask = process.umask(0o077)
    try {
      await installEnvironment([...wheels].reverse(), again, root)
    } finally {
      process.umask(umask)
    }
    const list = (place: string): Promise<string> =>
      runChecked(
        'sh',
        ['-c', 'find . -printf "%p %m %T@ %l\\n" | sort; find . -type f -exec sha256sum {} + | sort'],
        {
          cwd: place,
          env: plainEnvironment
        }
      )
    expect(await list(again)).toBe(await list(environment))
    expect(await readlink(path.join(again, 'bin/python'))).toBe('/usr/bin/python3')
  })

  it('has the scripts of entry points, for the place where it is mounted', async () => {
    const script = await readFile(path.join(environment, 'bin/hatchling'), 'utf8')
    expect(script).toContain('#!/opt/build-environment/bin/python3\n')
    expect(script).toContain('from hatchling.cli import hatchling')
  })

  it("gives scripts of the data scheme the environment's interpreter, and keeps other data as it is", async () => {
    const wheel = path.join(folder, 'pkg-1.0-py3-none-any.whl')
    await writeWheel(wheel, {
      'pkg-1.0.data/scripts/tool': '#!python -E\nprint(1)\n',
      'pkg-1.0.data/scripts/other': '#!/bin/sh\n',
      'pkg-1.0.data/data/share/pkg/x.txt': 'x',
      'pkg-1.0.data/headers/pkg.h': 'h',
      'pkg-1.0.data/platlib/pkg/__init__.py': ''
    })
    const place = path.join(folder, 'three')
    await installEnvironment([wheel], place, root)
    const text = (name: string): Promise<string> => readFile(path.join(place, name), 'utf8')
    expect(await text('bin/tool')).toBe('#!/opt/build-environment/bin/python3 -E\nprint(1)\n')
    expect(await text('bin/other')).toBe('#!/bin/sh\n')
    expect(await text('share/pkg/x.txt')).toBe('x')
    const minor = /python3\.\d+$/.exec(await readlink(path.join(root.path, 'usr/bin/python3')))?.[0] ?? ''
    expect(await text(`include/site/${minor}/pkg/pkg.h`)).toBe('h')
    expect(await text(`lib/${minor}/site-packages/pkg/__init__.py`)).toBe('')
  })

  it('is refused, whole, where two packages bring different files to one place', async () => {
    const files = ['one', 'two'].map((name) => path.join(folder, name, 'pkg-1.0-py3-none-any.whl'))
    for (const [at, file] of files.entries()) {
      await runChecked('mkdir', ['-p', path.dirname(file)], { env: plainEnvironment })
      await writeWheel(file, { 'shared.py': `x = ${at}\n` })
    }
    const place = path.join(folder, 'four')
    const error = await refusalOf(installEnvironment(files, place, root))
    expect(error.code).toBe('lock-invalid')
    await expect(readFile(path.join(place, 'pyvenv.cfg'))).rejects.toThrow()
  })
})
