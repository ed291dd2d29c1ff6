import { describe, expect, it } from '@jest/globals'
import { gzipSync } from 'node:zlib'
import { asked, outcome, type Scene } from './scene.ts'

describe('setup.cfg of an sdist', () => {
  const source = `# A comment that is lost
[metadata]
name : demo
description = One
  two
  # lost as well

  three

[options]
Packages = find:
`
  const written = `[metadata]
name = demo
description = One
	two
	
	three

[options]
Packages = find:

[egg_info]
tag_build = 
tag_date = 0

`
  const of = (content: string, own: string | null = source): Promise<string> =>
    outcome('setup.cfg', {
      artifact: 'demo-1.2.3.tar.gz',
      tree: own === null ? {} : { 'setup.cfg': own },
      members: { 'setup.cfg': content }
    })

  it('has the same settings, written anew, and the section that setuptools adds', async () => {
    expect(await of(written)).toBe('setup-cfg')
    expect(await of('[egg_info]\ntag_build = \ntag_date = 0\n\n', null)).toBe('setup-cfg')
  })

  it('keeps what else the section says, and the place that it has', async () => {
    const own = '[egg_info]\ntag_build = dev\ntag_svn_revision = true\n\n[x]\na = 1\n'
    const anew = '[egg_info]\ntag_build = \ntag_svn_revision = true\ntag_date = 0\n\n[x]\na = 1\n\n'
    expect(await of(anew, own)).toBe('setup-cfg')
    expect(await of(anew.replace('true', 'false'), own)).toBe('generated-differs')
  })

  it.each([
    ['a setting more', written.replace('[options]\n', '[options]\npy_modules = evil\n')],
    ['a section more', `${written}[options.entry_points]\nconsole_scripts = ls = evil:run\n\n`],
    ['another value', written.replace('find:', 'find_namespace:')],
    ['a tag', written.replace('tag_build = ', 'tag_build = .post1')],
    ['the comment', `# A comment that is lost\n${written}`]
  ])('with %s is a finding', async (_, content) => {
    expect(await of(content)).toBe('generated-differs')
  })

  it("is nobody's where configparser would refuse the file of the tag", async () => {
    for (const own of ['[a]\nx\n', '[a]\nx = 1\nx = 2\n', '[a]\n[a]\n', 'x = 1\n'])
      expect(await of(written, own)).toBe('nobody')
  })
})

describe('a file that the build compressed', () => {
  const text = '{"a": 1}\n'.repeat(100)
  const of = (content: Buffer): Promise<string> =>
    outcome('demo/data.json.gz', {
      tree: { 'src/demo/data.json': text },
      members: { 'demo/data.json.gz': content }
    })

  it('is that file, unpacked', async () => {
    for (const level of [1, 6, 9]) expect(await of(gzipSync(text, { level }))).toBe('gzip-copy')
  })

  it.each([
    ['another content', gzipSync(text.replace('1', '2'))],
    ['a second stream', Buffer.concat([gzipSync(text), gzipSync('')])],
    ['an empty stream before it', Buffer.concat([gzipSync(''), gzipSync(text)])],
    ['bytes behind it', Buffer.concat([gzipSync(text), Buffer.from('payload')])],
    ['a cut end', gzipSync(text).subarray(0, -1)],
    ['a bomb in it', gzipSync(Buffer.alloc(4_000_000))],
    ['no gzip at all', Buffer.from('payload '.repeat(10))]
  ])('with %s is a finding', async (_, content) => {
    expect(await of(content)).toBe('generated-differs')
  })

  it('may carry its own name in the header, and no other', async () => {
    const named = (name: string): Buffer => {
      const plain = gzipSync(text)
      const head = Buffer.from(plain.subarray(0, 10))
      head[3] = 8
      return Buffer.concat([head, Buffer.from(`${name}\0`), plain.subarray(10)])
    }
    expect(await of(named('data.json'))).toBe('gzip-copy')
    expect(await of(named('payload'))).toBe('generated-differs')
  })
})

describe('what pbr writes of the history', () => {
  const authors = 'Ada <ada@example.org>\nBob van B <bob@example.org>\n'
  const log = 'CHANGES\n=======\n\n1.2.3\n-----\n\n* First commit\n* Mend `this`\n'
  const scene = (name: string, content: string, change: Scene = {}): Scene => ({
    artifact: 'demo-1.2.3.tar.gz',
    tree: { 'setup.py': "setup(setup_requires=['pbr'], pbr=True)" },
    members: { [name]: content },
    build: { environment: new Map([['pbr', '7.0']]) },
    ...change
  })

  it('has its form, and both worlds have it', async () => {
    expect(await outcome('AUTHORS', scene('AUTHORS', authors))).toBe('pbr-history')
    expect(await outcome('ChangeLog', scene('ChangeLog', log))).toBe('pbr-history')
    const wheel = { artifact: 'demo-1.2.3-py3-none-any.whl' }
    for (const path of ['demo-1.2.3.dist-info/licenses/AUTHORS', 'demo-1.2.3.dist-info/AUTHORS'])
      expect(await outcome(path, scene(path, authors, wheel))).toBe('pbr-history')
    const other = 'demo/AUTHORS'
    expect(await outcome(other, scene(other, authors, wheel))).toBe('nobody')
  })

  it('needs a build, both worlds, and pbr', async () => {
    expect(await outcome('AUTHORS', scene('AUTHORS', authors, { build: null }))).toBe('untraced')
    expect(await outcome('AUTHORS', scene('AUTHORS', authors, { build: {} }))).toBe('nobody')
    expect(await outcome('AUTHORS', scene('AUTHORS', authors, { tree: { 'setup.py': '' } }))).toBe('nobody')
    const differing = { environment: new Map([['pbr', '7.0']]), reproduced: () => false }
    expect(await outcome('ChangeLog', scene('ChangeLog', log, { build: differing }))).toBe('nobody')
  })

  it('in another form is a finding', async () => {
    expect(await outcome('AUTHORS', scene('AUTHORS', `${authors}dnl m4 payload\n`))).toBe('generated-differs')
    expect(await outcome('ChangeLog', scene('ChangeLog', `${log}$(touch /tmp/x)\n`))).toBe(
      'generated-differs'
    )
    expect(await outcome('ChangeLog', scene('ChangeLog', log.replace('First', '\u001b[2J')))).toBe(
      'generated-differs'
    )
  })
})

describe('pyproject.toml of pdm-backend', () => {
  const own = `# Comment
[build-system]
requires = ["pdm-backend"]
build-backend = "pdm.backend"

[project]
name = "demo"
dynamic = ["version"]

[tool.pdm.version]
source = "scm"
`
  const written = `[build-system]
requires = ["pdm-backend"]
build-backend = "pdm.backend"

[project]
name = "demo"
dynamic = []
version = "1.2.3"

[tool.pdm.version]
source = "scm"
`
  const of = (content: string, tree = own): Promise<string> =>
    outcome('pyproject.toml', {
      artifact: 'demo-1.2.3.tar.gz',
      tree: { 'pyproject.toml': tree },
      members: { 'pyproject.toml': content }
    })

  it('says the same, with the version in it', async () => {
    expect(await of(written)).toBe('pdm-pyproject')
    expect(await of(written.replace('dynamic = []\n', ''))).toBe('pdm-pyproject')
  })

  it("with anything else is a finding, and with another backend nobody's", async () => {
    expect(await of(written.replace('1.2.3', '1.2.4'))).toBe('generated-differs')
    expect(await of(written.replace('["pdm-backend"]', '["pdm-backend", "evil"]'))).toBe('generated-differs')
    expect(await of(`# payload\n${written}`)).toBe('generated-differs')
    expect(await of(written, own.replace('pdm.backend"', 'flit_core.buildapi"'))).toBe('nobody')
  })
})

describe('bills of materials', () => {
  const path = 'demo-1.2.3.dist-info/sboms/demo.cyclonedx.json'
  const of = (content: string, build: Scene['build']): Promise<string> =>
    outcome(path, { members: { [path]: content }, build: build ?? null })

  it('are taken from both worlds of a build with a backend that writes them', async () => {
    const maturin = { environment: new Map([['maturin', '1.9']]) }
    expect(await of('{"bomFormat": "CycloneDX"}', maturin)).toBe('sbom')
    expect(await of('{"bomFormat": "CycloneDX"}', null)).toBe('untraced')
    expect(await of('{"bomFormat": "CycloneDX"}', {})).toBe('nobody')
    expect(await of('import os', maturin)).toBe('nobody')
    expect((await asked(path, { members: { [path]: '[]' }, build: maturin }))?.rule).toBeUndefined()
  })
})
