import type { Readable } from 'node:stream'

/** As much of an answer as is needed; one that breaks off still says something. */
export async function beginningOf(
  stream: Readable,
  mostBytes: number
): Promise<{ text: string; whole: boolean }> {
  const pieces: Buffer[] = []
  let size = 0
  let whole = true
  try {
    for await (const piece of stream as AsyncIterable<Buffer>) {
      pieces.push(piece)
      size += piece.length
      if (size >= mostBytes) break
    }
  } catch {
    whole = false
  } finally {
    stream.destroy()
  }
  return { text: Buffer.concat(pieces).subarray(0, mostBytes).toString('utf8'), whole }
}
