/** All of a stream in memory: for what is known to be small, or was bounded before. */
export async function whole(content: AsyncIterable<Buffer>): Promise<Buffer> {
  const pieces: Buffer[] = []
  for await (const piece of content) pieces.push(piece)
  return Buffer.concat(pieces)
}

/** A stream of one piece, for readers and writers that take no other. */
// eslint-disable-next-line @typescript-eslint/require-await -- a generator that waits for nothing is a stream all the same
export async function* once(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes
}
