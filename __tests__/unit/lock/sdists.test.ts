import { describe, expect, it } from '@jest/globals'
import { sha256 } from '../../../src/documents/identifiers.ts'
import type { Lock, PythonEnvironment, PythonPackage } from '../../../src/documents/lock.ts'
import { explainLock, lockChanges } from '../../../src/lock/changes.ts'
import { formatLock, parseLock } from '../../../src/lock/lock-file.ts'
import { missingRequirement, requirementSpecifier } from '../../../src/lock/pip-report.ts'
import { chooseSdist, refuseCycle, sdistSupply, type SdistSupply } from '../../../src/lock/sdists.ts'
import { parseHtmlPage, parseJsonPage, type OfferedFile } from '../../../src/lock/simple-index.ts'
import { refusalOf } from '../../real/source/git-project.ts'

function offer(file: string, more: Partial<OfferedFile> = {}): OfferedFile {
  return { file, url: `https://i.test/${file}`, sha256: 'a'.repeat(64), size: 1, ...more }
}

describe('the choice among the sdists of a project', () => {
  const many = [
    offer('some_thing-1.0.tar.gz'),
    offer('some-thing-1.2.tar.gz'),
    offer('some.thing-1.10.tar.gz'),
    offer('some_thing-2.0rc1.tar.gz'),
    offer('some_thing-3.0.tar.gz', { requiresPython: '>=3.12' }),
    offer('some_thing-1.11.tar.gz', { yanked: true }),
    offer('some_thing-9.0-py3-none-any.whl'),
    offer('some_thing-9.0.zip'),
    offer('some_thing_else-9.0.tar.gz'),
    offer('some_thing-latest.tar.gz')
  ]
  it.each<[string, string, string | null]>([
    ['the newest of any, by version and not by text', '', '1.10'],
    ['within a range', '>=1.0,<1.10', '1.2'],
    ['the compatible one', '~=1.2', '1.10'],
    ['a pre-release where nothing else fits', '>1.11', '2.0rc1'],
    ['a pre-release that is asked for', '==2.0rc1', '2.0rc1'],
    ['a withdrawn one that is pinned', '==1.11', '1.11'],
    ['no withdrawn one else', '>=1.11,<2', null],
    ['none for another Python', '>=3', null],
    ['nothing for what is no specifier', '=>1', null]
  ])('takes %s', (_what, specifier, version) => {
    expect(chooseSdist(many, 'some-thing', specifier, '3.11')?.version ?? null).toBe(version)
  })

  it('takes what is for the interpreter of the root', () => {
    expect(chooseSdist(many, 'some-thing', '>=3', '3.12')?.offered.file).toBe('some_thing-3.0.tar.gz')
  })

  it('reads what pip misses and the specifier in it', () => {
    const output =
      'ERROR: Could not find a version\nERROR: No matching distribution found for Foo[x]>=1,<2 (from b)'
    expect(missingRequirement(output)).toBe('Foo[x]>=1,<2')
    for (const [requirement, specifier] of [
      ['Foo[x]>=1,<2', '>=1,<2'],
      ['foo (>=1)', '>=1'],
      ['foo>=1; python_version > "3"', '>=1'],
      ['foo', '']
    ])
      expect(requirementSpecifier(requirement ?? '')).toBe(specifier)
  })

  it('knows from both kinds of page what is withdrawn and for which Python', () => {
    const base = new URL('https://i.test/simple/x/')
    const wanted = { requiresPython: '>=3.8,<4', yanked: true }
    const json = JSON.stringify({
      files: [{ filename: 'x', url: '/x', hashes: {}, 'requires-python': '>=3.8,<4', yanked: 'broken' }]
    })
    expect(parseJsonPage(json, base)).toMatchObject([wanted])
    const html = '<a href="/x" data-yanked="" data-requires-python="&gt;=3.8,&lt;4">x</a><a href="/y">y</a>'
    const [x, y] = parseHtmlPage(html, base, 'text/html')
    expect(x).toMatchObject(wanted)
    expect(y).not.toHaveProperty('yanked')
  })
})

describe('the supply of wheels from sdists', () => {
  const nothing = { constraints: [], requirements: [], previous: undefined }
  const supplyOf = (asked: string[]): SdistSupply =>
    sdistSupply({
      allowed: ['foo'],
      workshop: {
        interpreter: '3.11',
        stated: () => Promise.resolve([]),
        asked: () => Promise.resolve({}),
        build: () => Promise.reject(new Error('the end of this test'))
      },
      folder: '/nonexistent',
      offers: (name) =>
        Promise.resolve(['1.0', '2.0', '3.0'].map((version) => offer(`${name}-${version}.tar.gz`))),
      locate(file) {
        asked.push(file.file)
        return Promise.resolve(entry(file.name, file.file))
      },
      resolve: () => Promise.resolve({ interpreter: '3.11', requested: [], packages: [] })
    })

  it.each<[string, string[], string[]]>([
    ['a name that is not allowed', ['ERROR: No matching distribution found for bar'], []],
    ['another complaint', ['ERROR: foo is no good'], []],
    ['a name that is allowed', ['ERROR: No matching distribution found for foo<3'], ['foo-2.0.tar.gz']]
  ])('answers to %s', async (_what, [output = ''], files) => {
    const asked: string[] = []
    const answer = supplyOf(asked).answer({ ...nothing, output })
    if (files.length === 0) expect(await answer).toBe(false)
    else expect(await refusalOf(answer)).toMatchObject({ message: 'the end of this test' })
    expect(asked).toEqual(files)
  })

  it('takes all requirements on a project together, and leaves what a constraint hinders to pip', async () => {
    const output = 'ERROR: No matching distribution found for foo>=1'
    const asked: string[] = []
    const requirements = ['foo>=1', 'Foo<2', 'foo>2; python_version < "3"']
    await refusalOf(supplyOf(asked).answer({ ...nothing, output, requirements }))
    expect(asked).toEqual(['foo-1.0.tar.gz'])
    const constraints = ['foo==1.0']
    expect(await supplyOf(asked).answer({ ...nothing, output, constraints })).toBe(false)
  })

  it('keeps the version of the previous lock', async () => {
    const asked: string[] = []
    const previous = { interpreter: '3.11', requested: [], packages: [entry('foo', 'foo-2.0.tar.gz', '2.0')] }
    const output = 'The user requested (constraint) foo==2.0\nERROR: Cannot install foo>=1'
    const complaint = { output, constraints: ['foo==2.0'], requirements: ['foo>=1'], previous }
    await refusalOf(supplyOf(asked).answer(complaint))
    expect(asked).toEqual(['foo-2.0.tar.gz'])
  })

  it('refuses an sdist that needs itself', () => {
    expect(() => refuseCycle(['foo', 'bar'], 'foo')).toThrow('The sdist of foo needs foo to be built.')
  })
})

describe('a lock with an sdist', () => {
  const lock = (python: Record<string, unknown>): Lock => ({
    schema: 'tagproof/lock/1',
    roots: {},
    python: { python: { interpreter: '3.11.2', requested: ['foo'], packages: [], ...python } }
  })
  const built: PythonEnvironment = {
    requested: ['tool'],
    packages: [entry('tool', 'tool-1.0-py3-none-any.whl')]
  }
  const whole = lock({
    packages: [entry('foo', 'foo-1.0.tar.gz')],
    sdists: { 'foo-1.0.tar.gz': built }
  })

  it('is read as it was written, compared and explained', () => {
    expect(parseLock(formatLock(whole), 'lock')).toEqual(whole)
    expect(explainLock(whole).slice(-3)).toEqual([
      '  foo 1.0 (sdist, built in the sandbox): asked for by build-system.requires',
      '  to build foo-1.0.tar.gz:',
      '    tool 1.0: asked for by build-system.requires'
    ])
    const before = lock({
      packages: [entry('foo', 'foo-1.0.tar.gz')],
      sdists: { 'foo-1.0.tar.gz': { requested: [], packages: [] } }
    })
    expect(lockChanges(before, whole)).toEqual([
      'python python, to build foo-1.0.tar.gz: asks for tool',
      'python python, to build foo-1.0.tar.gz: + tool 1.0'
    ])
  })

  it.each<[string, Record<string, unknown>, RegExp]>([
    [
      'does not say what it is built with',
      { packages: [entry('foo', 'foo-1.0.tar.gz')] },
      /nothing says what foo-1\.0\.tar\.gz is built with/
    ],
    ['names one that is not there', { sdists: { 'foo-1.0.tar.gz': built } }, /not among the packages/],
    [
      'has one that is needed to build itself',
      {
        packages: [entry('foo', 'foo-1.0.tar.gz')],
        sdists: { 'foo-1.0.tar.gz': { requested: [], packages: [entry('foo', 'foo-1.0.tar.gz')] } }
      },
      /needed to build itself/
    ],
    ['has a zip', { packages: [entry('foo', 'foo-1.0.zip')] }, /neither wheel nor sdist/]
  ])('is refused where it %s', (_what, python, message) => {
    expect(() => parseLock(formatLock(lock(python)), 'lock')).toThrow(message)
  })
})

function entry(name: string, file: string, version = '1.0'): PythonPackage {
  return { name, version, file, size: 1, sha256: sha256('a'.repeat(64)), because: ['build-system.requires'] }
}
