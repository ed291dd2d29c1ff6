import { describe, expect, it } from '@jest/globals'
import { asked, outcome, type Scene } from './scene.ts'

const elf = Buffer.concat([Buffer.from('7f454c46020101', 'hex'), Buffer.alloc(64)])

describe('the .pth file of namespace packages', () => {
  const pth = 'demo-1.2.3-py3.11-nspkg.pth'
  const line = (name: string, tuple: string, end = ''): string =>
    `import sys, types, os;p = os.path.join(sys._getframe(1).f_locals['sitedir'], *${tuple});importlib = __import__('importlib.util');__import__('importlib.machinery');m = sys.modules.setdefault('${name}', importlib.util.module_from_spec(importlib.machinery.PathFinder.find_spec('${name}', [os.path.dirname(p)])));m = m or sys.modules.setdefault('${name}', types.ModuleType('${name}'));mp = (m or []) and m.__dict__.setdefault('__path__',[]);(p not in mp) and mp.append(p)${end}\n`
  const right =
    line('demo', "('demo',)") +
    line('demo.ext', "('demo', 'ext')", ";m and setattr(sys.modules['demo'], 'ext', m)")
  const scene = (content: string, change: Scene = {}): Scene => ({
    tree: { 'setup.py': "setup(name='demo', namespace_packages=['demo', 'demo.ext'])" },
    members: { [pth]: content, 'demo/ext/a.py': '' },
    ...change
  })

  it('is one line for each declared package and its parents', async () => {
    expect(await asked(pth, scene(right))).toMatchObject({
      rule: 'nspkg-pth',
      verdict: { traced: true, from: ['setup.py'] }
    })
    const inCfg = { tree: { 'setup.cfg': '[options]\nnamespace_packages =\n  demo.ext\n' } }
    expect(await outcome(pth, scene(right, inCfg))).toBe('nspkg-pth')
  })

  it('was longer in older versions of setuptools', async () => {
    const older = right
      .replaceAll('types, os;p', 'types, os;has_mfs = sys.version_info > (3, 5);p')
      .replaceAll('importlib = _', 'importlib = has_mfs and _')
      .replaceAll(";__import__('importlib.m", ";has_mfs and __import__('importlib.m")
      .replaceAll(';m = sys', ';m = has_mfs and sys')
    expect(await outcome(pth, scene(older))).toBe('nspkg-pth')
    expect(await outcome(pth, scene(older.replace('(3, 5)', '(3, 4)')))).toBe('generated-differs')
  })

  it('may be declared by code, and is then as the metadata of the wheel lists it', async () => {
    const bySetup = (listed: string): Scene => ({
      tree: { 'setup.py': 'setup(namespace_packages=find())' },
      members: {
        [pth]: right,
        'demo/ext/a.py': '',
        'demo-1.2.3.dist-info/namespace_packages.txt': listed
      }
    })
    expect(await outcome(pth, bySetup('demo\ndemo.ext\n'))).toBe('nspkg-pth')
    expect(await outcome(pth, bySetup('demo\n'))).toBe('generated-differs')
  })

  it.each([
    ['an import more', `${right}import evil\n`],
    ['a statement more', right.replace('mp.append(p)\n', 'mp.append(p);import evil\n')],
    ['another package', right.replaceAll('demo.ext', 'demo.out')],
    ['a line less', line('demo', "('demo',)")]
  ])('with %s is a finding', async (_, content) => {
    expect(await outcome(pth, scene(content))).toBe('generated-differs')
  })

  it("is a start-up file like any other under a name that is not the wheel's, or for packages that it lacks", async () => {
    const other = 'evil-1.2.3-py3.11-nspkg.pth'
    expect(await outcome(other, { ...scene(''), members: { [other]: right, 'demo/ext/a.py': '' } })).toBe(
      'pth-file'
    )
    expect(await outcome(pth, { ...scene(''), members: { [pth]: right, 'other/a.py': '' } })).toBe('pth-file')
  })
})

describe('files that run at each start', () => {
  it.each(['demo.pth', 'distutils-precedence.pth', 'sitecustomize.py', 'demo-1.2.3.data/purelib/x.pth'])(
    '%s is refused',
    async (path) => {
      expect(await outcome(path, { members: { [path]: 'import evil\n' } })).toBe('pth-file')
    }
  )

  it('lie at the top alone', async () => {
    expect(await outcome('demo/data.pth', { members: { 'demo/data.pth': 'weights' } })).toBe('nobody')
  })
})

describe('bytecode', () => {
  it.each(['demo/__pycache__/a.cpython-311.pyc', 'demo/a.pyc', 'demo/a.pyo', 'demo/__pycache__/a.txt'])(
    '%s is refused',
    async (path) => {
      expect(await outcome(path, { members: { [path]: 'x' }, build: {} })).toBe('bytecode-refused')
    }
  )
})

describe('native code', () => {
  const so = 'demo/_speedups.cpython-311-x86_64-linux-gnu.so'
  const wheel = 'demo-1.2.3-cp311-cp311-linux_x86_64.whl'
  const scene = (change: Scene = {}): Scene => ({
    artifact: wheel,
    tree: { 'src/speedups.c': 'int x;', 'src/other.c': 'int y;', 'setup.py': '' },
    members: { [so]: elf },
    build: {},
    ...change
  })

  it('is compiled from the sources of its name, where both worlds made the same', async () => {
    expect(await asked(so, scene())).toMatchObject({
      verdict: { traced: true, origin: 'compiled', from: ['src/speedups.c'] }
    })
  })

  it('needs a build, and says so', async () => {
    expect((await asked(so, scene({ build: null })))?.verdict).toMatchObject({
      code: 'untraced',
      fix: expect.stringContaining('tagproof rehearse')
    })
  })

  it('is not believed where the worlds disagree, nor where the tag has no source', async () => {
    expect(await outcome(so, scene({ build: { reproduced: () => false } }))).toBe('untraced')
    expect(await outcome(so, scene({ tree: { 'setup.py': '' } }))).toBe('compiled-without-source')
  })

  it('may come from Python, where a compiler for it is locked', async () => {
    const mypyc = { tree: { 'demo/speedups.py': '' }, build: { environment: new Map([['mypy', '1.0']]) } }
    expect(await outcome(so, scene(mypyc))).toBe('compiled')
    expect(await outcome(so, scene({ ...mypyc, build: {} }))).toBe('compiled-without-source')
  })

  it.each([
    ['in an sdist', 'demo-1.2.3.tar.gz', so],
    ['in a wheel for any platform', 'demo-1.2.3-py3-none-any.whl', so],
    ['under the name of data', wheel, 'demo/logo.png'],
    ['under the name of a module', wheel, 'demo/core.py']
  ])('%s is refused', async (_, artifact, path) => {
    expect(await outcome(path, scene({ artifact, members: { [path]: elf } }))).toBe('compiled-misplaced')
  })

  it.each([
    ['4d5a', 'demo/x.pyd'],
    ['cffaedfe', 'demo/x.so'],
    ['0061736d', 'demo/x.wasm'],
    ['213c617263683e0a', 'demo/x.a']
  ])('%s is known by its first bytes', async (magic, path) => {
    const content = Buffer.concat([Buffer.from(magic, 'hex'), Buffer.alloc(200, 1)])
    expect(await outcome(path, scene({ members: { [path]: content } }))).toBe('compiled')
  })
})

describe('source that a compiler wrote', () => {
  const path = 'demo/fast.c'
  const cython = '/* Generated by Cython 3.1.2 */\n#include "Python.h"\n'
  const scene = (content: string, change: Scene = {}): Scene => ({
    artifact: 'demo-1.2.3.tar.gz',
    tree: { 'demo/fast.pyx': 'def f(): pass\n' },
    members: { [path]: content },
    build: { environment: new Map([['cython', '3.1.2']]) },
    ...change
  })

  it('is taken from both worlds of a build that has this compiler', async () => {
    expect(await asked(path, scene(cython))).toMatchObject({
      rule: 'transpiled',
      verdict: { traced: true, origin: 'compiled', from: ['demo/fast.pyx'] }
    })
  })

  it('needs a build, the compiler, its version, its source, and both worlds', async () => {
    expect(await outcome(path, scene(cython, { build: null }))).toBe('untraced')
    expect(await outcome(path, scene(cython, { build: {} }))).toBe('generated-differs')
    expect(await outcome(path, scene(cython.replace('3.1.2', '3.1.3')))).toBe('generated-differs')
    expect(await outcome(path, scene(cython, { tree: { 'demo/slow.pyx': '' } }))).toBe('nobody')
    const differing = { environment: new Map([['cython', '3.1.2']]), reproduced: () => false }
    expect(await outcome(path, scene(cython, { build: differing }))).toBe('nobody')
    expect(await outcome(path, scene('int main() {}\n'))).toBe('nobody')
  })
})

describe('scripts', () => {
  const path = 'demo-1.2.3.data/scripts/demo'
  const of = (
    content: string,
    source = '#!/usr/bin/env python3 -E\nimport demo\ndemo.run()\n'
  ): Promise<string> => outcome(path, { tree: { 'bin/demo': source }, members: { [path]: content } })

  it('are those of the tag, with the first line that installers expect', async () => {
    expect(await of('#!python -E\nimport demo\ndemo.run()\n')).toBe('script-shebang')
    expect(await of('#!python\nx\n', '#!/usr/bin/python3.11\r\nx\r\n')).toBe('script-shebang')
  })

  it.each([
    ['another interpreter', '#!/tmp/evil\nimport demo\ndemo.run()\n'],
    ['other options', '#!python -i\nimport demo\ndemo.run()\n'],
    ['a line more', '#!python -E\nimport demo\ndemo.run()\nimport evil\n'],
    ['the first line as it was, and another body', '#!/usr/bin/env python3 -E\nimport evil\n']
  ])('with %s are a finding', async (_, content) => {
    expect(await of(content)).toBe('generated-differs')
  })

  it('are not taken from tests or examples', async () => {
    const from = (place: string): Promise<string> =>
      outcome(path, {
        tree: { [place]: '#!/usr/bin/python3\nrun()\n' },
        members: { [path]: '#!python\nrun()\n' }
      })
    expect(await from('tools/demo')).toBe('script-shebang')
    expect(await from('tests/data/demo')).toBe('nobody')
    expect(await from('examples/demo')).toBe('nobody')
  })

  it("of another language, or without source, are nobody's", async () => {
    expect(await of('#!python\n', '#!/bin/sh\n')).toBe('nobody')
    expect(await outcome(path, { tree: {}, members: { [path]: '#!python\n' } })).toBe('nobody')
  })
})
