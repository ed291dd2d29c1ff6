import { describe, expect, it } from '@jest/globals'
import type { DestinationConfig } from '../../../src/documents/destination-settings.ts'
import { indexTargets } from '../../../src/targets/python/index-targets.ts'

const targets = [
  { name: 'client', kind: 'python' },
  { name: 'server', kind: 'python' },
  { name: 'image', kind: 'image' }
]
const other = { upload: 'https://index.example/up/', simple: 'https://index.example/simple/' }

describe('targets that keep to the rules of the public index', () => {
  it.each<[string, DestinationConfig[], string[]]>([
    ['none without destinations', [], []],
    ['all Python targets by default', [{ kind: 'pypi' }], ['client', 'server']],
    ['those of its test instance', [{ kind: 'pypi', index: 'testpypi' }], ['client', 'server']],
    ['the named ones', [{ kind: 'pypi', targets: ['server'] }], ['server']],
    [
      'those of several destinations',
      [
        { kind: 'pypi', targets: ['server'] },
        { kind: 'pypi', index: 'testpypi', targets: ['client'] }
      ],
      ['client', 'server']
    ],
    ['none for a folder', [{ kind: 'directory', path: 'out' }], []],
    ['none for another index, which has rules of its own', [{ kind: 'pypi', index: other }], []]
  ])('%s', (_, destinations, expected) => {
    expect(indexTargets(destinations, targets)).toEqual(expected)
  })
})
