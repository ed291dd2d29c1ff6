import { describe, expect, it } from '@jest/globals'
import { readConfig } from '../../../src/documents/config-reading.ts'
import { destinationMistakes } from '../../../src/documents/destination-mistakes.ts'
import { destinationSettings, type DestinationSettings } from '../../../src/documents/destination-settings.ts'
import { TagproofError } from '../../../src/platform/errors.ts'

const read = (text: string): DestinationSettings[] =>
  readConfig(text, 'tagproof.yml').destinations.map(destinationSettings)

describe('destinations', () => {
  it('are none unless they are listed: nothing leaves the machine', () => {
    expect(read('')).toEqual([])
  })

  it('have defaults, and names of their own', () => {
    const local = '{upload: "http://127.0.0.1:8080/legacy/", simple: "http://localhost:8080/simple/"}'
    const text = `destinations: [{kind: pypi}, {kind: pypi, index: testpypi}, {kind: pypi, index: ${local}}, {kind: directory, path: out/simple}]`
    const defaults = { targets: null, preReleases: 'same', attestations: true, createProject: false }
    expect(read(text)).toEqual([
      { kind: 'pypi', name: 'pypi', index: 'pypi', ...defaults },
      { kind: 'pypi', name: 'testpypi', index: 'testpypi', ...defaults },
      {
        kind: 'pypi',
        name: 'index',
        index: { upload: 'http://127.0.0.1:8080/legacy/', simple: 'http://localhost:8080/simple/' },
        ...defaults
      },
      { kind: 'directory', name: 'directory', targets: null, path: 'out/simple' }
    ])
  })

  it('of the other kinds have defaults too', () => {
    const store = '{kind: s3, bucket: debs, role: "arn:aws:iam::123456789012:role/release"}'
    const text = `destinations: [{kind: registry, image: images.example/x}, {kind: apt, store: ${store}, suites: {'{series}': [deb]}}, {kind: files, store: {kind: directory, path: out}}, {kind: github}]`
    const signed = { key: null, signer: null, url: null }
    expect(read(text)).toEqual([
      {
        kind: 'registry',
        name: 'registry',
        targets: null,
        image: 'images.example/x',
        tags: ['{version}'],
        moving: [],
        preReleases: 'stay',
        evidence: false
      },
      {
        kind: 'apt',
        name: 'apt',
        targets: null,
        store: {
          kind: 's3',
          bucket: 'debs',
          region: 'us-east-1',
          endpoint: null,
          prefix: '',
          role: 'arn:aws:iam::123456789012:role/release'
        },
        suites: { '{series}': ['deb'] },
        component: 'main',
        origin: null,
        label: null,
        preReleases: 'skip',
        ...signed
      },
      {
        kind: 'files',
        name: 'files',
        targets: null,
        store: { kind: 'directory', path: 'out' },
        names: '{version}/{file}',
        aliases: {},
        sums: true,
        preReleases: 'stay',
        ...signed
      },
      {
        kind: 'github',
        name: 'github',
        targets: null,
        repository: null,
        api: null,
        notes: null,
        draft: false,
        evidence: true
      }
    ])
  })

  it('take what is said of them', () => {
    const text = [
      'targets: [{kind: python, name: server}, {kind: python, name: client, path: client}]',
      'destinations:',
      '  - {kind: pypi, targets: [server], pre-releases: testpypi, create-project: true}',
      '  - {kind: pypi, name: other, targets: [client], attestations: false}'
    ].join('\n')
    expect(read(text)).toMatchObject([
      { name: 'pypi', targets: ['server'], preReleases: 'testpypi', createProject: true },
      { name: 'other', targets: ['client'], attestations: false }
    ])
  })

  it.each([
    [
      '{kind: pypi, index: pipy}',
      'index cannot be "pipy".',
      'one of pypi, testpypi, or a mapping with upload, simple'
    ],
    ['{kind: pypi, index: {upload: "https://x/"}}', 'index.simple is missing.', /^a text/],
    [
      '{kind: pypi, index: {upload: "https://x/", simple: "https://x/", uplod: a}}',
      'There is no key "uplod" in',
      'one of upload, simple'
    ],
    ['{kind: directory}', 'path is missing.', /^a text/],
    [
      '{kind: pypi, path: x}',
      'path cannot be "x".',
      'no such key: only a destination of kind directory has it'
    ],
    [
      '{kind: pypi, index: testpypi, pre-releases: testpypi}',
      'pre-releases cannot be "testpypi".',
      /^same: only what goes to pypi/
    ],
    ['{kind: pypi}, {kind: pypi}', 'Two destinations are called pypi.', /a name of its own/],
    [
      '{kind: pypi}, {kind: pypi, name: two}',
      'two and pypi send the same targets to one place.',
      /each target once/
    ],
    ['{kind: regisry}', 'kind cannot be "regisry".', 'one of pypi, directory, registry, apt, files, github'],
    ['{kind: registry}', 'image is missing.', /^a text/],
    ['{kind: registry, image: ckan/ckan-base}', 'image cannot be', /with the host of its registry$/],
    ['{kind: registry, image: images.example/x, tags: ["{vresion}"]}', 'tags[0] cannot be', /\{version\}/],
    ['{kind: registry, image: images.example/x, tags: ["../x"]}', 'tags[0] cannot be', /./],
    [
      '{kind: registry, image: images.example/x, pre-releases: take}',
      'pre-releases cannot be "take".',
      'stay or move for a destination of kind registry'
    ],
    ['{kind: apt, suites: {jammy: [deb]}}', 'store is missing.', /./],
    ['{kind: apt, store: {kind: s3}, suites: {jammy: [deb]}}', 'store.bucket is missing.', /^a text/],
    [
      '{kind: apt, store: {kind: s3, bucket: debs, branch: x}, suites: {jammy: [deb]}}',
      'store.branch cannot be "x".',
      'no such key: only a store of kind git has it'
    ],
    [
      '{kind: files, store: {kind: git, branch: "-x"}}',
      'store.branch cannot be "-x".',
      'the name of a branch'
    ],
    [
      '{kind: files, store: {kind: git, branch: gh-pages, path: ../x}}',
      'store.path cannot be "../x".',
      /relative to its root$/
    ],
    [
      '{kind: files, store: {kind: git, branch: gh-pages, remote: "ext::sh -c id"}}',
      'store.remote cannot be',
      'the address of a git repository'
    ],
    ['{kind: files, store: {kind: directory, path: x}, names: "/{file}"}', 'names cannot be', /./],
    ['{kind: github, repository: ckan}', 'repository cannot be "ckan".', 'OWNER/NAME']
  ])('%s is a mistake', (text, message, expected) => {
    const { code, message: said, detail } = mistake(`destinations: [${text}]`)
    expect([code, said]).toEqual(['config-invalid', expect.stringContaining(message)])
    expect(detail.where).toMatch(/^tagproof\.yml:1:\d+$/)
    if (expected instanceof RegExp) expect(detail.expected).toMatch(expected)
    else expect(detail.expected).toBe(expected)
  })

  it.each([
    'http://example.org/legacy/',
    'http://127.0.0.1.example.org/',
    'http://localhost@example.org/',
    'https://user:word@example.org/',
    'https://example.org/?token=1',
    'https://example.org\\@127.0.0.1/',
    'ftp://127.0.0.1/'
  ])('an index at %s gets no token', (upload) => {
    const text = `destinations: [{kind: pypi, index: {upload: '${upload}', simple: 'https://example.org/simple/'}}]`
    expect(mistake(text).detail.expected).toMatch(/^an https URL \(http to this machine alone\)/)
  })

  it('have addresses that fit into a receipt', () => {
    const long = `https://example.org/${'a'.repeat(500)}`
    const text = `destinations: [{kind: pypi, index: {upload: '${long}', simple: 'https://example.org/'}}]`
    expect(mistake(text).message).toMatch(/index\.upload cannot be/)
    expect(mistake(`destinations: [{kind: directory, path: ${'a'.repeat(501)}}]`).message).toMatch(
      /path cannot be/
    )
  })

  it('go with the targets that there are', () => {
    expect(mistake('targets: [{kind: deb}]\ndestinations: [{kind: pypi}]').message).toBe(
      'A destination of kind pypi has nothing to take: no target is a Python package.'
    )
    const wrong = mistake('targets: [{kind: python}]\ndestinations: [{kind: pypi, targets: [pyton]}]')
    expect([wrong.message, wrong.detail.fix]).toEqual(['There is no target pyton.', 'Did you mean python?'])
    const deb = mistake(
      'targets: [{kind: python}, {kind: deb}]\ndestinations: [{kind: pypi, targets: [deb]}]'
    )
    expect(deb.message).toMatch(/^The target deb is of kind deb/)
    const apt = 'kind: apt, store: {kind: directory, path: x}'
    const suite = mistake(
      `targets: [{kind: python}, {kind: deb}]\ndestinations: [{${apt}, suites: {jammy: [deb, python]}}]`
    )
    expect([suite.message, suite.detail.where]).toEqual([
      'The target python is of kind python, which goes to no suite.',
      'tagproof.yml:2:85'
    ])
  })

  it('are held against the targets of the tree where the configuration lists none', () => {
    const { destinations } = readConfig('destinations: [{kind: pypi, targets: [server]}]', 'tagproof.yml')
    const python = { name: 'python', kind: 'python' }
    expect(destinationMistakes(destinations, [python])).toMatchObject([
      { message: 'There is no target server.' }
    ])
    expect(destinationMistakes(destinations, [{ ...python, name: 'server' }])).toEqual([])
  })
})

function mistake(text: string): TagproofError {
  try {
    readConfig(text, 'tagproof.yml')
  } catch (error) {
    if (error instanceof TagproofError) return error
    throw error
  }
  throw new Error('the text was accepted')
}
