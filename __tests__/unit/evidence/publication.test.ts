import { expect, it } from '@jest/globals'
import type { PublishedArtifact, PublishedName } from '../../../src/destinations/publication.ts'
import { formatPublication } from '../../../src/evidence/publication.ts'
import { sha256OfBytes } from '../../../src/platform/files.ts'

const readBack = {
  name: 'x.whl',
  sha256: sha256OfBytes('x'),
  checks: [{ what: 'bytes', result: 'agrees' as const, note: '' }]
}
const file: PublishedArtifact = {
  artifact: 'x.whl',
  destination: 'pypi',
  address: 'the index',
  found: 'absent',
  written: 'sent',
  readBack
}
const name: PublishedName = {
  name: 'latest',
  destination: 'registry',
  address: 'images.example/x',
  before: null,
  outcome: 'moved',
  readBack: { name: 'latest', found: 'sha256:1', checks: [] }
}

it('says of each name what it stood for, and stands for', () => {
  const ahead: PublishedName = {
    ...name,
    name: '2',
    before: `sha256:${'9'.repeat(64)}`,
    outcome: 'ahead',
    readBack: null
  }
  expect(formatPublication({ tag: 'v1' }, { artifacts: [file], names: [name, ahead] }).split('\n')).toEqual([
    'artifact  destination       found   written  read back',
    'x.whl     pypi (the index)  absent  yes      bytes agrees',
    '',
    'name    destination                  stood for             stands for       moved',
    'latest  registry (images.example/x)  nothing               sha256:1         yes',
    '2       registry (images.example/x)  sha256:999999999999…  a newer release  no: a newer release has it',
    '',
    'All written. 1 of 2 names moved. Every file was read back and is what was proven.'
  ])
})
