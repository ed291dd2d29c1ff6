import { describe, expect, it } from '@jest/globals'
import { readConfig } from '../../../../src/documents/config-reading.ts'
import { generatedRule } from '../../../../src/proof/trace/files/generators.ts'
import { asked, outcome, type Scene } from './scene.ts'

const declaration = {
  to: 'demo/tables/*',
  from: ['tools/tables.py', 'data/*.bin'],
  reason: 'tools/tables.py unpacks the tables.'
}
const rules = [generatedRule([declaration])]
const readable = { 'tools/tables.py': 'print(1)\n' }
const opaque = { ...readable, 'data/a.bin': Buffer.from([0, 1, 2, 255]) }
const elf = Buffer.concat([Buffer.from('7f454c46020101', 'hex'), Buffer.alloc(64)])

function scene(path: string, change: Scene & { content?: string | Buffer } = {}): Scene {
  return { tree: readable, members: { [path]: change.content ?? '{}\n' }, build: {}, ...change }
}

describe('members that are declared as generated', () => {
  it('are accepted from a build in which both worlds made the same', async () => {
    expect(await asked('demo/tables/a.json', scene('demo/tables/a.json', { tree: opaque }), rules)).toEqual({
      rule: 'declared',
      verdict: {
        traced: true,
        origin: 'declared',
        from: ['data/a.bin', 'tools/tables.py'],
        reason: 'Declared: tools/tables.py unpacks the tables.'
      }
    })
    const differing = { build: { reproduced: () => false } }
    expect(await outcome('demo/tables/a.json', scene('demo/tables/a.json', differing), rules)).toBe(
      'untraced'
    )
    expect(await outcome('demo/tables/a.json', scene('demo/tables/a.json', { build: null }), rules)).toBe(
      'untraced'
    )
  })

  it('fit the glob below the top folder of an sdist, and where a wheel installs them', async () => {
    const sdist = scene('demo/tables/a.json', { artifact: 'demo-1.2.3.tar.gz' })
    expect(await outcome('demo/tables/a.json', sdist, rules)).toBe('declared')
    const data = 'demo-1.2.3.data/purelib/demo/tables/a.json'
    expect(await outcome(data, scene(data), rules)).toBe('declared')
    expect(await outcome('demo/core/a.json', scene('demo/core/a.json'), rules)).toBe('nobody')
  })

  it('may be code where everything that they are made from can be read', async () => {
    const module = 'demo/tables/__init__.py'
    expect(await outcome(module, scene(module, { content: 'T = 1\n' }), rules)).toBe('declared')
    for (const path of [module, 'demo/tables/a.c', 'demo/tables/a.js', 'demo/tables/Makefile'])
      expect(await outcome(path, scene(path, { tree: opaque, content: 'x\n' }), rules)).toBe('generated-code')
  })

  it('are no code where a source is text under tests, or too large to be read', async () => {
    const module = 'demo/tables/__init__.py'
    const fromTests = [generatedRule([{ ...declaration, from: ['tests/**'] }])]
    const tree = { 'tests/hex.txt': '00ff\n' }
    expect(await outcome(module, scene(module, { tree, content: 'T = 1\n' }), fromTests)).toBe(
      'generated-code'
    )
  })

  it.each<[string, string, Scene & { content?: string | Buffer }]>([
    ['a .pth file', 'demo/tables/x.pth', {}],
    ['native code', 'demo/tables/x.so', { content: elf }],
    ['native code under the name of data', 'demo/tables/x.json', { content: elf }],
    ['a script by its first line', 'demo/tables/x', { content: '#!/bin/sh\n' }],
    ['a program by its mode', 'demo/tables/x', { mode: 0o755 }]
  ])('are never %s', async (_, path, change) => {
    expect(await asked(path, scene(path, change), rules)).toMatchObject({
      verdict: { traced: false, code: 'generated-code', fix: expect.stringContaining('waiver') }
    })
  })

  it('are never scripts of a wheel, nor what runs at each start, whatever the glob', async () => {
    const all = [
      generatedRule([
        { ...declaration, to: '**/demo*' },
        { ...declaration, to: '*customize.py' }
      ])
    ]
    for (const path of ['demo-1.2.3.data/scripts/demo', 'demo-1.2.3.data/data/bin/demo', 'sitecustomize.py'])
      expect(await outcome(path, scene(path), all)).toBe('generated-code')
  })

  it('have a source in the tag', async () => {
    const path = 'demo/tables/a.json'
    expect(await outcome(path, scene(path, { tree: { 'tools/other.py': '' } }), rules)).toBe(
      'generated-source'
    )
  })
})

describe('the key generated', () => {
  const read = (to: string, rest = 'from: [a.py]\n    reason: a.py makes them.'): unknown =>
    readConfig(`generated:\n  - to: ${to}\n    ${rest}\n`, 'tagproof.yml').generated

  it('names members, sources and a reason', () => {
    expect(read('demo/*.json')).toEqual([{ to: 'demo/*.json', from: ['a.py'], reason: 'a.py makes them.' }])
    expect(readConfig('', 'tagproof.yml').generated).toEqual([])
  })

  it.each(['"**"', '"*"', '"**/*"', '"*.*"', '"?/**"'])('is no %s, which would be anything', (to) => {
    expect(() => read(to)).toThrow(/generated\[0\]\.to cannot be/)
  })

  it('needs each of them', () => {
    expect(() => read('a.json', 'from: []\n    reason: a.py makes them.')).toThrow(/from/)
    expect(() => read('a.json', 'from: [a.py]')).toThrow(/reason is missing/)
    expect(() => read('a.json', 'from: [a.py]\n    reason: so')).toThrow(/reason/)
  })
})
