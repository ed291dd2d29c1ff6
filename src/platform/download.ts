import { createHash, type Hash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import type { Sha256 } from '../documents/identifiers.ts'
import { TagproofError } from './errors.ts'
import type { HttpClient } from './http.ts'
import { parseContentRange, showUrl } from './http-rules.ts'

export interface Expected {
  size: number
  sha256: Sha256
}

/**
 * Downloads one file whose size and hash are known into `partial`, which may hold the beginning of it already.
 * Bytes are hashed as they arrive; a cut connection goes on where it stopped (`Range`), at most `client.attempts`
 * times without a new byte. What does not match is removed at once.
 *
 * @returns how many bytes came over the network
 * @throws TagproofError `hash-mismatch` for other bytes or another size, else as {@link HttpClient}
 */
export async function downloadFile(
  client: HttpClient,
  url: string,
  partial: string,
  expected: Expected,
  options: {
    headers?: Readonly<Record<string, string>>
    signal?: AbortSignal
    onBytes?: (count: number) => void
  } = {}
): Promise<number> {
  const handle = await open(partial, 'a+')
  const state: State = { handle, hash: createHash('sha256'), have: 0, inherited: 0, received: 0 }
  try {
    await takeUp(state, partial, expected)
    let best = state.have
    for (let failures = 1; ;) {
      try {
        if (state.have < expected.size || expected.size === 0)
          await receive(client, url, state, expected, options)
        const found = state.hash.copy().digest('hex')
        if (found === expected.sha256) return state.received
        if (state.inherited === 0) throw await refuse(state, url, 'hash', found, expected.sha256)
        // The beginning was not ours to trust: once more from the start.
        await startOver(state)
      } catch (error) {
        const passing = error instanceof TagproofError && error.code === 'network'
        if (options.signal?.aborted === true) throw new TagproofError('cancelled', 'Stopped on request.')
        // Only bytes beyond all earlier ones are progress: a server may send the same beginning for ever.
        failures = state.have > best ? 1 : failures + 1
        best = Math.max(best, state.have)
        if (!passing || failures > client.attempts) throw error
        await client.pause(failures, undefined, options.signal)
      }
    }
  } finally {
    await handle.close()
  }
}

interface State {
  handle: FileHandle
  hash: Hash
  have: number
  /** Bytes that an earlier process has left; they may be anything. */
  inherited: number
  received: number
}

/** Hashes what an interrupted download has left. */
async function takeUp(state: State, partial: string, expected: Expected): Promise<void> {
  const { size } = await state.handle.stat()
  if (size > expected.size) {
    await state.handle.truncate(0)
    return
  }
  for await (const chunk of createReadStream(partial, {
    end: Math.max(size - 1, 0)
  }) as AsyncIterable<Buffer>) {
    state.hash.update(chunk)
    state.have += chunk.length
  }
  state.inherited = state.have
}

async function receive(
  client: HttpClient,
  url: string,
  state: State,
  expected: Expected,
  options: {
    headers?: Readonly<Record<string, string>>
    signal?: AbortSignal
    onBytes?: (count: number) => void
  }
): Promise<void> {
  const answer = await client.open({
    url,
    headers: { ...options.headers, ...(state.have > 0 ? { range: `bytes=${state.have}-` } : {}) },
    accept: [416],
    ...(options.signal === undefined ? {} : { signal: options.signal })
  })
  const { stream } = answer
  try {
    await align(answer.status, answer.headers['content-range'], state, url, expected)
    const announced = Number(answer.headers['content-length'] ?? Number.NaN)
    if (answer.status === 200 && Number.isFinite(announced) && announced !== expected.size)
      throw await refuse(state, url, 'size', `${announced} bytes`, `${expected.size} bytes`)
    await store(stream, state, url, expected, options.onBytes)
    if (state.have < expected.size) {
      // A chunked body that ends in order is all there is; any other may have been cut.
      if (answer.status === 200 && answer.headers['transfer-encoding'] !== undefined)
        throw await refuse(state, url, 'size', `${state.have} bytes`, `${expected.size} bytes`)
      throw new TagproofError('network', `${showUrl(url)} ended too early.`, {
        found: `${state.have} bytes`,
        expected: `${expected.size} bytes`
      })
    }
  } finally {
    stream.destroy()
  }
}

/** Makes what we hold agree with what the server is about to send. */
async function align(
  status: number,
  contentRange: string | undefined,
  state: State,
  url: string,
  expected: Expected
): Promise<void> {
  if (status === 206) {
    const range = parseContentRange(contentRange)
    if (range?.total !== null && range !== null && range.total !== expected.size)
      throw await refuse(state, url, 'size', `${range.total} bytes`, `${expected.size} bytes`)
    if (range?.start === state.have) return
  }
  const fresh = status !== 206 && status !== 416
  if (state.have > 0) await startOver(state)
  if (!fresh)
    throw new TagproofError('network', `${showUrl(url)} sent another range than was asked for.`, {
      found: contentRange ?? `status ${status}`
    })
}

async function store(
  stream: Readable,
  state: State,
  url: string,
  expected: Expected,
  onBytes: ((count: number) => void) | undefined
): Promise<void> {
  for await (const chunk of fromNetwork(stream, url)) {
    state.received += chunk.length
    if (state.have + chunk.length > expected.size)
      throw await refuse(state, url, 'size', `more than ${expected.size} bytes`, `${expected.size} bytes`)
    // Write first, hash second: after a crash the file is hashed again anyway.
    await writeAll(state.handle, chunk)
    state.hash.update(chunk)
    state.have += chunk.length
    onBytes?.(chunk.length)
  }
}

/** Tells a broken connection from a broken disk: the first is tried again. */
async function* fromNetwork(stream: Readable, url: string): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) yield chunk
  } catch (error) {
    if (error instanceof TagproofError) throw error
    const { code, message } = error as { code?: string; message?: string }
    throw new TagproofError('network', `The connection to ${showUrl(url)} broke.`, {
      found: message ?? code ?? 'an error',
      fix: 'Run the same command again: it goes on where it stopped.',
      cause: error
    })
  }
}

async function writeAll(handle: FileHandle, chunk: Buffer): Promise<void> {
  for (let offset = 0; offset < chunk.length;) offset += (await handle.write(chunk, offset)).bytesWritten
}

async function startOver(state: State): Promise<void> {
  await state.handle.truncate(0)
  state.hash = createHash('sha256')
  state.have = 0
  state.inherited = 0
}

async function refuse(
  state: State,
  url: string,
  what: 'hash' | 'size',
  found: string,
  expected: string
): Promise<TagproofError> {
  await startOver(state)
  return new TagproofError(
    'hash-mismatch',
    `${showUrl(url)} sent another file than the lock names (${what}).`,
    {
      found,
      expected,
      fix: 'Nothing was kept. If the file was replaced on purpose, find out by whom, then lock again.'
    }
  )
}
