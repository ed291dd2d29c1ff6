import { tmpdir } from 'node:os'
import path from 'node:path'
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { silentLog } from '../../../src/platform/log.ts'
import { plainEnvironment, run, runChecked } from '../../../src/platform/process.ts'
import { writeExports } from '../../../src/source/export.ts'
import { openRepository } from '../../../src/source/repository.ts'
import { resolveTag } from '../../../src/source/tag.ts'
import { makeProject, type Content } from './git-project.ts'

/** Real plugins from the configured package index, once for all tests. */
const requirements = [
  'build',
  'setuptools',
  'setuptools-scm',
  'hatchling',
  'hatch-vcs',
  'pbr',
  'flit-core',
  'wheel'
]
let room: string
let python: string

beforeAll(async () => {
  room = await mkdtemp(path.join(tmpdir(), 'tagproof-plugins-'))
  const env = { ...process.env } as Record<string, string>
  await runChecked('python3', ['-m', 'venv', path.join(room, 'venv')], { env })
  python = path.join(room, 'venv/bin/python')
  await runChecked(python, ['-m', 'pip', '-q', 'install', '--upgrade', ...requirements], { env })
}, 300_000)
afterAll(() => rm(room, { recursive: true, force: true }))

const common: Record<string, Content> = {
  'README.md': 'A project.\n',
  LICENSE: 'A licence.\n',
  'src/plug/__init__.py': '"""A plug."""\n',
  'src/plug/data/page.html': '<p>\n',
  'src/plug/data/logo.png': Buffer.from([0x89, 0x50, 0, 1, 2, 3]),
  'tests/test_plug.py': 'def test(): pass\n',
  'tests/data.bin': Buffer.from([0, 1, 2, 3, 4, 5, 6, 7]),
  'docs/index.rst': 'Docs\n====\n'
}
const project = 'name = "plug"\ndynamic = ["version"]\nreadme = "README.md"\n'

const kinds: Record<string, Record<string, Content>> = {
  'setuptools-scm': {
    'pyproject.toml': `[build-system]\nrequires = ["setuptools", "setuptools-scm"]\nbuild-backend = "setuptools.build_meta"\n[project]\n${project}[tool.setuptools_scm]\nversion_file = "src/plug/_version.py"\n`
  },
  'hatch-vcs': {
    'pyproject.toml': `[build-system]\nrequires = ["hatchling", "hatch-vcs"]\nbuild-backend = "hatchling.build"\n[project]\n${project}[tool.hatch.version]\nsource = "vcs"\n[tool.hatch.build.hooks.vcs]\nversion-file = "src/plug/_version.py"\n`
  },
  pbr: {
    'pyproject.toml': '[build-system]\nrequires = ["setuptools", "pbr"]\nbuild-backend = "pbr.build"\n',
    'setup.cfg':
      '[metadata]\nname = plug\nsummary = A plug\ndescription_file = README.md\n[files]\npackages = plug\npackage_root = src\n',
    'setup.py':
      'import setuptools\nsetuptools.setup(setup_requires=["pbr"], pbr=True, package_dir={"": "src"})\n'
  },
  flit: {
    'pyproject.toml':
      '[build-system]\nrequires = ["flit_core"]\nbuild-backend = "flit_core.buildapi"\n[project]\nname = "plug"\ndynamic = ["version", "description"]\n',
    'src/plug/__init__.py': '"""A plug."""\n__version__ = "1.2.3"\n'
  }
}

async function members(tree: string): Promise<{ sdist: string[]; wheel: string[] }> {
  const out = `${tree}-out`
  await mkdir(out, { recursive: true })
  const environment = {
    ...plainEnvironment,
    HOME: out,
    PATH: `${path.dirname(python)}:${plainEnvironment.PATH ?? ''}`,
    SOURCE_DATE_EPOCH: '1714979289'
  }
  const result = await run(python, ['-m', 'build', '--no-isolation', '--outdir', out], {
    cwd: tree,
    env: environment
  })
  if (result.code !== 0) throw new Error(result.stdout.toString() + result.stderr.toString())
  const found = await readdir(out)
  const list = async (suffix: string, program: string): Promise<string[]> => {
    const name = found.find((candidate) => candidate.endsWith(suffix)) ?? ''
    const text = await runChecked(python, ['-c', program, path.join(out, name)], { env: environment })
    return [name, ...text.trim().split('\n').sort()]
  }
  return {
    sdist: await list(
      '.tar.gz',
      'import sys,tarfile;[print(m.name) for m in tarfile.open(sys.argv[1]) if m.isfile()]'
    ),
    wheel: await list(
      '.whl',
      'import sys,zipfile;[print(n) for n in zipfile.ZipFile(sys.argv[1]).namelist()]'
    )
  }
}

describe.each(Object.entries(kinds))('%s', (_, files) => {
  it('finds the version and the files of a full clone in both exports', async () => {
    const source = await makeProject({ ...common, ...files })
    try {
      await source.write({ 'src/plug/more.py': 'x = 1\n' })
      await source.commit()
      await source.git('tag', '-a', '-m', 'One', 'v1.2.3')
      const repository = await openRepository(source.folder)
      const out = path.join(source.room, 'out')
      await writeExports(repository, await resolveTag(repository), {
        folder: out,
        inputs: [],
        log: silentLog
      })
      await repository.close()
      const clone = path.join(source.room, 'clone')
      await source.git('clone', '-q', source.folder, clone)
      const expected = await members(clone)
      expect(expected.sdist[0]).toBe('plug-1.2.3.tar.gz')
      for (const world of ['a', 'b']) {
        const folder = path.join(source.room, world)
        await mkdir(folder)
        const args = ['-xf', path.join(out, `export-${world}.tar`), '-C', folder]
        await runChecked('tar', args, { env: source.environment })
        expect(await members(path.join(folder, 'tree'))).toEqual(expected)
      }
    } finally {
      await source.remove()
    }
  }, 180_000)
})
