/** Passes a stream on, and tells a hash what goes by. */
export async function* hashed<Piece extends Uint8Array>(
  content: AsyncIterable<Piece>,
  hash: { update(bytes: Uint8Array): unknown }
): AsyncGenerator<Piece, void, void> {
  for await (const piece of content) {
    hash.update(piece)
    yield piece
  }
}
