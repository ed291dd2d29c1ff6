import { HashAlgorithm, PublicKeyDetails, TrustedRoot } from '@sigstore/protobuf-specs'
import { createHash } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import type { SigningServices } from '../../../../src/platform/signing/messages.ts'
import { authority, type Authority } from './authority.ts'
import { logServer, type LogServer } from './log.ts'
import type { TokenIssuer } from './tokens.ts'
import { tufRepository } from './tuf-repository.ts'

export interface Answer {
  status: number
  body: string
  location?: string
}

export type Service = 'certificates' | 'log'
/** What goes wrong with a request: an answer in the place of the right one, none, or one that is lost on its way. */
export type Fault = Answer | 'silent' | 'lost' | ((right: Answer, body: string) => Answer | Promise<Answer>)

export interface SigstoreServer {
  services: SigningServices
  /** File of the trusted root, for other verifiers. */
  trustedRoot: string
  log: LogServer
  certify: Authority['certify']
  /** Number of requests so far. */
  counts: Readonly<Record<Service, number>>
  /** Faults of the next requests, in order, per service; then all goes right. */
  faults: Record<Service, Fault[]>
  close(): Promise<void>
}

/** Certificate authority, log and TUF repository, below one address. */
export async function sigstoreServer(folder: string, issuer: TokenIssuer): Promise<SigstoreServer> {
  const counts = { certificates: 0, log: 0 }
  const faults: Record<Service, Fault[]> = { certificates: [], log: [] }
  let serve: (request: IncomingMessage, response: ServerResponse) => Promise<void> = () => Promise.resolve()
  const server = createServer((request, response) => {
    serve(request, response).catch(() => response.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const [ca, log] = await Promise.all([authority(issuer), logServer(url)])
  const root = Buffer.from(JSON.stringify(TrustedRoot.toJSON(trustedRootOf(url, ca, log))))
  const trust = tufRepository('trusted_root.json', root)
  const rootFile = path.join(folder, 'tuf-root.json')
  const trustedRoot = path.join(folder, 'trusted_root.json')
  await writeFile(rootFile, trust.root)
  await writeFile(trustedRoot, root)

  serve = async (request, response) => {
    const where = new URL(request.url ?? '/', url).pathname
    const file = trust.files.get(where.replace(/^\/tuf/, ''))
    if (file !== undefined) {
      response.end(file)
      return
    }
    const body = await text(request)
    const asked = `${request.method ?? ''} ${where}`
    if (asked === 'POST /api/v2/signingCert') await reply('certificates', response, body, ca.certify)
    else if (asked === 'POST /api/v1/log/entries') await reply('log', response, body, log.add)
    else if (where.startsWith('/api/v1/log/entries/')) send(response, log.get(path.basename(where)))
    else send(response, { status: 404, body: '{}' })
  }

  async function reply(
    service: Service,
    response: ServerResponse,
    body: string,
    right: (body: string) => Promise<Answer>
  ): Promise<void> {
    counts[service] += 1
    const fault = faults[service].shift()
    if (fault === 'silent') return
    const answer = typeof fault === 'object' ? fault : await right(body)
    if (fault === 'lost') response.destroy()
    else send(response, typeof fault === 'function' ? await fault(answer, body) : answer)
  }

  return {
    services: { certificates: url, log: url, trust: { mirror: `${url}/tuf`, rootFile } },
    trustedRoot,
    log,
    certify: ca.certify,
    counts,
    faults,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      })
  }
}

function send(response: ServerResponse, { status, body, location }: Answer): void {
  response.writeHead(status, {
    'content-type': 'application/json',
    ...(location === undefined ? {} : { location })
  })
  response.end(body)
}

const logOf = (baseUrl: string, publicKey: Buffer) => ({
  baseUrl,
  hashAlgorithm: HashAlgorithm.SHA2_256,
  publicKey: {
    rawBytes: publicKey,
    keyDetails: PublicKeyDetails.PKIX_ECDSA_P256_SHA_256,
    validFor: { start: new Date(0) }
  },
  logId: { keyId: createHash('sha256').update(publicKey).digest() },
  checkpointKeyId: undefined,
  operator: ''
})

const trustedRootOf = (url: string, ca: Authority, log: LogServer): TrustedRoot => ({
  mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
  tlogs: [logOf(url, log.publicKey)],
  ctlogs: [logOf(url, ca.certificateLog.publicKey)],
  timestampAuthorities: [],
  certificateAuthorities: [
    {
      subject: { commonName: 'sigstore', organization: 'sigstore.mock' },
      uri: url,
      certChain: { certificates: [{ rawBytes: ca.root }] },
      validFor: { start: new Date(0) },
      operator: ''
    }
  ]
})
