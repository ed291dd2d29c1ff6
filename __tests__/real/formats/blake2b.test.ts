import { describe, expect, it } from '@jest/globals'
import { Blake2b256 } from '../../../src/formats/blake2b.ts'
import { plainEnvironment, runChecked } from '../../../src/platform/process.ts'

const lengths = [...Array.from({ length: 300 }, (_, length) => length), 4096, 65_536, 100_001]

const bytesOf = (length: number): Uint8Array =>
  Uint8Array.from({ length }, (_, at) => (at * 7 + (at >> 8)) % 256)

describe('BLAKE2b with 32 bytes', () => {
  it("is Python's, for every length around its blocks", async () => {
    const code = `import hashlib, json
lengths = json.loads(${JSON.stringify(JSON.stringify(lengths))})
content = lambda n: bytes((i * 7 + (i >> 8)) % 256 for i in range(n))
print(json.dumps([hashlib.blake2b(content(n), digest_size=32).hexdigest() for n in lengths]))`
    const expected = JSON.parse(
      await runChecked('python3', ['-c', code], { env: plainEnvironment })
    ) as unknown
    expect(lengths.map((length) => new Blake2b256().update(bytesOf(length)).digest())).toEqual(expected)
  })

  it.each([1, 63, 64, 127, 128, 129, 256])('does not depend on pieces of %d bytes', (length) => {
    const whole = bytesOf(1000)
    const hash = new Blake2b256()
    for (let at = 0; at < whole.length; at += length) hash.update(whole.subarray(at, at + length))
    expect(hash.digest()).toBe(new Blake2b256().update(whole).digest())
  })
})
