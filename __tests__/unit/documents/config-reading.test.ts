import { describe, expect, it } from '@jest/globals'
import { readConfig } from '../../../src/documents/config-reading.ts'
import { describeError, TagproofError } from '../../../src/platform/errors.ts'

const name = '.github/tagproof.yml'

function mistake(source: string | Uint8Array): TagproofError {
  try {
    readConfig(source, name)
  } catch (error) {
    if (error instanceof TagproofError) return error
    throw error
  }
  throw new Error('the text was accepted')
}

describe('a configuration that is right', () => {
  it('needs nothing: an empty file, and one of comments only, mean the defaults', () => {
    for (const text of ['', '\n', '# nothing yet\n', '---\n'])
      expect(readConfig(text, name)).toMatchObject({
        version: 1,
        roots: {},
        inputs: [],
        waivers: [],
        limits: { minutes: 30 }
      })
    expect(readConfig('', name).targets).toBeUndefined()
  })

  it('fills in the defaults of a target', () => {
    expect(readConfig('targets:\n  - kind: python\n', name).targets).toEqual([
      { kind: 'python', path: '.', packages: [], 'allow-sdists': [] }
    ])
  })

  it('is read from bytes as from text, with either kind of line end', () => {
    const text = 'tag:\r\n  pattern: "ckan-{version}"\r\n'
    expect(readConfig(Buffer.from(text), name)).toEqual(readConfig(text, name))
    expect(readConfig(text, name).tag.pattern).toBe('ckan-{version}')
  })

  it('takes words as YAML 1.2 does: no is text', () => {
    const text = 'inputs: [{path: no, reason: the build reads it}]\n'
    expect(readConfig(text, name).inputs).toEqual([{ path: 'no', reason: 'the build reads it' }])
  })
})

interface Case {
  title: string
  text: string | Uint8Array
  at: string
  message: string
  found?: string
  expected?: string | RegExp
  fix?: string | RegExp
}

const long = 'x'.repeat(300)

const cases: Case[] = [
  {
    title: 'an unknown key with the one that was meant',
    text: 'version: 1\ntarget:\n  - kind: python\n',
    at: '2:1',
    message: 'There is no key "target".',
    found: 'target',
    expected: /^one of version, tag, targets/,
    fix: 'Did you mean targets?'
  },
  {
    title: 'an unknown key that resembles none',
    text: 'checks: off\n',
    at: '1:1',
    message: 'There is no key "checks".',
    fix: /Remove it/
  },
  {
    title: 'an unknown key inside a list',
    text: 'targets:\n  - kind: python\n    pth: sub\n',
    at: '3:5',
    message: 'There is no key "pth" in targets[0].',
    fix: 'Did you mean path?'
  },
  {
    title: 'a key that would reach the prototype',
    text: '__proto__:\n  x: 1\n',
    at: '1:1',
    message: 'There is no key "__proto__".'
  },
  {
    title: 'merge keys as the unknown keys that they are',
    text: 'limits:\n  <<: {minutes: 3}\n',
    at: '2:3',
    message: 'There is no key "<<" in limits.'
  },
  {
    title: 'a value that is none of the allowed',
    text: 'targets:\n  - kind: pyton\n',
    at: '2:11',
    message: 'targets[0].kind cannot be "pyton".',
    found: '"pyton"',
    expected: 'one of python, image, deb',
    fix: 'Did you mean python?'
  },
  {
    title: 'a required key that is missing',
    text: 'targets:\n  - path: sub\n',
    at: '2:5',
    message: 'targets[0].kind is missing.',
    found: 'no kind',
    expected: 'one of python, image, deb',
    fix: 'Add kind: to it.'
  },
  {
    title: 'a list where a mapping belongs',
    text: 'limits:\n  - 1\n',
    at: '2:3',
    message: 'limits has the wrong type.',
    found: 'a list',
    expected: /^a mapping with minutes/
  },
  {
    title: 'a mapping where a list belongs',
    text: 'targets:\n  kind: python\n',
    at: '2:3',
    message: 'targets has the wrong type.',
    found: 'a mapping',
    expected: /^a list .* of mappings with kind/
  },
  {
    title: 'a key without a value',
    text: 'version: 1\ntargets:\n',
    at: '2:1',
    message: 'targets has the wrong type.',
    found: 'nothing',
    expected: /^a list/
  },
  {
    title: 'a number where text belongs, with the quotes to set',
    text: 'roots: {x: {packages: [2.10]}}\n',
    at: '1:24',
    message: 'roots.x.packages[0] has the wrong type.',
    found: '2.1',
    fix: /quotes/
  },
  {
    title: 'an input without a reason',
    text: 'inputs:\n  - path: a.csv\n',
    at: '2:5',
    message: 'inputs[0].reason is missing.',
    fix: 'Add reason: to it.'
  },
  ...['**', '*', '**/*', './', '**/*.*', '{*,**}'].map((glob): Case => ({
    title: `an input that names nothing: ${glob}`,
    text: `inputs:\n  - path: "${glob}"\n    reason: all of it, please\n`,
    at: '2:11',
    message: `inputs[0].path cannot be "${glob}".`,
    expected: 'a glob that names a part of the path, such as tests/data/table.csv'
  })),
  {
    title: 'text where a number belongs',
    text: 'limits:\n  minutes: "30"\n',
    at: '2:12',
    message: 'limits.minutes has the wrong type.',
    found: '"30"',
    expected: 'a number above 0 up to 360'
  },
  {
    title: 'a number that is too large',
    text: 'limits: {minutes: 1000}\n',
    at: '1:19',
    message: 'limits.minutes cannot be 1000.',
    expected: 'a number above 0 up to 360'
  },
  {
    title: 'a number that is too small',
    text: 'limits:\n  processes: 2\n',
    at: '2:14',
    message: 'limits.processes cannot be 2.',
    expected: 'a whole number from 8'
  },
  {
    title: 'a fraction where a whole number belongs',
    text: 'limits:\n  memory-mib: 64.5\n',
    at: '2:15',
    message: 'limits.memory-mib has the wrong type.',
    expected: 'a whole number from 64'
  },
  {
    title: 'another version of the format',
    text: 'version: 2\n',
    at: '1:10',
    message: 'version cannot be 2.',
    expected: '1'
  },
  {
    title: 'a path that leaves the repository',
    text: 'targets:\n  - {kind: python, path: ../other}\n',
    at: '2:26',
    message: 'targets[0].path cannot be "../other".',
    expected: 'a relative path that stays inside its folder'
  },
  {
    title: 'a package that is no Debian package name',
    text: 'roots:\n  python:\n    packages: [GCC]\n',
    at: '3:16',
    message: 'roots.python.packages[0] cannot be "GCC".',
    expected: 'the name of a Debian package'
  },
  {
    title: 'a root with a name that cannot be one',
    text: 'roots:\n  My Root: {}\n',
    at: '2:3',
    message: '"My Root" cannot be a name.',
    found: 'My Root'
  },
  {
    title: 'a tag pattern without its place for the version',
    text: 'tag:\n  pattern: "v*"\n',
    at: '2:12',
    message: 'tag.pattern cannot be "v*".',
    expected: 'one {version} in it'
  },
  {
    title: 'a mirror with a password in it',
    text: 'sources:\n  mirror: https://me:secret@example.org/debian\n',
    at: '2:11',
    message: 'sources.mirror cannot be "https://me:secret@example.org/debian".',
    expected: /without user name/
  },
  {
    title: 'a waiver without a real reason',
    text: 'waivers:\n  - {check: traced, code: pth-file, path: "*", reason: ok}\n',
    at: '2:56',
    message: 'waivers[0].reason cannot be "ok".',
    expected: 'a sentence that says why'
  },
  {
    title: 'a waiver for what the worlds do not agree on, which leaves nothing to ship',
    text: 'waivers:\n  - {check: reproduced, code: content-differs, path: "*", reason: let it through}\n',
    at: '2:13',
    message: 'waivers[0].check cannot be "reproduced".'
  },
  {
    title: 'a long value, shortened',
    text: `tag:\n  pattern: ${long}\n`,
    at: '2:12',
    message: `tag.pattern cannot be "${long.slice(0, 76)}....`
  },
  {
    title: 'two targets of one name',
    text: 'targets:\n  - kind: python\n  - kind: python\n    path: sub\n',
    at: '3:11',
    message: 'Two targets are called python.',
    fix: /another `name`/
  },
  {
    title: 'a root that is not described',
    text: 'targets:\n  - {kind: python, root: natve}\nroots:\n  native: {}\n',
    at: '2:26',
    message: 'There is no root natve.',
    fix: 'Did you mean native?'
  },
  {
    title: 'an empty list of targets',
    text: 'targets: []\n',
    at: '1:10',
    message: 'targets is empty: nothing would be built.'
  },
  {
    title: 'a list as the whole file',
    text: '- kind: python\n',
    at: '1:1',
    message: 'The file has the wrong type.',
    found: 'a list'
  },
  {
    title: 'a word as the whole file',
    text: 'python\n',
    at: '1:1',
    message: 'The file has the wrong type.',
    found: '"python"'
  },
  {
    title: 'a key that is there twice',
    text: 'limits:\n  minutes: 3\n  minutes: 4\n',
    at: '3:3',
    message: 'The key minutes is there twice.',
    fix: 'Remove one of them.'
  },
  {
    title: 'an anchor',
    text: 'inputs: &all\n  - a\n',
    at: '2:3',
    message: 'An anchor is used.',
    found: '&all'
  },
  { title: 'an alias', text: 'inputs: *all\n', at: '1:9', message: 'An alias is used.', found: '*all' },
  {
    title: 'a tag of the application',
    text: 'inputs: !!python/object [a]\n',
    at: '1:25',
    message: 'A YAML tag is used.',
    found: 'tag:yaml.org,2002:python/object'
  },
  {
    title: 'a standard tag',
    text: 'inputs: [!!str 1]\n',
    at: '1:16',
    message: 'A YAML tag is used.',
    found: 'tag:yaml.org,2002:str'
  },
  {
    title: 'several documents',
    text: 'version: 1\n---\nversion: 1\n',
    at: '2:1',
    message: 'The file holds several documents.'
  },
  {
    title: 'a version directive, which would change the meaning of words',
    text: '%YAML 1.1\n---\nversion: 1\n',
    at: '1:1',
    message: 'A YAML directive is used.'
  },
  {
    title: 'a tag directive',
    text: '%TAG ! tag:example.org,2026:\n---\nversion: 1\n',
    at: '1:1',
    message: 'A YAML directive is used.'
  },
  {
    title: 'a byte order mark',
    text: '\uFEFFversion: 1\n',
    at: '1:1',
    message: 'The file holds a byte order mark.'
  },
  {
    title: 'a byte order mark in bytes',
    text: Buffer.from('\uFEFFversion: 1\n'),
    at: '1:1',
    message: 'The file holds a byte order mark.'
  },
  {
    title: 'UTF-16',
    text: Buffer.from('\uFEFFversion: 1\n', 'utf16le'),
    at: '1:1',
    message: 'The file is not UTF-8.'
  },
  {
    title: 'Latin-1',
    text: Buffer.from('version: 1\n# Größe\n', 'latin1'),
    at: '2:5',
    message: 'The file is not UTF-8.',
    fix: 'Save the file as UTF-8.'
  },
  {
    title: 'a control character',
    text: 'version: 1 # \u001b[2J\n',
    at: '1:14',
    message: 'The file holds a control character.',
    found: 'U+001B'
  },
  {
    title: 'a tab as indentation',
    text: 'limits:\n\tminutes: 3\n',
    at: '2:1',
    message: 'A tab is used for indentation.'
  },
  { title: 'a bracket that is not closed', text: 'inputs: [a, b\n', at: '2:1', message: 'This is not YAML.' },
  { title: 'a quote that is not closed', text: 'inputs: ["a]\n', at: '2:1', message: 'This is not YAML.' },
  { title: 'a key that is a list', text: '? [a]\n: b\n', at: '1:3', message: 'A key is not plain text.' },
  {
    title: 'nesting that would exhaust the stack',
    text: '['.repeat(20_000),
    at: '1:',
    message: 'The file is nested too deeply to be a configuration.'
  },
  {
    title: 'nesting that is only absurd',
    text: `inputs: ${'['.repeat(60)}${']'.repeat(60)}`,
    at: '1:',
    message: 'The file is nested too deeply to be a configuration.'
  },
  {
    title: 'a file of a size that no configuration has',
    text: `# ${'x'.repeat(300_000)}\n`,
    at: '1:1',
    message: 'The file is too large to be a configuration.'
  }
]

describe('a configuration that is wrong is refused with place, finding and what is allowed:', () => {
  it.each(cases)('$title', ({ text, at, message, found, expected, fix }) => {
    const error = mistake(text)
    expect(error.code).toBe('config-invalid')
    expect(error.message).toBe(message)
    expect(error.detail.where).toMatch(`${name}:${at}`)
    if (!at.endsWith(':')) expect(error.detail.where).toBe(`${name}:${at}`)
    if (found !== undefined) expect(error.detail.found).toBe(found)
    if (expected !== undefined) expect(error.detail.expected).toMatch(expected)
    if (fix !== undefined) expect(error.detail.fix).toMatch(fix)
    expect(error.detail.fix ?? '').not.toBe('undefined')
  })

  it('says how many more mistakes there are', () => {
    expect(mistake('checks: off\nlimits: {minutes: 0}\n').message).toMatch(/\(The first of 2 mistakes\.\)$/)
  })

  it('refuses a bomb of aliases at once', () => {
    const bomb = [
      'a: &a [x, x]',
      ...'bcdefghij'
        .split('')
        .map(
          (letter, index) =>
            `${letter}: &${letter} [*${'abcdefghij'.charAt(index)}, *${'abcdefghij'.charAt(index)}]`
        )
    ].join('\n')
    const begun = performance.now()
    expect(mistake(bomb).message).toBe('An anchor is used.')
    expect(performance.now() - begun).toBeLessThan(1000)
  })

  it('reads well as a whole', () => {
    expect(describeError(mistake('targets:\n  - kind: pyton\n'))).toBe(
      [
        'config-invalid: targets[0].kind cannot be "pyton".',
        '  at        .github/tagproof.yml:2:11',
        '  found     "pyton"',
        '  expected  one of python, image, deb',
        '  fix       Did you mean python?'
      ].join('\n')
    )
  })
})
