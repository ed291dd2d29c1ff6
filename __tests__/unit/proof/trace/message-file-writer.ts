/** A `.mo` file of messages, as GNU msgfmt lays it out, by a second implementation of the format. */
export function writeMessageFile(
  messages: readonly [original: string, translation: string][],
  { hashTable = false, bigEndian = false }: { hashTable?: boolean; bigEndian?: boolean } = {}
): Buffer {
  const sorted = [...messages].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
  const count = sorted.length
  const size = hashTable ? nextPrime(Math.floor((count * 4) / 3)) : 0
  const strings = 28 + count * 16 + size * 4
  const words = [0x950412de, 0, count, 28, 28 + count * 8, size, 28 + count * 16]
  const texts: Buffer[] = []
  let at = strings
  for (const side of [0, 1] as const)
    for (const message of sorted) {
      const text = Buffer.from(`${message[side]}\0`)
      words.push(text.length - 1, at)
      texts.push(text)
      at += text.length
    }
  const slots = Array.from({ length: size }, () => 0)
  for (const [index, [original]] of (hashTable ? sorted : []).entries()) {
    const hash = weinberger(original.split('\0')[0] ?? '')
    let slot = hash % size
    while (slots[slot] !== 0) slot = (slot + 1 + (hash % (size - 2))) % size
    slots[slot] = index + 1
  }
  words.push(...(hashTable ? slots : []))
  const head = Buffer.alloc(words.length * 4)
  words.forEach((word, index) =>
    bigEndian ? head.writeUInt32BE(word, index * 4) : head.writeUInt32LE(word, index * 4)
  )
  return Buffer.concat([head, ...texts])
}

function nextPrime(from: number): number {
  const isPrime = (number: number): boolean => {
    for (let divisor = 2; divisor * divisor <= number; divisor += 1) if (number % divisor === 0) return false
    return number > 2
  }
  let candidate = Math.max(from, 3)
  while (!isPrime(candidate)) candidate += 1
  return candidate
}

/** The hash of hash-string.h, in big integers. */
function weinberger(text: string): number {
  let hash = 0n
  for (const byte of Buffer.from(text)) {
    hash = (hash << 4n) + BigInt(byte)
    const high = hash & 0xf0000000n
    if (high !== 0n) hash = hash ^ (high >> 24n) ^ high
  }
  return Number(hash)
}
