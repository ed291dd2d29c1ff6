import { createHash } from 'node:crypto'
import type { Readable } from 'node:stream'
import { TagproofError } from '../platform/errors.ts'
import type { HttpAnswer, HttpClient } from '../platform/http.ts'

export interface HashRequest {
  /** Asks for it, anew each time. */
  open: () => Promise<HttpAnswer & { stream: Readable }>
  /** For messages. */
  what: string
  /** Reading ends behind them: `size` is then larger than it. */
  mostBytes: number
  /** Statuses that say that there is nothing. */
  nothing: readonly number[]
  /** Throws for an answer that is not to be read: one that a redirect must not have led to. */
  check?: (answer: HttpAnswer) => void
  http: Pick<HttpClient, 'attempts' | 'pause'>
  signal?: AbortSignal | undefined
}

/**
 * SHA-256 and size of what a server gives out, without keeping it. A download that breaks off begins anew.
 *
 * @returns null where there is nothing
 * @throws TagproofError `network`, `cancelled`; of `open` and `check`
 */
export async function hashOfAnswer(request: HashRequest): Promise<{ sha256: string; size: number } | null> {
  const { open, http, signal } = request
  for (let attempt = 1; ; attempt += 1) {
    const answer = await open()
    try {
      request.check?.(answer)
      if (request.nothing.includes(answer.status)) return null
      const hash = createHash('sha256')
      let size = 0
      for await (const piece of answer.stream as AsyncIterable<Buffer>) {
        hash.update(piece)
        size += piece.length
        if (size > request.mostBytes) break
      }
      return { sha256: hash.digest('hex'), size }
    } catch (cause) {
      if (signal?.aborted === true) throw new TagproofError('cancelled', 'Stopped on request.')
      if (cause instanceof TagproofError && cause.code !== 'network') throw cause
      if (attempt >= http.attempts)
        throw new TagproofError('network', `${request.what} broke off.`, {
          found: `${(cause as Error).message} (${attempt} attempts)`,
          fix: 'Run it again: what is there already is not sent again.',
          cause
        })
      await http.pause(attempt, undefined, signal)
    } finally {
      answer.stream.destroy()
    }
  }
}
