import { describe, expect, it } from '@jest/globals'
import { readTar } from '../../../src/formats/tar/reader.ts'
import { tarEnd, tarHeader, tarPadding } from '../../../src/formats/tar/writer.ts'
import { refusal } from './forge.ts'

const piece = Buffer.alloc(1 << 20, 'x')
const gibibyte = 2 ** 30

function header(path: string, size: number): Buffer {
  return tarHeader({ path, kind: 'file', mode: 0o644, size, mtime: 0 })
}

/** A tar stream that nobody could hold: one member of `given` bytes, said to have `said`, and a small one after it. */
// eslint-disable-next-line @typescript-eslint/require-await -- streams are asynchronous
async function* largeTar(said: number, given: number): AsyncGenerator<Buffer> {
  yield header('large', said)
  for (let left = given; left > 0; left -= piece.length) yield piece.subarray(0, Math.min(left, piece.length))
  yield tarPadding(said)
  yield header('small', 1)
  yield Buffer.concat([Buffer.from('s'), tarPadding(1), tarEnd])
}

/** Sizes of the members, and by how much the process grew meanwhile in MiB. */
async function read(stream: AsyncIterable<Buffer>): Promise<{ sizes: [string, number][]; growth: number }> {
  const sizes: [string, number][] = []
  const before = process.memoryUsage.rss()
  let most = before
  for await (const { path, content } of readTar(stream)) {
    let size = 0
    for await (const bytes of content) {
      if (size % (64 * piece.length) === 0) most = Math.max(most, process.memoryUsage.rss())
      size += bytes.length
    }
    sizes.push([path, size])
  }
  return { sizes, growth: (most - before) / 2 ** 20 }
}

describe('a member of gigabytes', () => {
  it('streams through in bounded memory', async () => {
    const { sizes, growth } = await read(largeTar(3 * gibibyte, 3 * gibibyte))
    expect(sizes).toEqual([
      ['large', 3 * gibibyte],
      ['small', 1]
    ])
    expect(growth).toBeLessThan(100)
  })

  it('is refused where it ends before its size, at its place', async () => {
    const error = await refusal(read(largeTar(9 * gibibyte, 4 * piece.length)))
    expect(error.message).toMatch(/tar entry 0 at offset 0 \("large"\): the archive ends inside the content/)
  })
})
