import { describe, expect, it } from '@jest/globals'
import type { Member } from '../../../../src/formats/member.ts'
import { sha256OfBytes } from '../../../../src/platform/files.ts'
import { dependencyRules } from '../../../../src/proof/trace/dependencies/rules.ts'
import {
  bytecodeHeader,
  isHashOf,
  sourceOf
} from '../../../../src/proof/trace/dependencies/bytecode-header.ts'
import type { InstalledRoot } from '../../../../src/proof/trace/evidence.ts'
import { imageGenerators } from '../../../../src/proof/trace/image/generators.ts'
import { installedFinding } from '../../../../src/proof/trace/policy-installed.ts'
import { contextOf, outcome, type Scene } from './scene.ts'

const artifact = 'demo-1.2.3.oci.tar'
const dockerfile =
  'FROM base:1\nARG MODE=x\nENV MODE=$MODE\nLABEL a=b\nRUN ln -s /opt/x /usr/bin/x\nUSER 65534\nWORKDIR /work\nENTRYPOINT ["demo"]\n'
const base = {
  reference: 'base:1',
  platform: 'linux/amd64',
  digest: `sha256:${'0'.repeat(64)}`,
  layers: [`sha256:${sha256OfBytes('packed')}`],
  config: Buffer.from(
    JSON.stringify({
      architecture: 'amd64',
      os: 'linux',
      config: { Env: ['PATH=/bin'] },
      rootfs: { type: 'layers', diff_ids: [] }
    })
  )
}
const config = (change: object = {}): string =>
  JSON.stringify({
    architecture: 'amd64',
    os: 'linux',
    config: {
      Env: ['PATH=/bin', 'MODE=x'],
      Labels: { a: 'b' },
      User: '65534',
      WorkingDir: '/work',
      Entrypoint: ['demo'],
      ...change
    },
    rootfs: { type: 'layers', diff_ids: [] }
  })

function said(path: string, members: Record<string, string | Buffer>, more: Scene = {}): Promise<string> {
  const scene = {
    artifact,
    tree: more.tree ?? { Dockerfile: dockerfile },
    evidence: { bases: [base], ...more.evidence },
    members
  }
  return outcome(path, scene, [...dependencyRules, ...imageGenerators])
}

describe('what an image says of itself', () => {
  it('follows from the Dockerfile and its base', async () => {
    expect(await said('config.json', { 'config.json': config() })).toBe('image-config')
  })

  it.each([
    ['a variable that nothing states', { Env: ['PATH=/bin', 'MODE=x', 'LD_PRELOAD=/evil'] }],
    ['another entry point', { Entrypoint: ['evil'] }],
    ['another user', { User: 'root' }],
    ['a label that nothing states', { Labels: { a: 'b', c: 'd' } }],
    ['a key that nobody knows', { Evil: true }],
    ['another health check', { Healthcheck: { Test: ['CMD-SHELL', 'evil'] } }],
    ['a step for later builds that nothing states', { OnBuild: ['RUN evil'] }]
  ])('with %s is refused', async (_, change) => {
    expect(await said('config.json', { 'config.json': config(change) })).toBe('image-config-differs')
  })

  it('has the health check and the steps for later builds of its Dockerfile, or none', async () => {
    const tree = {
      Dockerfile: `${dockerfile}HEALTHCHECK --interval=5m CMD demo \\\n  --check\nONBUILD RUN  later\n`
    }
    const stated = { Healthcheck: { Test: ['CMD-SHELL', 'demo   --check'] }, OnBuild: ['RUN later'] }
    expect(await said('config.json', { 'config.json': config(stated) }, { tree })).toBe('image-config')
    expect(await said('config.json', { 'config.json': config() }, { tree })).toBe('image-config')
    const evil = { ...stated, OnBuild: ['RUN later', 'RUN evil'] }
    expect(await said('config.json', { 'config.json': config(evil) }, { tree })).toBe('image-config-differs')
  })

  it('has no more layers than the Dockerfile makes', async () => {
    const layers = (count: number): string => {
      const ids = Array.from({ length: count }, (_, at) => `sha256:${sha256OfBytes(String(at))}`)
      return JSON.stringify({
        ...(JSON.parse(config()) as object),
        rootfs: { type: 'layers', diff_ids: ids }
      })
    }
    expect(await said('config.json', { 'config.json': layers(2) })).toBe('image-config')
    expect(await said('config.json', { 'config.json': layers(3) })).toBe('image-config-differs')
  })

  it('stands on layers of the lock alone', async () => {
    expect(await said('layers/0.tar', { 'layers/0.tar': 'packed' })).toBe('base-layer')
    expect(await said('layers/0.tar', { 'layers/0.tar': 'other' })).toBe('nobody')
  })
})

describe('files of layers', () => {
  const root: InstalledRoot = {
    name: 'image',
    hash: sha256OfBytes(''),
    files: new Map([
      ['usr/bin/tool', { kind: 'file', mode: 0o4755, owner: '0:0', size: 4, sha256: sha256OfBytes('tool') }]
    ]),
    texts: new Map(),
    packages: new Map()
  }

  it('are those of the locked packages by path and bytes', async () => {
    const evidence = { roots: [root] }
    expect(await said('layers/1/usr/bin/tool', { 'layers/1/usr/bin/tool': 'tool' }, { evidence })).toBe(
      'reinstall'
    )
    expect(await said('layers/1/usr/bin/tool', { 'layers/1/usr/bin/tool': 'evil' }, { evidence })).toBe(
      'nobody'
    )
    expect(await said('layers/1/usr/bin/evil', { 'layers/1/usr/bin/evil': 'tool' }, { evidence })).toBe(
      'nobody'
    )
    expect(await said('layers/1/usr/bin/tool', { 'layers/1/usr/bin/tool': 'tool' })).toBe('nobody')
  })

  it('are what the module venv fills in, for this environment alone', async () => {
    const template = 'VIRTUAL_ENV=__VENV_DIR__\nPS1=__VENV_PROMPT__"$PS1"\n'
    const own = 'layers/1/opt/app/bin/activate'
    const texts = new Map([['usr/lib/python3.11/venv/scripts/common/activate', template]])
    const activate = (text: string, more = { texts }): Promise<string> =>
      said(
        own,
        { [own]: text, 'layers/1/opt/app/pyvenv.cfg': 'home = /usr/bin\n' },
        { evidence: { roots: [{ ...root, ...more }] } }
      )
    expect(await activate(`VIRTUAL_ENV=/opt/app\nPS1='(app) '"$PS1"\n`)).toBe('venv-activate')
    // As Python wrote it before it put quotes around what it fills in.
    expect(await activate('VIRTUAL_ENV=/opt/app\nPS1=(app) "$PS1"\n')).toBe('venv-activate')
    expect(await activate(`VIRTUAL_ENV=/opt/evil\nPS1='(app) '"$PS1"\n`)).toBe('generated-differs')
    expect(await activate(`VIRTUAL_ENV=/opt/app\n`, { texts: new Map() })).toBe('nobody')
  })

  it('are the lists of packages of the base, out of which dpkg took folders', async () => {
    const list = 'layers/1/var/lib/dpkg/info/x.list'
    const texts = new Map([['var/lib/dpkg/info/x.list', '/.\n/bin\n/bin/x\n/usr/share/man/man1\n']])
    const packages = [
      { name: 'x', version: '1', architecture: 'all', control: new Map(), md5sums: new Map() }
    ]
    const shortened = (text: string): Promise<string> =>
      said(list, { [list]: text }, { evidence: { packages, roots: [{ ...root, texts }] } })
    expect(await shortened('/.\n/bin\n/bin/x\n')).toBe('dpkg-list')
    expect(await shortened('/.\n/bin\n/bin/x\n/bin/y\n')).toBe('nobody')
  })

  it.each([
    'var/log/apt/history.log',
    'var/cache/apt/pkgcache.bin',
    'etc/machine-id',
    'etc/shadow-',
    'root/.cache/pip/x'
  ])('%s is told with the line that leaves it out', async (path) => {
    expect(await said(`layers/1/${path}`, { [`layers/1/${path}`]: 'x' })).toBe('image-hygiene')
    expect(await said(`layers/1/${path}`, { [`layers/1/${path}`]: '' })).toBe('emptied-file')
  })

  const member = (change: Partial<Member>): Member => ({
    path: 'layers/1/usr/bin/tool',
    kind: 'file',
    mode: 0o755,
    size: 4,
    sha256: sha256OfBytes('tool'),
    linkTarget: null,
    headers: sha256OfBytes(''),
    packed: null,
    fields: { uid: 0, gid: 0 },
    ...change
  })
  const judged = (change: Partial<Member>, evidence: Scene['evidence'] = {}): string | undefined =>
    installedFinding(member(change), contextOf({ artifact, evidence }))?.code

  it.each<[string, Partial<Member>, string | undefined]>([
    ['a set-id bit', { mode: 0o4755 }, 'mode-refused'],
    ['a file for everybody to write', { mode: 0o666 }, 'mode-refused'],
    ['a device', { kind: 'device' }, 'special-file'],
    ['a pipe', { kind: 'fifo' }, 'special-file'],
    ['a capability', { fields: { 'SCHILY.xattr.security.capability': 'x' } }, 'attribute-refused'],
    ['a link out of the root', { kind: 'symlink', linkTarget: '../../../../../x' }, 'link-refused'],
    ['a folder like /tmp', { kind: 'directory', mode: 0o1777 }, undefined],
    ['an archive before the standard library', { path: 'layers/1/usr/lib/python311.zip' }, 'pth-file'],
    ['an environment around the interpreter', { path: 'layers/1/usr/bin/pyvenv.cfg' }, 'pth-file'],
    [
      'a package at the start of Python',
      { path: 'layers/1/usr/lib/python3.11/sitecustomize/__init__.py' },
      'pth-file'
    ],
    ['a module of the standard library', { path: 'layers/1/usr/lib/python3.11/site.py' }, undefined],
    ['a file of a user', { fields: { uid: 1000, gid: 1000 } }, undefined],
    ['an ordinary program', {}, undefined]
  ])('%s', (_, change, code) => {
    expect(judged(change)).toBe(code)
  })

  it('are taken away by a RUN alone', async () => {
    const path = 'layers/1/etc/.wh.rules'
    expect(await said(path, { [path]: '' })).toBe('whiteout')
    expect(await said(path, { [path]: '' }, { tree: { Dockerfile: 'FROM base:1\nCOPY . /\n' } })).toBe(
      'untraced'
    )
  })

  it('a set-id bit of a locked package is that of the package', () => {
    expect(judged({ mode: 0o4755 }, { roots: [root] })).toBeUndefined()
    expect(judged({ mode: 0o6755 }, { roots: [root] })).toBe('mode-refused')
  })
})

describe('bytecode', () => {
  const source = 'x = 1\nprint("hello world")\n'
  // CPython 3.11: magic, flags 3 (checked hash), SipHash-1-3 of the source.
  const header = Buffer.from('a70d0d0a0300000045234033d396ca3b', 'hex')
  const site = 'layers/1/opt/app/lib/python3.11/site-packages'
  const [py, pyc] = [`${site}/x.py`, `${site}/__pycache__/x.cpython-311.pyc`]

  it('has a header with the hash of its source, as CPython computes it', () => {
    const read = bytecodeHeader(header)
    if (read?.form !== 'hash') throw new Error('no hash was read')
    expect(isHashOf(read, Buffer.from(source))).toBe(true)
    expect(isHashOf(read, Buffer.from(`${source}#`))).toBe(false)
    expect(sourceOf('a/__pycache__/b.cpython-311.opt-1.pyc')).toBe('a/b.py')
  })

  it('is believed where the clean root compiles the same, and nowhere else', async () => {
    const bytes = Buffer.concat([header, Buffer.from('code')])
    const members = { [py]: source, [pyc]: bytes }
    const bytecode = new Map([[pyc, sha256OfBytes(bytes)]])
    expect(await said(pyc, members, { evidence: { bytecode } })).toBe('python-bytecode')
    expect(await said(pyc, members)).toBe('untraced')
    const evil = { ...members, [pyc]: Buffer.concat([header, Buffer.from('evil')]) }
    expect(await said(pyc, evil, { evidence: { bytecode } })).toBe('bytecode-differs')
    const unchecked = Buffer.from(bytes)
    unchecked[4] = 1
    expect(await said(pyc, { ...members, [pyc]: unchecked }, { evidence: { bytecode } })).toBe(
      'bytecode-differs'
    )
    expect(await said(pyc, { [pyc]: bytes }, { evidence: { bytecode } })).toBe('bytecode-refused')
  })
})
