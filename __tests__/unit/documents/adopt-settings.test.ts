import { describe, expect, it } from '@jest/globals'
import { configSchema } from '../../../src/documents/config.ts'

const messages = (target: object): string[] => {
  const read = configSchema.safeParse({ targets: [target] })
  return read.success ? [] : read.error.issues.map(({ message }) => message)
}
const adopting = (...adopt: object[]): object => ({ kind: 'python', adopt })

describe('adopt', () => {
  it('takes globs of wheels, in two sets unless one must do for a reason', () => {
    const reason = 'there is one runner for this platform'
    expect(messages(adopting({ wheels: '*-manylinux*_x86_64.whl' }))).toEqual([])
    expect(messages(adopting({ wheels: '*-{win32,win_amd64}.whl', sets: 1, reason }))).toEqual([])
  })

  it.each<[string, object, RegExp]>([
    ['one set without a reason', { wheels: '*.whl', sets: 1 }, /needs a reason/],
    ['a reason for two sets', { wheels: '*.whl', reason: 'because it is so' }, /needs a reason/],
    ['three sets', { wheels: '*.whl', sets: 3 }, /./],
    ['a path', { wheels: 'wheels/*.whl' }, /file names/],
    ['another key', { wheels: '*.whl', from: 'elsewhere' }, /./]
  ])('refuses %s', (_, entry, message) => {
    expect(messages(adopting(entry)).join()).toMatch(message)
  })

  it('is for python targets alone, and never an empty list', () => {
    expect(messages({ kind: 'deb', adopt: [{ wheels: '*.whl' }] })).toEqual([
      'only a target of kind python has this key'
    ])
    expect(messages(adopting())).toHaveLength(1)
  })
})
