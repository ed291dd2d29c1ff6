import { once } from 'node:events'
import type { ClientRequest, IncomingMessage } from 'node:http'
import type { Readable } from 'node:stream'
import { setImmediate as nextTurn } from 'node:timers/promises'

/**
 * Sends the body of a request piece by piece. A server that refuses before it has all is heard: between two pieces comes
 * what it has sent, so that not only its closed connection is noticed. After a refusal nothing more is sent; the connection
 * ends with the answer, since the server still waits for the rest. An error of the body ends the request with it.
 */
export async function sendBody(body: Readable, outgoing: ClientRequest): Promise<void> {
  const heard = { refusal: false }
  const over = new AbortController()
  outgoing.once('close', () => over.abort())
  outgoing.once('response', (answer: IncomingMessage) => {
    heard.refusal = (answer.statusCode ?? 0) >= 300 && !outgoing.writableEnded
    if (!heard.refusal) return
    over.abort()
    answer.once('close', () => outgoing.destroy())
  })
  try {
    for await (const piece of body as AsyncIterable<Uint8Array>) {
      if (heard.refusal || outgoing.destroyed) return
      if (!outgoing.write(piece) && !over.signal.aborted)
        await once(outgoing, 'drain', { signal: over.signal }).catch(() => undefined)
      // Twice: what a server says to a piece reaches us in the turn after the one in which it came to it.
      await nextTurn()
      await nextTurn()
    }
    if (!heard.refusal) outgoing.end()
  } catch (error) {
    outgoing.destroy(error as Error)
  } finally {
    body.destroy()
  }
}
