import { describe, expect, it } from '@jest/globals'
import { withEmbeddedOriginals } from '../../../src/proof/embedded.ts'

const file = {
  path: 'doc/changelog.rst',
  original: 'Changes\n=======\n\n1.0\n---\n\n* First\n',
  scrambled: 'abc defgh ijklm\nnopq rst\nuvw xyz aa\n'
}

describe('a scrambled text inside metadata', () => {
  it.each([
    ['as it is', (text: string) => `Name: a\n\nReadme\n\n${text}`],
    ['stripped', (text: string) => `Name: a\n\nReadme\n\n${text.trim()}`],
    [
      'with its lines indented',
      (text: string) =>
        `Name: a\nDescription: Readme\n        ${text.split('\n').join('\n        ')}\nLicense: MIT\n`
    ]
  ])('has its original back where it stands %s', (_, within) => {
    expect(withEmbeddedOriginals(within(file.scrambled), [file])).toEqual({
      text: within(file.original),
      put: [file.path]
    })
  })

  it('has it back where its lines ended in CR LF', () => {
    const windows = { ...file, scrambled: file.scrambled.replaceAll('\n', '\r\n') }
    expect(withEmbeddedOriginals(`x\n${file.scrambled}`, [windows])?.text).toBe(`x\n${file.original}`)
  })

  it('stays where only a part of it stands there', () => {
    expect(withEmbeddedOriginals(file.scrambled.slice(0, 30), [file])).toBeUndefined()
  })

  it('stays where it is so short that it may be there by chance', () => {
    expect(withEmbeddedOriginals('abc\n', [{ ...file, scrambled: 'abc\n' }])).toBeUndefined()
  })
})
