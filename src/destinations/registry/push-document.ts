import type { HttpClient } from '../../platform/http.ts'
import type { RegistrySession } from '../../platform/registry/session.ts'
import { mayPass, type RegistryAnswer } from './answer.ts'
import { tryWrite } from './exchange.ts'
import { lookAtTag, type Tagged } from './look.ts'
import { lied, loginRefused, notStored, pushRefused } from './refusals.ts'

/** A manifest or index, and what it is to be called. */
export interface NamedDocument {
  bytes: Buffer
  mediaType: string
  /** `sha256:…` */
  digest: string
  /** A tag, or the digest itself. */
  reference: string
}

export interface PushContext {
  session: RegistrySession
  http: Pick<HttpClient, 'attempts' | 'pause'>
  signal?: AbortSignal
}

/** What became of a document: `raced` if the name stands for something else than the writer had seen. */
export type Pushed =
  { outcome: 'sent' | 'there'; answer: RegistryAnswer | null } | { outcome: 'raced'; found: Tagged | null }

/**
 * Sends a document under a name. After an answer that may hide a success the registry is asked what the name stands for
 * before anything is sent again.
 *
 * @param seen what the name stood for a moment ago; where the registry knows conditions it is moved from there alone
 * @throws TagproofError `upload-refused`, `login-refused`, `hash-mismatch` for a registry that stored something else, `network`
 */
export async function pushDocument(
  document: NamedDocument,
  seen: Tagged | null,
  context: PushContext
): Promise<Pushed> {
  const { session, http } = context
  const { bytes, mediaType, digest, reference } = document
  const what = reference === digest ? `the manifest ${digest}` : `the tag ${reference}`
  const etag = seen?.etag ?? null
  for (let attempt = 1; ; attempt += 1) {
    const answer = await tryWrite(session, {
      url: session.url('manifests', reference),
      method: 'PUT',
      headers: {
        'content-type': mediaType,
        'content-length': String(bytes.length),
        ...(etag === null ? {} : { 'if-match': etag })
      },
      body: bytes
    })
    if (!('fault' in answer)) {
      if (answer.status === 201) {
        requireDigest(session, what, answer, digest)
        return { outcome: 'sent', answer }
      }
      if (answer.status >= 400 && answer.status !== 412 && !mayPass(answer)) {
        if (answer.status === 403 && !/immutab|exist/i.test(answer.words))
          throw loginRefused(session, answer.words)
        if ((await lookAtTag(session, reference))?.digest === digest)
          return { outcome: 'there', answer: null }
        throw pushRefused(session, what, answer)
      }
    }
    const found = await lookAtTag(session, reference)
    if (found?.digest === digest) return { outcome: 'there', answer: null }
    if (found?.digest !== seen?.digest || ('status' in answer && answer.status === 412))
      return { outcome: 'raced', found }
    const words = 'fault' in answer ? answer.fault.message : answer.words
    if (attempt >= http.attempts)
      throw 'fault' in answer ? answer.fault : notStored(session, what, words, attempt)
    await http.pause(attempt, 'fault' in answer ? undefined : answer.headers['retry-after'], context.signal)
  }
}

/** The header is optional; one that is there must be true. */
function requireDigest(
  session: RegistrySession,
  what: string,
  { headers }: RegistryAnswer,
  expected: string
): void {
  const claimed = headers['docker-content-digest']
  if (typeof claimed === 'string' && claimed.startsWith('sha256:') && claimed !== expected)
    throw lied(session, what, claimed, expected)
}
