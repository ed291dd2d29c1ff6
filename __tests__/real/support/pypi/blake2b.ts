/** BLAKE2b with 32 bytes of output (RFC 7693), which OpenSSL does not offer; written apart from the one of `src`. */

const mask = (1n << 64n) - 1n
const initial = [
  0x6a09e667f3bcc908n,
  0xbb67ae8584caa73bn,
  0x3c6ef372fe94f82bn,
  0xa54ff53a5f1d36f1n,
  0x510e527fade682d1n,
  0x9b05688c2b3e6c1fn,
  0x1f83d9abfb41bd6bn,
  0x5be0cd19137e2179n
]
/** The order of the words in each round (section 2.7). */
const orders = [
  '0123456789abcdef',
  'ea489fd61c02b753',
  'b8c052fdae367194',
  '7931dcbe265a40f8',
  '905724afe1bc683d',
  '2c6a0b834d75fe19',
  'c51fed4a0763928b',
  'db7ec13950f4862a',
  '6fe9b308c2d714a5',
  'a2847615fb9e3cd0'
].map((line) => line.split('').map((digit) => Number.parseInt(digit, 16)))
const mixes = [
  [0, 4, 8, 12],
  [1, 5, 9, 13],
  [2, 6, 10, 14],
  [3, 7, 11, 15],
  [0, 5, 10, 15],
  [1, 6, 11, 12],
  [2, 7, 8, 13],
  [3, 4, 9, 14]
] as const

const known = new Map<string, string>()

/** @param sha256 of the same bytes: the tests hash the same few files again and again */
export function blake2b256(bytes: Buffer, sha256: string): string {
  const found = known.get(sha256) ?? hash(bytes)
  known.set(sha256, found)
  return found
}

function hash(bytes: Buffer): string {
  const state = [...initial]
  state[0] = at(state, 0) ^ 0x01010020n
  const blocks = Math.max(1, Math.ceil(bytes.length / 128))
  for (let index = 0; index < blocks; index += 1) {
    const block = Buffer.alloc(128)
    bytes.copy(block, 0, index * 128, (index + 1) * 128)
    const last = index === blocks - 1
    compress(state, block, BigInt(last ? bytes.length : (index + 1) * 128), last)
  }
  const out = Buffer.alloc(64)
  state.forEach((word, index) => out.writeBigUInt64LE(word, index * 8))
  return out.toString('hex', 0, 32)
}

function compress(state: bigint[], block: Buffer, counter: bigint, last: boolean): void {
  const words = Array.from({ length: 16 }, (_, index) => block.readBigUInt64LE(index * 8))
  const v = [...state, ...initial]
  v[12] = at(v, 12) ^ counter
  if (last) v[14] = at(v, 14) ^ mask
  for (let round = 0; round < 12; round += 1) {
    const order = orders[round % 10] ?? []
    mixes.forEach(([a, b, c, d], index) => {
      const [x, y] = [at(words, order[index * 2] ?? 0), at(words, order[index * 2 + 1] ?? 0)]
      v[a] = (at(v, a) + at(v, b) + x) & mask
      v[d] = turn(at(v, d) ^ at(v, a), 32n)
      v[c] = (at(v, c) + at(v, d)) & mask
      v[b] = turn(at(v, b) ^ at(v, c), 24n)
      v[a] = (at(v, a) + at(v, b) + y) & mask
      v[d] = turn(at(v, d) ^ at(v, a), 16n)
      v[c] = (at(v, c) + at(v, d)) & mask
      v[b] = turn(at(v, b) ^ at(v, c), 63n)
    })
  }
  for (let index = 0; index < 8; index += 1) state[index] = at(state, index) ^ at(v, index) ^ at(v, index + 8)
}

function turn(word: bigint, by: bigint): bigint {
  return ((word >> by) | (word << (64n - by))) & mask
}

function at(words: readonly bigint[], index: number): bigint {
  return words[index] ?? 0n
}
