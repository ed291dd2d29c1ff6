const mask = 0xffffffffffffffffn

/** SipHash-c-d with a 64-bit output (Aumasson and Bernstein, 2012); `k1` is 0 in CPython's use. */
export function siphash(k0: bigint, data: Buffer, rounds: { c: number; d: number }): bigint {
  let v0 = 0x736f6d6570736575n ^ k0
  let v1 = 0x646f72616e646f6dn
  let v2 = 0x6c7967656e657261n ^ k0
  let v3 = 0x7465646279746573n
  const rotate = (value: bigint, bits: bigint): bigint => ((value << bits) | (value >> (64n - bits))) & mask
  const round = (): void => {
    v0 = (v0 + v1) & mask
    v1 = rotate(v1, 13n) ^ v0
    v0 = rotate(v0, 32n)
    v2 = (v2 + v3) & mask
    v3 = rotate(v3, 16n) ^ v2
    v0 = (v0 + v3) & mask
    v3 = rotate(v3, 21n) ^ v0
    v2 = (v2 + v1) & mask
    v1 = rotate(v1, 17n) ^ v2
    v2 = rotate(v2, 32n)
  }
  const block = (word: bigint): void => {
    v3 ^= word
    for (let at = 0; at < rounds.c; at += 1) round()
    v0 ^= word
  }
  const whole = data.length - (data.length % 8)
  for (let at = 0; at < whole; at += 8) block(data.readBigUInt64LE(at))
  let last = BigInt(data.length & 0xff) << 56n
  for (let at = whole; at < data.length; at += 1) last |= BigInt(data[at] ?? 0) << BigInt(8 * (at - whole))
  block(last)
  v2 ^= 0xffn
  for (let at = 0; at < rounds.d; at += 1) round()
  return v0 ^ v1 ^ v2 ^ v3
}
