import { inflateRawSync } from 'node:zlib'
import { describe, expect, it } from '@jest/globals'
import { deflateSync } from 'fflate'
import { deflateTo, sparse, sparseTo } from '../../../src/worlds/deflate-fit.ts'

const filling = { noise: Buffer.from(Array.from({ length: 24 }, (_, at) => (at * 97 + 13) & 255)), fill: 0 }

describe('deflateTo', () => {
  it('gives a stream of the very size, or none where it is too large or 1, 2, 3, 4 or 8 bytes short', () => {
    const content = Buffer.from('some text, some text, and more of it')
    const shortest = deflateSync(content).length
    for (let left = -5; left < 60; left += 1) {
      const stream = deflateTo(content, shortest + left)
      expect([left, stream?.length]).toEqual([
        left,
        left < 0 || [1, 2, 3, 4, 8].includes(left) ? undefined : shortest + left
      ])
      if (stream !== undefined) expect(inflateRawSync(stream)).toEqual(content)
    }
  })
})

describe('sparseTo', () => {
  it('finds a content of the length whose stream has the size', () => {
    for (const length of [1, 5, 40, 5000])
      for (let size = 60; size < 90; size += 1) {
        const fitted = sparseTo(length, size, filling)
        expect(fitted?.stream.length).toBe(size)
        expect(inflateRawSync(fitted?.stream ?? Buffer.alloc(0))).toEqual(fitted?.content)
        expect(fitted?.content.length).toBe(length)
      }
    expect(sparseTo(200_000, 20, filling)).toBeUndefined()
  })

  it('has noise at its beginning, no more than it is long', () => {
    expect(sparse(4, filling)).toEqual(filling.noise.subarray(0, 4))
    expect(sparse(30, filling, 2)).toEqual(Buffer.concat([filling.noise.subarray(0, 2), Buffer.alloc(28)]))
  })
})
