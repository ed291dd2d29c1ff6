import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { MemberOrigin } from '../../../src/documents/origins.ts'
import { silentLog } from '../../../src/platform/log.ts'
import { runChecked } from '../../../src/platform/process.ts'
import { stageContext, trace } from '../../../src/stages/index.ts'
import { makeProject, type Content, type GitProject } from '../source/git-project.ts'

/** The generators themselves, newest of the configured index, once for all tests. */
const requirements = [
  'setuptools',
  'setuptools-scm',
  'hatchling',
  'hatch-vcs',
  'pdm-backend',
  'versioneer',
  'babel'
]
let room: string
const projects: GitProject[] = []

beforeAll(async () => {
  room = await mkdtemp(path.join(tmpdir(), 'tagproof-generators-'))
  const env = { ...process.env } as Record<string, string>
  await runChecked('python3', ['-m', 'venv', path.join(room, 'venv')], { env })
  const pip = ['-m', 'pip', '-q', 'install', '--no-compile', '--upgrade', ...requirements]
  await runChecked(path.join(room, 'venv/bin/python'), pip, { env })
}, 300_000)
afterAll(async () => {
  for (const project of projects) await project.remove()
  await rm(room, { recursive: true, force: true })
})

const buildSystem = (backend: string): string =>
  `[build-system]\nrequires = []\nbuild-backend = "${backend}"\n`
const project = '[project]\nname = "plug"\ndynamic = ["version"]\n'
const translations = `msgid ""
msgstr ""
"Content-Type: text/plain; charset=UTF-8\\n"
"Language: de\\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\\n"

msgid "Save"
msgstr "Sichern"

msgctxt "menu"
msgid "%d file"
msgid_plural "%d files"
msgstr[0] "%d Dätei"
msgstr[1] ""

#, fuzzy
msgid "Close"
msgstr "Zu"
`

const setuptoolsProject: Record<string, Content> = {
  'pyproject.toml': `${buildSystem('setuptools.build_meta')}[tool.setuptools_scm]\nversion_file = "src/plug/_version.py"\n`,
  'setup.cfg': `# Lost in the sdist
[metadata]
name = plug

[options]
package_dir =
    = src
packages = plug
namespace_packages = plug
scripts = bin/plug

[options.package_data]
plug = locale/*/LC_MESSAGES/*
`,
  'setup.py': 'from setuptools import setup\n\nsetup()\n',
  'bin/plug': { executable: '#!/usr/bin/env python3 -E\nimport plug\n' },
  'src/plug/__init__.py': '__import__("pkg_resources").declare_namespace(__name__)\n',
  'src/plug/locale/de/LC_MESSAGES/plug.po': translations
}

const hatchProject: Record<string, Content> = {
  'pyproject.toml': `${buildSystem('hatchling.build')}${project}[tool.hatch.version]\nsource = "vcs"\n[tool.hatch.build.hooks.vcs]\nversion-file = "plug/_version.py"\n`,
  'plug/__init__.py': ''
}

const pdmProject: Record<string, Content> = {
  'pyproject.toml': `# Lost in the sdist\n${buildSystem('pdm.backend')}${project}[tool.pdm.version]\nsource = "scm"\nwrite_to = "plug/_version.py"\nwrite_template = "__version__ = '{}'\\n"\n`,
  'src/plug/__init__.py': ''
}

/** A tagged repository of a project, built by its own backend in a full clone; `rule` or `origin` by member. */
async function built(
  files: Record<string, Content>,
  backend: string,
  prepare: (folder: string, python: string, env: Record<string, string>) => Promise<unknown> = () =>
    Promise.resolve()
): Promise<Map<string, string>> {
  const made = await makeProject(files)
  projects.push(made)
  const python = path.join(room, 'venv/bin/python')
  const env = { ...made.environment, PATH: `${path.join(room, 'venv/bin')}:${made.environment.PATH ?? ''}` }
  await made.git('tag', '-a', '-m', 'One', 'v1.2.3')
  await prepare(made.folder, python, env)
  const out = path.join(made.room, 'dist')
  await mkdir(out)
  // setuptools changes sys.argv.
  const program = `import ${backend} as backend, sys; out = sys.argv[1]; backend.build_sdist(out); backend.build_wheel(out)`
  await runChecked(python, ['-c', program, out], { cwd: made.folder, env })
  const context = stageContext({
    repository: made.folder,
    out: path.join(made.room, 'out'),
    cache: path.join(made.room, 'cache'),
    log: silentLog
  })
  const names = (await readdir(out)).map((name) => path.join(out, name))
  const { files: traced } = await trace(context, names, { tag: 'v1.2.3' })
  return new Map(traced.flatMap(({ members }) => members.map((entry) => [entry.member, saidOf(entry)])))
}

const saidOf = ({ origin, rule }: MemberOrigin): string =>
  origin === 'generator' ? (rule ?? '') : rule === null ? origin : `${origin} ${rule}`

const untracedFiles = (said: Map<string, string>): [string, string][] =>
  [...said].filter(([member, origin]) => origin.startsWith('untraced') && !/-info\/|PKG-INFO$/.test(member))

describe('what real backends write is explained by its rule', () => {
  it('setuptools: version file, namespaces, script, settings and a catalogue of Babel', async () => {
    const said = await built(setuptoolsProject, 'setuptools.build_meta', (folder, python, env) =>
      runChecked(
        python,
        ['-m', 'babel.messages.frontend', 'compile', '-d', 'src/plug/locale', '-D', 'plug'],
        {
          cwd: folder,
          env
        }
      )
    )
    expect(Object.fromEntries(said)).toMatchObject({
      'plug-1.2.3/setup.cfg': 'setup-cfg',
      'plug-1.2.3/src/plug/_version.py': 'setuptools-scm-version-file',
      'plug/_version.py': 'setuptools-scm-version-file',
      'plug/locale/de/LC_MESSAGES/plug.mo': 'message-catalogue',
      'plug-1.2.3.data/scripts/plug': 'script-shebang'
    })
    expect([...said].filter(([member]) => member.endsWith('-nspkg.pth')).map(([, rule]) => rule)).toEqual([
      'nspkg-pth'
    ])
    expect(untracedFiles(said)).toEqual([])
  }, 120_000)

  it('hatchling with hatch-vcs, and pdm-backend', async () => {
    const hatch = await built(hatchProject, 'hatchling.build')
    expect(hatch.get('plug/_version.py')).toBe('hatch-vcs-version-file')
    expect(hatch.get('plug-1.2.3/plug/_version.py')).toBe('hatch-vcs-version-file')
    expect(untracedFiles(hatch)).toEqual([])
    const pdm = await built(pdmProject, 'pdm.backend')
    expect(pdm.get('plug/_version.py')).toBe('pdm-version-file')
    expect(pdm.get('plug-1.2.3/src/plug/_version.py')).toBe('pdm-version-file')
    expect(pdm.get('plug-1.2.3/pyproject.toml')).toBe('pdm-pyproject')
    expect(untracedFiles(pdm)).toEqual([])
  }, 120_000)

  it('versioneer replaces its module', async () => {
    const said = await built(await versioneerProject(), 'setuptools.build_meta')
    expect(said.get('plug/_version.py')).toBe('versioneer-version-file')
    expect(said.get('plug-1.2.3/plug/_version.py')).toBe('versioneer-version-file')
    expect(untracedFiles(said)).toEqual([])
  }, 120_000)

  it('a line that the build adds to a version file is refused', async () => {
    const evil =
      'import setuptools, pathlib\nfrom setuptools.command.build import build\n\nclass Evil(build):\n    def run(self):\n        super().run()\n        file = pathlib.Path(self.build_lib, "plug", "_version.py")\n        file.write_text(file.read_text() + "import os\\n")\n\nsetuptools.setup(cmdclass={"build": Evil})\n'
    const said = await built({ ...setuptoolsProject, 'setup.py': evil }, 'setuptools.build_meta')
    expect(said.get('plug/_version.py')).toBe('untraced setuptools-scm-version-file')
    expect(said.get('plug-1.2.3/src/plug/_version.py')).toBe('setuptools-scm-version-file')
  }, 120_000)
})

/** What `versioneer install` writes into a project is committed with it. */
async function versioneerProject(): Promise<Record<string, Content>> {
  const base = await makeProject({
    'pyproject.toml': `${buildSystem('setuptools.build_meta')}[project]\nname = "plug"\ndynamic = ["version"]\n`,
    'setup.cfg':
      '[versioneer]\nVCS = git\nstyle = pep440\nversionfile_source = plug/_version.py\nversionfile_build = plug/_version.py\ntag_prefix = v\n',
    'setup.py':
      'import versioneer\nfrom setuptools import setup\n\nsetup(version=versioneer.get_version(), cmdclass=versioneer.get_cmdclass(), packages=["plug"])\n',
    'plug/__init__.py': ''
  })
  projects.push(base)
  const env = { ...base.environment, PATH: `${path.join(room, 'venv/bin')}:${base.environment.PATH ?? ''}` }
  await runChecked(path.join(room, 'venv/bin/versioneer'), ['install', '--no-vendor'], {
    cwd: base.folder,
    env
  })
  const { readFile } = await import('node:fs/promises')
  const text = (name: string): Promise<string> => readFile(path.join(base.folder, name), 'utf8')
  return {
    ...Object.fromEntries(
      await Promise.all(
        ['pyproject.toml', 'setup.cfg', 'setup.py', 'plug/__init__.py', 'plug/_version.py'].map(
          async (name): Promise<[string, string]> => [name, await text(name)]
        )
      )
    )
  }
}
