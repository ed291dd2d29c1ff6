import { describe, expect, it } from '@jest/globals'
import { tarChecksum, tarEnd, tarHeader, tarPadding } from '../../../src/formats/tar/writer.ts'

const file = { kind: 'file', mode: 0o644, size: 3, mtime: 1_700_000_000 } as const

describe('tarHeader', () => {
  it('writes one ustar block without owners', () => {
    const block = tarHeader({ ...file, path: 'a/b.txt' })
    expect(block).toHaveLength(512)
    expect(block.toString('latin1', 257, 265)).toBe('ustar\x0000')
    expect(block.toString('latin1', 265, 329)).toBe('\0'.repeat(64))
    expect(parseInt(block.toString('latin1', 148, 154), 8)).toBe(tarChecksum(block))
  })

  it.each([
    ['a path of 100 bytes', 'x'.repeat(100), 512],
    ['a path cut at a slash', `${'d'.repeat(155)}/${'x'.repeat(100)}`, 512],
    ['a path that no cut makes fit', 'x'.repeat(101), 1536],
    ['a path with an umlaut', 'ä', 1536]
  ])('takes pax only where ustar cannot say it: %s', (_, path, length) => {
    expect(tarHeader({ ...file, path })).toHaveLength(length)
  })

  it.each([8 * 2 ** 30 - 1, 8 * 2 ** 30])('writes size %d', (size) => {
    expect(tarHeader({ ...file, path: 'big', size })).toHaveLength(size < 8 * 2 ** 30 ? 512 : 1536)
  })

  it('ends a directory in a slash once', () => {
    const plain = { ...file, kind: 'directory', size: 0 } as const
    expect(tarHeader({ ...plain, path: 'd' })).toEqual(tarHeader({ ...plain, path: 'd/' }))
  })

  it.each([
    { ...file, path: '' },
    { ...file, path: 'a\0' },
    { ...file, path: 'a', mode: 0o100644 },
    { ...file, path: 'a', mtime: 0.5 },
    { ...file, path: 'a', size: -1 },
    { ...file, path: 'a', linkTarget: 'b' },
    { ...file, path: 'a', kind: 'symlink' as const, size: 0 }
  ])('refuses what no tar can hold: %j', (fields) => {
    expect(() => tarHeader(fields)).toThrow(RangeError)
  })
})

describe('padding and end', () => {
  it.each([
    [0, 0],
    [1, 511],
    [512, 0],
    [513, 511]
  ])('fills %d bytes with %d zeros', (size, zeros) => {
    expect(tarPadding(size)).toEqual(Buffer.alloc(zeros))
  })

  it('ends with two zero blocks', () => {
    expect(tarEnd).toEqual(Buffer.alloc(1024))
  })
})
