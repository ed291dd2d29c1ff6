import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { formatRecord, parseRecord } from '../../../src/formats/record.ts'

const digest = 'ab'.repeat(32)
const encoded = Buffer.from(digest, 'hex').toString('base64url')

describe('RECORD', () => {
  it('is read: quoted paths, both line ends, a file without hash', () => {
    expect(parseRecord(`a.py,sha256=${encoded},3\r\n"b,""c"".py",sha256=${encoded},0\nd/RECORD,,\n`)).toEqual(
      [
        { path: 'a.py', algorithm: 'sha256', digest, size: 3 },
        { path: 'b,"c".py', algorithm: 'sha256', digest, size: 0 },
        { path: 'd/RECORD', algorithm: null, digest: null, size: null }
      ]
    )
  })

  it('is written so that it is read back', () => {
    const line = fc.record({
      path: fc.string({ minLength: 1 }).filter((path) => !/[\r\n]/.test(path)),
      algorithm: fc.constant('sha256' as const),
      digest: fc.constant(digest),
      size: fc.nat()
    })
    fc.assert(fc.property(fc.array(line), (lines) => expect(parseRecord(formatRecord(lines))).toEqual(lines)))
  })

  it.each([
    ['two fields', 'a,\n', /three fields/],
    ['no path', ',,\n', /three fields/],
    ['md5', 'a,md5=abcd,1\n', /not sha256, sha384 or sha512/],
    ['a hash of the wrong length', 'a,sha256=YWJj,1\n', /wrong length/],
    ['padded base64', `a,sha256=${encoded}=,1\n`, /not sha256/],
    ['a size that is no number', `a,sha256=${encoded},x\n`, /malformed size/],
    ['a stray quote', `a"b,sha256=${encoded},1\n`, /stray quote/]
  ])('refuses %s', (_, text, message) => {
    expect(() => parseRecord(text)).toThrow(message)
  })
})
