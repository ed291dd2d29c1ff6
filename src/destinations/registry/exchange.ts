import type { Readable } from 'node:stream'
import type { RegistrySession } from '../../platform/registry/session.ts'
import { TagproofError } from '../../platform/errors.ts'
import type { HttpAnswer } from '../../platform/http.ts'
import { beginningOf } from '../../platform/http-beginning.ts'
import { parseUrl, showUrl } from '../../platform/http-rules.ts'
import { readRefusal, type RegistryAnswer } from './answer.ts'
import { loginRefused } from './refusals.ts'

/** A request that changes something at a registry. */
export interface Write {
  url: string | URL
  method: 'POST' | 'PATCH' | 'PUT' | 'DELETE'
  headers?: Readonly<Record<string, string>>
  body?: Uint8Array | (() => Readable)
}

/** Storing what was sent takes a registry its time, in which it says nothing. */
const patience = 4
const mostAnswer = 64 * 1024
const refusals = Array.from({ length: 200 }, (_, at) => 400 + at)
const redirects = [301, 302, 303, 307, 308]
const mostRedirects = 3

/**
 * Sends a write once, and takes every answer: whether it is sent again is decided by what the registry has then. A redirect
 * is followed within its server alone, and with the same method: where else parts may be sent says the `Location` of an upload.
 *
 * @throws TagproofError `login-refused` for a login that was renewed and is refused still; `index-answer` for a redirect that
 *   is not followed; `network` where nothing came
 */
export async function write(session: RegistrySession, request: Write): Promise<RegistryAnswer> {
  const answer = await openWrite(session, request)
  const { status, headers, url } = answer
  const text = status >= 400 ? (await beginningOf(answer.stream, mostAnswer)).text : ''
  if (status < 400) answer.stream.resume()
  // What the registry sends late, or breaks off, no longer matters.
  answer.stream.on('error', () => undefined)
  const read = { status, headers, url, ...readRefusal(status, text) }
  if (status === 401 && url.origin === session.base.origin) throw loginRefused(session, read.words)
  return read
}

async function openWrite(
  session: RegistrySession,
  request: Write
): Promise<HttpAnswer & { stream: Readable }> {
  let url = new URL(request.url)
  for (let followed = 0; ; followed += 1) {
    const accept = [...refusals, ...redirects]
    const answer = await session.open({ ...request, url, accept, attempts: 1, patience })
    if (!redirects.includes(answer.status)) return answer
    answer.stream.destroy()
    const target = parseUrl(answer.headers.location ?? '', url)
    const kept = answer.status === 307 || answer.status === 308
    if (!kept || target?.origin !== url.origin || followed >= mostRedirects)
      throw new TagproofError('index-answer', `${session.address} sends a write on to another address.`, {
        found: `${answer.status} to ${target === null ? 'nowhere' : showUrl(target)}`,
        expected: 'an answer of the registry itself',
        fix: 'Name the registry as it is called now in the destination; what was pushed so far stays, and is not sent again.'
      })
    url = target
  }
}

/** An answer, or the fault that kept it from us. */
export type Outcome = RegistryAnswer | { fault: TagproofError }

/** As {@link write}; a connection that broke is an outcome, since the write may have been served. */
export async function tryWrite(session: RegistrySession, request: Write): Promise<Outcome> {
  try {
    return await write(session, request)
  } catch (error) {
    if (error instanceof TagproofError && error.code === 'network') return { fault: error }
    throw error
  }
}
