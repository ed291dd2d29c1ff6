import { initializeTLog } from '@sigstore/mock'
import { createHash, generateKeyPairSync, verify, X509Certificate } from 'node:crypto'
import type { Answer } from './server.ts'

interface Proposed {
  kind: string
  apiVersion: string
  spec: { proposedContent: { envelope: string; verifiers: string[] } }
}
interface Envelope {
  payload: string
  payloadType: string
  signatures: { sig: string }[]
}

export interface LogServer {
  publicKey: Buffer
  /** Every proposed entry, as it was stored. */
  entries: ReadonlyMap<string, object>
  add: (body: string) => Promise<Answer>
  get(uuid: string): Answer
}

/**
 * The log of the mock, behind Rekor's own rules for a DSSE envelope: the signature must verify, what is logged is not
 * what was proposed but hashes, signature and verifier of it, and the same twice is a conflict.
 */
export async function logServer(url: string): Promise<LogServer> {
  const log = await initializeTLog(url, generateKeyPairSync('ec', { namedCurve: 'prime256v1' }))
  const entries = new Map<string, object>()
  const uuids = new Map<string, string>()
  return {
    publicKey: log.publicKey,
    entries,
    async add(body) {
      const logged = loggedBody(JSON.parse(body) as Proposed)
      if (logged === null) return refusal(400, 'the signature of the envelope does not verify')
      const known = uuids.get(JSON.stringify(logged))
      if (known !== undefined)
        return {
          ...refusal(409, 'an equivalent entry already exists'),
          location: `/api/v1/log/entries/${known}`
        }
      const entry = (await log.log(logged)) as Record<string, object>
      const [uuid = ''] = Object.keys(entry)
      uuids.set(JSON.stringify(logged), uuid)
      entries.set(uuid, entry)
      return { status: 201, body: JSON.stringify(entry) }
    },
    get(uuid) {
      const entry = entries.get(uuid)
      return entry === undefined
        ? refusal(404, 'no such entry')
        : { status: 200, body: JSON.stringify(entry) }
    }
  }
}

function loggedBody({ kind, apiVersion, spec }: Proposed): object | null {
  const { envelope: text, verifiers } = spec.proposedContent
  const envelope = JSON.parse(text) as Envelope
  const payload = Buffer.from(envelope.payload, 'base64')
  const head = `DSSEv1 ${Buffer.byteLength(envelope.payloadType)} ${envelope.payloadType} ${payload.length} `
  const [verifier = ''] = verifiers
  const { sig = '' } = envelope.signatures[0] ?? {}
  const certificate = new X509Certificate(Buffer.from(verifier, 'base64'))
  const encoded = Buffer.concat([Buffer.from(head), payload])
  if (!verify('sha256', encoded, certificate.publicKey, Buffer.from(sig, 'base64'))) return null
  return {
    apiVersion,
    kind,
    spec: {
      envelopeHash: { algorithm: 'sha256', value: createHash('sha256').update(text).digest('hex') },
      payloadHash: { algorithm: 'sha256', value: createHash('sha256').update(payload).digest('hex') },
      // In the canonical form of its text.
      signatures: [{ signature: sig, verifier: Buffer.from(certificate.toString()).toString('base64') }]
    }
  }
}

export const refusal = (status: number, message: string): Answer => ({
  status,
  body: JSON.stringify({ code: status, message })
})
