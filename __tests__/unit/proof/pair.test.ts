import { describe, expect, it } from '@jest/globals'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { readPair, sameBytes } from '../../../src/proof/pair.ts'
import { inFolder, refusal, tarMember, tarOf } from '../formats/forge.ts'

const sdist = (content: string): Buffer =>
  gzipSync(
    tarOf(
      tarMember('demo-1.0/PKG-INFO', 'Metadata-Version: 2.1\nName: demo\nVersion: 1.0\n'),
      tarMember('demo-1.0/a.py', content)
    )
  )

async function withTwo<T>(a: Buffer, b: Buffer, use: (a: string, b: string) => Promise<T>): Promise<T> {
  return inFolder(async (folder) => {
    const [one, other] = [path.join(folder, 'a.tar.gz'), path.join(folder, 'b.tar.gz')]
    await writeFile(one, a)
    await writeFile(other, b)
    return use(one, other)
  })
}

describe('sameBytes', () => {
  const large = Buffer.alloc(3 * 2 ** 20, 'x')
  const changed = Buffer.from(large)
  changed[changed.length - 1] = 0
  it.each([
    ['equal files', large, Buffer.from(large), true],
    ['empty files', Buffer.alloc(0), Buffer.alloc(0), true],
    ['a file that is longer', large.subarray(1), large, false],
    ['files that differ in the last byte', large, changed, false]
  ])('tells of %s', async (_, a, b, expected) => {
    expect(await withTwo(a, b, sameBytes)).toBe(expected)
  })
})

describe('readPair', () => {
  it('reads equal files once', async () => {
    const { a, b } = await withTwo(sdist('x'), sdist('x'), (one, other) => readPair(one, other, 'sdist'))
    expect(a.members).toHaveLength(2)
    expect(b).toBe(a)
  })

  it('reads files that differ by themselves', async () => {
    const { a, b } = await withTwo(sdist('x'), sdist('y'), (one, other) => readPair(one, other, 'sdist'))
    expect(a.members[1]?.sha256).not.toBe(b.members[1]?.sha256)
  })

  it('refuses what is refused, in either place and in both', async () => {
    const bad = gzipSync(Buffer.alloc(5))
    for (const [a, b] of [
      [sdist('x'), bad],
      [bad, sdist('x')],
      [bad, bad]
    ] as const)
      expect((await withTwo(a, b, (one, other) => refusal(readPair(one, other, 'sdist')))).code).toBe(
        'archive-invalid'
      )
  })
})
