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
    ['{kind: registry}', 'kind cannot be "registry".', 'one of pypi, directory']
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
