import { createHash, randomUUID } from 'node:crypto'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { judgeAuthorization, type Account } from './authorization.ts'
import { escaped, S3Fault } from './fault.ts'
import { assumeRole, type Trust } from './token-service.ts'

export interface StoredObject {
  bytes: Buffer
  etag: string
  headers: Record<string, string>
}

export interface FakeS3Options {
  bucket?: string
  region?: string
  /** Bytes that the bucket holds at most. */
  quota?: number
  /** Conditions that are not looked at, as services do that do not know them. */
  ignores?: readonly ('if-none-match' | 'if-match')[]
  /** What a role is given to. */
  trust?: Trust
  /** Milliseconds since 1970. */
  now?: () => number
}

/** A bucket on the loopback that is strict where S3 is: signatures, checksums, conditions, regions. */
export interface FakeS3 {
  address: string
  bucket: string
  region: string
  keys: { accessKeyId: string; secretAccessKey: string }
  accounts: Map<string, Account>
  objects: Map<string, StoredObject>
  options: FakeS3Options
  /** `METHOD path STATUS` of every request. */
  requests: string[]
  /** Answers instead of the next requests of a kind (`PUT key`), in turn. */
  next: Map<string, (S3Fault | 'cut')[]>
  /** What a reader sees who has no keys: bytes by key. */
  content: () => Map<string, Buffer>
  /** Somebody else writes. */
  put: (key: string, bytes: Buffer) => void
  close: () => Promise<void>
}

const mostBody = 1 << 28

export async function startFakeS3(options: FakeS3Options = {}): Promise<FakeS3> {
  const { bucket = 'packages', region = 'eu-central-1' } = options
  const keys = { accessKeyId: `AKIA${randomUUID().slice(0, 8)}`, secretAccessKey: randomUUID() }
  const now = (): number => (options.now ?? Date.now)()
  const server = http.createServer((request, response) => void answer(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const fake: FakeS3 = {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    bucket,
    region,
    keys,
    accounts: new Map([[keys.accessKeyId, { secret: keys.secretAccessKey }]]),
    objects: new Map(),
    options,
    requests: [],
    next: new Map(),
    content: () =>
      new Map(
        [...fake.objects]
          .filter(([key]) => !key.includes('.tagproof/'))
          .map(([key, { bytes }]) => [key, bytes])
      ),
    put: (key, bytes) => void fake.objects.set(key, stored(bytes, {})),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      })
  }

  async function answer(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const line = `${request.method ?? ''} ${request.url ?? ''}`
    response.setHeader('x-amz-request-id', randomUUID())
    try {
      const { status, headers = {}, body = '' } = await serve(request)
      fake.requests.push(`${line} ${status}`)
      response.writeHead(status, { 'content-length': String(Buffer.byteLength(body)), ...headers })
      response.end(request.method === 'HEAD' ? '' : body)
    } catch (error) {
      if (error === cut) {
        fake.requests.push(`${line} cut`)
        request.socket.destroy()
        return
      }
      const fault = error instanceof S3Fault ? error : new S3Fault(500, 'InternalError', String(error))
      fake.requests.push(`${line} ${fault.status}`)
      // The rest of a body that nobody wants is not read.
      if (!request.complete) response.setHeader('connection', 'close')
      response.writeHead(fault.status, { 'content-type': 'application/xml' })
      response.end(request.method === 'HEAD' ? '' : fault.body())
    }
  }

  async function serve(request: http.IncomingMessage): Promise<Answer> {
    const url = new URL(request.url ?? '/', fake.address)
    if (request.method === 'POST' && url.pathname === '/')
      return assumeRole(await bodyOf(request), fake.accounts, options.trust, now())
    const [, name = '', ...rest] = url.pathname.split('/')
    const key = decodeURIComponent(rest.join('/'))
    const anonymous = request.headers.authorization === undefined && key !== ''
    // Readers need no keys.
    if (anonymous && (request.method === 'GET' || request.method === 'HEAD')) return read(key)
    const { account, payload } = judgeAuthorization(request, fake.accounts, region, now())
    if (decodeURIComponent(name) !== bucket)
      throw new S3Fault(404, 'NoSuchBucket', 'The specified bucket does not exist')
    const may = (action: string): boolean => account.allowed?.includes(action) ?? true
    const require = (action: string): void => {
      if (!may(action)) throw new S3Fault(403, 'AccessDenied', `not authorized to perform: ${action}`)
    }
    const turn = fake.next.get(`${request.method ?? ''} ${key}`)?.shift()
    if (turn === 'cut') {
      // The request is served; its answer is lost.
      if (request.method === 'PUT') await write(request, key, payload)
      throw cut
    }
    if (turn !== undefined) throw turn
    if (key === '') {
      require('s3:ListBucket')
      return listed(url)
    }
    switch (request.method ?? '') {
      case 'GET':
      case 'HEAD':
        require('s3:GetObject')
        // Who may not list is not told what is not there.
        if (!fake.objects.has(key)) require('s3:ListBucket')
        return read(key)
      case 'PUT':
        require('s3:PutObject')
        return write(request, key, payload)
      case 'DELETE':
        require('s3:DeleteObject')
        requireCondition(request, key)
        fake.objects.delete(key)
        return { status: 204 }
      default:
        throw new S3Fault(
          405,
          'MethodNotAllowed',
          'The specified method is not allowed against this resource.'
        )
    }
  }

  function read(key: string): Answer {
    const object = fake.objects.get(key)
    if (object === undefined)
      throw new S3Fault(404, 'NoSuchKey', 'The specified key does not exist.', { Key: key })
    return { status: 200, body: object.bytes, headers: { ...object.headers, etag: object.etag } }
  }

  async function write(request: http.IncomingMessage, key: string, payload: string): Promise<Answer> {
    const { headers } = request
    if (headers['content-length'] === undefined)
      throw new S3Fault(411, 'MissingContentLength', 'You must provide the Content-Length HTTP header.')
    if (options.quota !== undefined && held() + Number(headers['content-length']) > options.quota)
      throw new S3Fault(507, 'QuotaExceeded', 'The bucket is full')
    const bytes = await bodyOf(request)
    if (sha256(bytes, 'hex') !== payload)
      throw new S3Fault(
        400,
        'XAmzContentSHA256Mismatch',
        "The provided 'x-amz-content-sha256' header does not match what was computed."
      )
    const sum = headers['x-amz-checksum-sha256']
    if (sum !== undefined && sum !== sha256(bytes, 'base64'))
      throw new S3Fault(400, 'BadDigest', 'The SHA256 you specified did not match the calculated checksum.')
    // As at S3, who ends first is first: the condition is looked at when all bytes are there.
    requireCondition(request, key)
    const kept = Object.entries(headers).filter(([name]) =>
      /^(content-type|cache-control|x-amz-checksum-sha256)$/.test(name)
    )
    const object = stored(bytes, Object.fromEntries(kept) as Record<string, string>)
    fake.objects.set(key, object)
    return { status: 200, headers: { etag: object.etag } }
  }

  function requireCondition({ headers }: http.IncomingMessage, key: string): void {
    const honours = (name: 'if-none-match' | 'if-match'): boolean =>
      headers[name] !== undefined && options.ignores?.includes(name) !== true
    const there = fake.objects.get(key)
    const failed = new S3Fault(
      412,
      'PreconditionFailed',
      'At least one of the pre-conditions you specified did not hold'
    )
    if (honours('if-none-match')) {
      if (headers['if-none-match'] !== '*')
        throw new S3Fault(
          501,
          'NotImplemented',
          'A header you provided implies functionality that is not implemented'
        )
      if (there !== undefined) throw failed
    }
    if (!honours('if-match')) return
    if (there === undefined) throw new S3Fault(404, 'NoSuchKey', 'The specified key does not exist.')
    if (there.etag !== headers['if-match']) throw failed
  }

  function held(): number {
    return [...fake.objects.values()].reduce((sum, { bytes }) => sum + bytes.length, 0)
  }

  function listed(url: URL): Answer {
    const get = (name: string): string => url.searchParams.get(name) ?? ''
    if (get('list-type') !== '2') throw new S3Fault(400, 'InvalidArgument', 'only ListObjectsV2 here')
    const most = Math.min(Number(get('max-keys') || '1000'), 1000)
    const after =
      get('continuation-token') === ''
        ? get('start-after')
        : Buffer.from(get('continuation-token'), 'base64url').toString()
    const all = [...fake.objects.keys()]
      .sort()
      .filter((key) => key.startsWith(get('prefix')) && (after === '' || key > after))
    const page = all.slice(0, most)
    const shown = (key: string): string =>
      get('encoding-type') === 'url'
        ? encodeURIComponent(key).replace(/%20/g, '+').replace(/%2F/g, '/')
        : escaped(key)
    const encoding = get('encoding-type') === 'url' ? '<EncodingType>url</EncodingType>' : ''
    const contents = page.map(
      (key) =>
        `<Contents><Key>${shown(key)}</Key><Size>${fake.objects.get(key)?.bytes.length ?? 0}</Size></Contents>`
    )
    const more =
      all.length > page.length
        ? `<NextContinuationToken>${Buffer.from(page.at(-1) ?? '').toString('base64url')}</NextContinuationToken>`
        : ''
    const body = `<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>${bucket}</Name>${encoding}<KeyCount>${page.length}</KeyCount><IsTruncated>${all.length > page.length}</IsTruncated>${more}${contents.join('')}</ListBucketResult>`
    return { status: 200, headers: { 'content-type': 'application/xml' }, body }
  }

  return fake
}

interface Answer {
  status: number
  headers?: Record<string, string>
  body?: Buffer | string
}

const cut = new Error('the connection breaks')

function stored(bytes: Buffer, headers: Record<string, string>): StoredObject {
  return {
    bytes,
    headers: { 'content-type': 'binary/octet-stream', ...headers },
    etag: `"${createHash('md5').update(bytes).digest('hex')}"`
  }
}

function sha256(bytes: Buffer, encoding: 'hex' | 'base64'): string {
  return createHash('sha256').update(bytes).digest(encoding)
}

async function bodyOf(request: http.IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = []
  let size = 0
  for await (const piece of request as AsyncIterable<Buffer>) {
    size += piece.length
    if (size > mostBody) throw new S3Fault(400, 'EntityTooLarge', 'too much')
    pieces.push(piece)
  }
  return Buffer.concat(pieces)
}
