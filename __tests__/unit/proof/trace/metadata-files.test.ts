import { createHash } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import { metadataGenerators } from '../../../../src/proof/trace/metadata/generators.ts'
import { commit, outcome, type Scene } from './scene.ts'

const pyproject = `[build-system]
build-backend = "setuptools.build_meta"
[project]
name = "demo"
version = "1.2.3"
[project.scripts]
demo = "demo.cli:main"
[project.entry-points."demo.plugins"]
one = "demo.one"
`
const tree = { 'pyproject.toml': pyproject, 'demo/cli.py': '', 'README.md': '' }

/** What is said of one member of a wheel's `.dist-info`. */
function inWheel(file: string, text: string, more: Scene = {}): Promise<string> {
  const place = `demo-1.2.3.dist-info/${file}`
  return outcome(place, { tree, ...more, members: { [place]: text, ...more.members } }, metadataGenerators)
}

/** What is said of one member of an sdist's `.egg-info`. */
function inEgg(file: string, text: string, more: Scene = {}): Promise<string> {
  const place = `src/demo.egg-info/${file}`
  const members = { [place]: text, ...more.members }
  return outcome(place, { tree, artifact: 'demo-1.2.3.tar.gz', ...more, members }, metadataGenerators)
}

describe('WHEEL', () => {
  const text = (lines: string): string =>
    `Wheel-Version: 1.0\nGenerator: setuptools (75.1.0)\nRoot-Is-Purelib: true\n${lines}\n`
  const wide = 'demo-1.2.3-7-cp311-abi3-manylinux1_x86_64.manylinux_2_5_x86_64.whl'
  const tags = 'Tag: cp311-abi3-manylinux1_x86_64\nTag: cp311-abi3-manylinux_2_5_x86_64'
  const locked = { build: { environment: new Map([['setuptools', '75.1']]) } }

  it('follows from the name of the wheel and the locked backend', async () => {
    expect(await inWheel('WHEEL', text('Tag: py3-none-any'))).toBe('wheel-file')
    expect(await inWheel('WHEEL', text('Tag: py3-none-any'), locked)).toBe('wheel-file')
    expect(await inWheel('WHEEL', text(`Build: 7\n${tags}`), { artifact: wide })).toBe('wheel-file')
  })

  it.each([
    ['another tag', 'Tag: py2-none-any'],
    ['one more tag', 'Tag: py3-none-any\nTag: py2-none-any'],
    ['no tag', ''],
    ['a build number', 'Build: 1\nTag: py3-none-any'],
    ['an unknown field', 'Tag: py3-none-any\nInstall-Script: evil'],
    ['a field twice', 'Tag: py3-none-any\nRoot-Is-Purelib: false']
  ])('is refused with %s', async (_, lines) =>
    expect(await inWheel('WHEEL', text(lines))).toBe('wheel-file-differs')
  )

  it('is refused where another version made it than the locked one', async () => {
    const other = text('Tag: py3-none-any').replace('75.1.0', '75.2.0')
    expect(await inWheel('WHEEL', other, locked)).toBe('wheel-file-differs')
    expect(await inWheel('WHEEL', other)).toBe('wheel-file')
    const older = text('Tag: py3-none-any').replace('setuptools (75.1.0)', 'bdist_wheel (0.43.0)')
    expect(await inWheel('WHEEL', older, { build: { environment: new Map([['wheel', '0.43.0']]) } })).toBe(
      'wheel-file'
    )
    expect(await inWheel('WHEEL', older, { build: { environment: new Map([['wheel', '0.42.0']]) } })).toBe(
      'wheel-file-differs'
    )
  })
})

describe('RECORD', () => {
  const line = (path: string, content: string): string =>
    `${path},sha256=${createHash('sha256').update(content).digest('base64url')},${content.length}\n`
  const members = { 'demo/cli.py': 'x = 1\n' }
  const own = 'demo-1.2.3.dist-info/RECORD,,\n'

  it('lists what is packed', async () =>
    expect(await inWheel('RECORD', own + line('demo/cli.py', 'x = 1\n'), { members })).toBe('wheel-record'))

  it.each([
    ['lists other content', own + line('demo/cli.py', 'x = 2\n')],
    ['lists another size', (own + line('demo/cli.py', 'x = 1\n')).replace(',6', ',7')],
    ['lists what is not there', own + line('demo/cli.py', 'x = 1\n') + line('demo/evil.py', '')],
    ['leaves a member out', own],
    ['has no hash', `${own}demo/cli.py,,\n`]
  ])('is refused where it %s', async (_, text) =>
    expect(await inWheel('RECORD', text, { members })).toBe('record-differs')
  )

  it('is refused where it is none', async () =>
    expect(await inWheel('RECORD', 'demo\n')).toBe('metadata-invalid'))
})

describe('entry_points.txt', () => {
  const stated = '[console_scripts]\ndemo = demo.cli:main\n\n[demo.plugins]\none=demo.one\n'

  it('follows from scripts and entry points', async () => {
    expect(await inWheel('entry_points.txt', stated)).toBe('entry-points')
    expect(await inEgg('entry_points.txt', stated)).toBe('entry-points')
  })

  it.each([
    ['one more', 'entry-point-undeclared', `${stated}evil = demo.cli:evil\n`],
    ['another target', 'entry-point-undeclared', stated.replace('cli:main', 'cli:evil')],
    ['one behind a semicolon', 'entry-point-undeclared', `${stated};evil = demo.cli:evil\n`],
    ['one behind a byte order mark', 'entry-point-undeclared', `${stated}\uFEFF#evil = demo.cli:evil\n`],
    [
      'one in a comment with a line end',
      'entry-point-undeclared',
      `${stated}# a\u2028evil = demo.cli:evil\n`
    ],
    ['one twice', 'entry-point-undeclared', stated.replace('one=', 'one = demo.evil\none=')],
    ['one that is indented', 'entry-point-undeclared', stated.replace('one=', '#\n  two = demo.evil\none=')],
    ['another group', 'entry-point-undeclared', stated.replace('console_scripts', 'gui_scripts')],
    ['one less', 'entry-point-missing', stated.replace('one=demo.one\n', '')]
  ])('is refused with %s', async (_, code, text) => {
    expect(await inWheel('entry_points.txt', text)).toBe(code)
    expect(await inEgg('entry_points.txt', text)).toBe(code)
  })

  it('is missed where the project has entry points', async () => {
    const metadata = 'Metadata-Version: 2.1\nName: demo\nVersion: 1.2.3\n'
    expect(await inWheel('METADATA', metadata)).toBe('entry-point-missing')
    const members = { 'demo-1.2.3.dist-info/entry_points.txt': stated }
    expect(await inWheel('METADATA', metadata, { members })).toBe('core-metadata')
  })

  it('follows from setup.cfg, flit, and poetry too', async () => {
    const styles: Record<string, string>[] = [
      {
        'setup.cfg':
          '[options.entry_points]\nconsole_scripts =\n    demo = demo.cli:main\ndemo.plugins =\n    one = demo.one\n'
      },
      {
        'pyproject.toml':
          '[build-system]\nbuild-backend = "flit_core.buildapi"\n[tool.flit.metadata]\nmodule = "demo"\n[tool.flit.scripts]\ndemo = "demo.cli:main"\n[tool.flit.entrypoints."demo.plugins"]\none = "demo.one"\n'
      },
      {
        'pyproject.toml':
          '[build-system]\nbuild-backend = "poetry.core.masonry.api"\n[tool.poetry]\nname = "demo"\n[tool.poetry.scripts]\ndemo = { callable = "demo.cli:main" }\n[tool.poetry.plugins."demo.plugins"]\none = "demo.one"\n'
      }
    ]
    for (const style of styles) {
      expect(await inWheel('entry_points.txt', stated, { tree: style })).toBe('entry-points')
      expect(await inWheel('entry_points.txt', `${stated}evil = demo\n`, { tree: style })).toBe(
        'entry-point-undeclared'
      )
    }
  })
})

describe('files of .egg-info', () => {
  it('SOURCES.txt lists what is in the sdist or the tree', async () => {
    const lines = 'README.md\ndemo/cli.py\nsetup.cfg\nsrc/demo.egg-info/SOURCES.txt\n'
    expect(await inEgg('SOURCES.txt', lines, { members: { 'setup.cfg': '' } })).toBe('egg-sources')
    expect(await inEgg('SOURCES.txt', lines)).toBe('metadata-differs')
  })

  it('top_level.txt lists modules of the artifact, or what the backend prepares', async () => {
    const members = { 'demo/cli.py': '', 'single.py': '', '_native.abi3.so': '' }
    expect(await inWheel('top_level.txt', 'demo\nsingle\n_native\n', { members })).toBe('egg-top-level')
    expect(await inWheel('top_level.txt', 'dem; import os\n', { members })).toBe('metadata-undeclared')
    const build = { preparedMetadata: new Map([['top_level.txt', Buffer.from('other\n')]]) }
    expect(await inWheel('top_level.txt', 'other\n', { members, build })).toBe('egg-top-level')
    expect(await inWheel('top_level.txt', 'more\n', { members, build })).toBe('metadata-unconfirmed')
  })

  it('marks are empty', async () => {
    for (const name of ['zip-safe', 'not-zip-safe']) {
      expect(await inEgg(name, '\n')).toBe('egg-mark')
      expect(await inEgg(name, 'import os\n')).toBe('nobody')
    }
  })

  it('dependency_links.txt is empty, or stated', async () => {
    expect(await inEgg('dependency_links.txt', '\n')).toBe('egg-dependency-links')
    expect(await inEgg('dependency_links.txt', 'https://evil.invalid/\n')).toBe('metadata-undeclared')
    const setup = { 'setup.cfg': '[options]\ndependency_links =\n    https://old.invalid/\n' }
    expect(await inEgg('dependency_links.txt', 'https://old.invalid/\n', { tree: setup })).toBe(
      'egg-dependency-links'
    )
    const script = { 'setup.py': 'setup(dependency_links=["https://old.invalid/"])' }
    expect(await inEgg('dependency_links.txt', 'https://old.invalid/\n', { tree: script })).toBe(
      'egg-dependency-links'
    )
    expect(await inEgg('dependency_links.txt', 'https://old.invalid/evil\n', { tree: script })).toBe(
      'metadata-undeclared'
    )
  })

  it('namespace_packages.txt is stated, or confirmed', async () => {
    const setup = { 'setup.cfg': '[options]\nnamespace_packages = demo\n' }
    expect(await inWheel('namespace_packages.txt', 'demo\n', { tree: setup })).toBe('egg-namespace-packages')
    expect(await inWheel('namespace_packages.txt', 'evil\n', { tree: setup })).toBe('metadata-undeclared')
    const script = { 'setup.py': 'setup(namespace_packages=[x for x in "demo".split()])' }
    const build = { preparedMetadata: new Map([['namespace_packages.txt', Buffer.from('other\n')]]) }
    expect(await inWheel('namespace_packages.txt', 'other\n', { tree: script, build })).toBe(
      'egg-namespace-packages'
    )
    expect(await inWheel('namespace_packages.txt', 'evil\n', { tree: script, build })).toBe(
      'metadata-unconfirmed'
    )
  })
})

describe('what plugins write from git', () => {
  const json = (value: unknown): string => JSON.stringify(value, null, 1)

  it('names the commit of the tag', async () => {
    const short = commit.slice(0, 7)
    expect(await inWheel('pbr.json', json({ git_version: short, is_release: true }))).toBe('pbr')
    expect(await inWheel('pbr.json', json({ git_version: '0123456', is_release: true }))).toBe(
      'metadata-differs'
    )
    expect(await inWheel('pbr.json', json({ git_version: short, is_release: true, evil: 1 }))).toBe(
      'metadata-differs'
    )
    const version = {
      tag: '1.2.3',
      distance: 0,
      node: `g${commit}`,
      dirty: false,
      branch: 'HEAD',
      node_date: '2026-01-02'
    }
    expect(await inEgg('scm_version.json', json(version))).toBe('scm-version')
    for (const wrong of [
      { tag: '1.2.4' },
      { distance: 1 },
      { node: 'g0123456' },
      { dirty: true },
      { branch: 'a b' },
      { node_date: 'x' }
    ])
      expect(await inEgg('scm_version.json', json({ ...version, ...wrong }))).toBe('metadata-differs')
  })

  it('lists files of the tree', async () => {
    expect(await inEgg('scm_file_list.json', json({ files: ['README.md'] }))).toBe('scm-file-list')
    expect(await inEgg('scm_file_list.json', json({ files: ['README.md', 'evil.py'] }))).toBe(
      'metadata-differs'
    )
    expect(await inEgg('scm_file_list.json', 'no json')).toBe('nobody')
  })
})

it.each(['INSTALLER', 'REQUESTED', 'direct_url.json', 'RECORD.jws', 'RECORD.p7s'])(
  '%s is written by no build',
  async (name) => expect(await inWheel(name, 'pip\n')).toBe('metadata-unexpected')
)

it('an unknown file of .dist-info is none of these', async () => {
  expect(await inWheel('evil.txt', 'x\n')).toBe('nobody')
  expect(await inWheel('licenses/METADATA', 'x\n')).toBe('nobody')
})
