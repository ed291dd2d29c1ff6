import { createReadStream } from 'node:fs'

/** Initial values of BLAKE2b (RFC 7693, 2.6), low and high halves by turns. */
const initial = Int32Array.of(
  0xf3bcc908,
  0x6a09e667,
  0x84caa73b,
  0xbb67ae85,
  0xfe94f82b,
  0x3c6ef372,
  0x5f1d36f1,
  0xa54ff53a,
  0xade682d1,
  0x510e527f,
  0x2b3e6c1f,
  0x9b05688c,
  0xfb41bd6b,
  0x1f83d9ab,
  0x137e2179,
  0x5be0cd19
)

/** Order of the message words in each of the twelve rounds (RFC 7693, 2.7), a hex digit each. */
const schedule = [
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
].map((round) => Array.from(round, (digit) => 2 * parseInt(digit, 16)))
const rounds = Uint8Array.from([...schedule, schedule[0] ?? [], schedule[1] ?? []].flat())

const blockLength = 128

/**
 * BLAKE2b with a digest of 32 bytes and no key (RFC 7693), which the package index names files by. Node's OpenSSL has
 * the digest of 64 bytes alone, and the shorter one is not its beginning. Nothing is trusted because of it: the index
 * compares it with its own, and integrity rests on SHA-256.
 */
export class Blake2b256 {
  private readonly state = Int32Array.from(initial)
  private readonly work = new Int32Array(32)
  private readonly message = new Int32Array(32)
  private readonly block = Buffer.alloc(blockLength)
  private filled = 0
  private counted = 0

  constructor() {
    // The parameter block: digest length 32, no key, fan-out and depth 1.
    this.state[0] = (initial[0] ?? 0) ^ 0x01010020
  }

  update(bytes: Uint8Array): this {
    let at = 0
    while (at < bytes.length) {
      // The last block is compressed in another way, so a full one waits for more.
      if (this.filled === blockLength) {
        this.counted += blockLength
        this.compress(false)
        this.filled = 0
      }
      const taken = Math.min(blockLength - this.filled, bytes.length - at)
      this.block.set(bytes.subarray(at, at + taken), this.filled)
      this.filled += taken
      at += taken
    }
    return this
  }

  /** Ends the hash. @returns lower-case hex */
  digest(): string {
    this.counted += this.filled
    this.block.fill(0, this.filled)
    this.compress(true)
    const result = Buffer.alloc(32)
    for (let word = 0; word < 8; word += 1) result.writeInt32LE(this.state[word] ?? 0, 4 * word)
    return result.toString('hex')
  }

  private compress(last: boolean): void {
    const { state, work, message, block } = this
    for (let word = 0; word < 32; word += 1) message[word] = block.readInt32LE(4 * word)
    work.set(state)
    work.set(initial, 16)
    work[24] = (work[24] ?? 0) ^ this.counted
    work[25] = (work[25] ?? 0) ^ Math.floor(this.counted / 2 ** 32)
    if (last) {
      work[28] = ~(work[28] ?? 0)
      work[29] = ~(work[29] ?? 0)
    }
    for (let round = 0; round < 192; round += 16) {
      for (let pair = 0; pair < 8; pair += 1) {
        const column = 2 * (pair & 3)
        const shift = pair < 4 ? 0 : 2
        mix(
          work,
          column,
          8 + ((column + shift) & 7),
          16 + ((column + 2 * shift) & 7),
          24 + ((column + 3 * shift) & 7),
          message,
          rounds[round + 2 * pair] ?? 0,
          rounds[round + 2 * pair + 1] ?? 0
        )
      }
    }
    for (let word = 0; word < 16; word += 1)
      state[word] = (state[word] ?? 0) ^ (work[word] ?? 0) ^ (work[word + 16] ?? 0)
  }
}

/** The mixing function G (RFC 7693, 3.1) on words of 64 bits, each as its low half and the high half behind it. */
function mix(
  v: Int32Array,
  a: number,
  b: number,
  c: number,
  d: number,
  m: Int32Array,
  x: number,
  y: number
): void {
  let aLow = v[a] ?? 0
  let aHigh = v[a + 1] ?? 0
  let bLow = v[b] ?? 0
  let bHigh = v[b + 1] ?? 0
  let cLow = v[c] ?? 0
  let cHigh = v[c + 1] ?? 0
  let dLow = v[d] ?? 0
  let dHigh = v[d + 1] ?? 0
  // a += b + x; d = (d ^ a) >>> 32
  let sum = (aLow >>> 0) + (bLow >>> 0) + ((m[x] ?? 0) >>> 0)
  aHigh = (aHigh + bHigh + (m[x + 1] ?? 0) + ((sum / 0x100000000) | 0)) | 0
  aLow = sum | 0
  let low = dLow ^ aLow
  dLow = dHigh ^ aHigh
  dHigh = low
  // c += d; b = (b ^ c) >>> 24
  sum = (cLow >>> 0) + (dLow >>> 0)
  cHigh = (cHigh + dHigh + ((sum / 0x100000000) | 0)) | 0
  cLow = sum | 0
  low = bLow ^ cLow
  let high = bHigh ^ cHigh
  bLow = (low >>> 24) | (high << 8)
  bHigh = (high >>> 24) | (low << 8)
  // a += b + y; d = (d ^ a) >>> 16
  sum = (aLow >>> 0) + (bLow >>> 0) + ((m[y] ?? 0) >>> 0)
  aHigh = (aHigh + bHigh + (m[y + 1] ?? 0) + ((sum / 0x100000000) | 0)) | 0
  aLow = sum | 0
  low = dLow ^ aLow
  high = dHigh ^ aHigh
  dLow = (low >>> 16) | (high << 16)
  dHigh = (high >>> 16) | (low << 16)
  // c += d; b = (b ^ c) >>> 63
  sum = (cLow >>> 0) + (dLow >>> 0)
  cHigh = (cHigh + dHigh + ((sum / 0x100000000) | 0)) | 0
  cLow = sum | 0
  low = bLow ^ cLow
  high = bHigh ^ cHigh
  v[a] = aLow
  v[a + 1] = aHigh
  v[b] = (low << 1) | (high >>> 31)
  v[b + 1] = (high << 1) | (low >>> 31)
  v[c] = cLow
  v[c + 1] = cHigh
  v[d] = dLow
  v[d + 1] = dHigh
}

/** BLAKE2b-256 of a file, read piece by piece; lower-case hex. */
export async function blake2b256OfFile(file: string): Promise<string> {
  const hash = new Blake2b256()
  for await (const piece of createReadStream(file, { highWaterMark: 1 << 20 })) hash.update(piece as Buffer)
  return hash.digest()
}
