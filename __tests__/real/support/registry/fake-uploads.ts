import { randomUUID } from 'node:crypto'
import type http from 'node:http'
import { digestOf } from '../registry.ts'
import { Refusal, repositoryOf, type FakeState } from './fake-manifests.ts'

export interface UploadRules {
  minimum?: number
  largest?: number
  wholeOnly?: boolean
  mountless?: boolean
}

interface Session {
  repository: string
  bytes: Buffer
  /** What the last Location said: an older one is good for nothing. */
  turn: number
  /** A part was shorter than the smallest: it was the last. */
  short: boolean
}

/** Uploads of blobs, by the letter: parts in order, the Location of the last answer, the digest at the end. */
export class FakeUploads {
  /** Where Locations lead; empty for relative ones. */
  origin = ''
  readonly open = new Map<string, Session>()
  /** Bytes that came, by the upload that they came in. */
  readonly received: number[] = []
  private readonly rules: UploadRules
  private readonly state: FakeState

  constructor(rules: UploadRules, state: FakeState) {
    this.rules = rules
    this.state = state
  }

  async serve(
    request: http.IncomingMessage,
    response: http.ServerResponse,
    url: URL,
    { cut, record }: { cut: number | null; record: { bytes: number } }
  ): Promise<void> {
    const [, repository = '', id = ''] = /^\/v2\/(.+?)\/blobs\/uploads\/([^/]*)$/.exec(url.pathname) ?? []
    if (id === '' && request.method === 'POST') {
      this.begin(response, repository, url)
      return
    }
    const session = this.open.get(id)
    if (session === undefined) throw new Refusal(404, 'BLOB_UPLOAD_UNKNOWN', 'no such upload')
    if (request.method === 'GET') {
      this.tell(response, id, session, 204)
      return
    }
    if (request.method === 'DELETE') {
      this.open.delete(id)
      return void response.writeHead(204).end()
    }
    if (url.searchParams.get('_turn') !== String(session.turn))
      throw new Refusal(400, 'BLOB_UPLOAD_INVALID', 'an old location')
    if (request.method === 'PATCH' && !this.inOrder(request, session)) {
      request.resume()
      this.tell(response, id, session, 416)
      return
    }
    const size = await this.take(request, session, cut)
    record.bytes += size
    if (request.method === 'PATCH') {
      session.turn += 1
      this.tell(response, id, session, 202)
      return
    }
    this.store(response, id, session, url.searchParams.get('digest') ?? '')
  }

  private begin(response: http.ServerResponse, repository: string, url: URL): void {
    const [mount, from] = [url.searchParams.get('mount'), url.searchParams.get('from')]
    const source = this.state.repositories.get(from ?? '')
    if (mount !== null && source?.blobs.has(mount) === true && this.rules.mountless !== true) {
      repositoryOf(this.state, repository).blobs.add(mount)
      this.state.writes.push(`mount ${repository}@${mount}`)
      response.writeHead(201, { location: `/v2/${repository}/blobs/${mount}` })
      return void response.end()
    }
    const id = randomUUID()
    const session = { repository, bytes: Buffer.alloc(0), turn: 0, short: false }
    this.open.set(id, session)
    this.tell(response, id, session, 202)
  }

  private tell(response: http.ServerResponse, id: string, session: Session, status: number): void {
    const { minimum } = this.rules
    response.writeHead(status, {
      location: `${this.origin}/v2/${session.repository}/blobs/uploads/${id}?_turn=${session.turn}`,
      range: `0-${Math.max(session.bytes.length - 1, 0)}`,
      ...(minimum === undefined ? {} : { 'oci-chunk-min-length': String(minimum) })
    })
    response.end()
  }

  private inOrder(request: http.IncomingMessage, session: Session): boolean {
    if (this.rules.wholeOnly === true) throw new Refusal(400, 'BLOB_UPLOAD_INVALID', 'no parts here')
    const [, from = '', to = ''] = /^(\d+)-(\d+)$/.exec(request.headers['content-range'] ?? '') ?? []
    const length = Number(request.headers['content-length'])
    if (session.short) throw new Refusal(400, 'SIZE_INVALID', 'a part before was too short')
    session.short = length < (this.rules.minimum ?? 0)
    return Number(from) === session.bytes.length && Number(to) - Number(from) + 1 === length
  }

  private async take(request: http.IncomingMessage, session: Session, cut: number | null): Promise<number> {
    const { largest } = this.rules
    if (largest !== undefined && Number(request.headers['content-length']) > largest)
      throw new Refusal(413, 'SIZE_INVALID', 'request entity too large')
    const pieces = [session.bytes]
    let size = 0
    try {
      for await (const piece of request as AsyncIterable<Buffer>) {
        const kept = cut === null ? piece : piece.subarray(0, Math.max(cut - size, 0))
        pieces.push(kept)
        size += kept.length
        if (cut !== null && size >= cut) {
          request.socket.destroy()
          throw new Error('cut')
        }
      }
    } finally {
      // What came before the break is kept, as a disk would.
      session.bytes = Buffer.concat(pieces)
      this.received.push(size)
    }
    return size
  }

  private store(response: http.ServerResponse, id: string, session: Session, digest: string): void {
    const found = digestOf(session.bytes)
    if (found !== digest) {
      this.open.delete(id)
      throw new Refusal(400, 'DIGEST_INVALID', 'provided digest did not match uploaded content', found)
    }
    this.state.blobs.set(digest, session.bytes)
    repositoryOf(this.state, session.repository).blobs.add(digest)
    this.state.writes.push(`blob ${session.repository}@${digest}`)
    this.open.delete(id)
    response.writeHead(201, { location: `/v2/${session.repository}/blobs/${digest}` }).end()
  }
}
