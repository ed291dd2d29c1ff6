/**
 * The services that a run talks to, as a program of its own, so that it can live in a network namespace without egress:
 * the artifact service with its real rules, the id token of a job, the repository over HTTP, and a package index. Tests
 * steer it through a socket in the file system, which no namespace of the network hides.
 *
 *   node services.ts SOCKET REPOSITORY
 */
import { createHash } from 'node:crypto'
import { chmodSync, readFileSync } from 'node:fs'
import http from 'node:http'
import path from 'node:path'
import { IdentityProvider, jobClaims } from '../../real/support/pypi/identity-provider.ts'
import { startRunIndex, type IndexControl } from './run-index.ts'

/** What the service keeps of an artifact. A name that was created and never finalised stays reserved, and is listed nowhere. */
export interface KeptArtifact {
  id: number
  name: string
  /** Backend id of the run: another one after all jobs were run again, so that what came before is out of reach. */
  run: string
  finalised: boolean
  expired: boolean
  digest: string
  bytes: Buffer
}

/** What goes wrong next, once each: the request is refused; or it is done, and the answer is lost. */
export type Fault = { method: string; name?: string; kind: 'refuse' | 'lose' }

const [socket = '', repository = ''] = process.argv.slice(2)
const artifacts: KeptArtifact[] = []
const blocks = new Map<string, Buffer>()
let faults: Fault[] = []
let kept: KeptArtifact[] = []
const log: string[] = []
let port = 0
const identity = new IdentityProvider()

interface Claims {
  scp: string
  permissions: Record<string, string>
  environment?: string
  [claim: string]: unknown
}

/** Runtime tokens are JWTs whose payload says which run and job they are of. */
function claimsOf(request: http.IncomingMessage): Claims {
  const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? ''
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8')) as Claims
}

function runOf(claims: Claims): string {
  return /^Actions\.Results:([^:]+):/.exec(claims.scp)?.[1] ?? ''
}

class Refusal extends Error {
  readonly status: number
  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

/** The methods of the service, in the names of its wire format. */
const methods: Record<string, (claims: Claims, request: Record<string, unknown>) => object> = {
  CreateArtifact(claims, { name }) {
    const run = runOf(claims)
    if (artifacts.some((kept) => kept.run === run && kept.name === name))
      throw new Refusal(409, 'an artifact with this name already exists on the workflow run')
    const id = artifacts.length + 1
    const kept = {
      id,
      name: String(name),
      run,
      finalised: false,
      expired: false,
      digest: '',
      bytes: Buffer.alloc(0)
    }
    artifacts.push(kept)
    return { ok: true, signed_upload_url: `http://127.0.0.1:${port}/blob/${id}?sig=secret-signature` }
  },
  FinalizeArtifact(claims, { name, hash }) {
    const kept = artifacts.find((one) => one.run === runOf(claims) && one.name === name)
    if (kept === undefined) throw new Refusal(404, 'no such artifact')
    kept.finalised = true
    kept.digest = String(hash)
    return { ok: true, artifact_id: String(kept.id) }
  },
  ListArtifacts(claims, { id_filter: id }) {
    const found = artifacts.filter(
      (kept) =>
        kept.run === runOf(claims) &&
        kept.finalised &&
        !kept.expired &&
        (id === undefined || String(kept.id) === id)
    )
    return {
      artifacts: found.map(({ id, name, digest, bytes, run }) => ({
        workflow_run_backend_id: run,
        workflow_job_run_backend_id: 'job',
        database_id: String(id),
        name,
        size: String(bytes.length),
        digest
      }))
    }
  },
  GetSignedArtifactURL(claims, { name }) {
    const kept = artifacts.find((one) => one.run === runOf(claims) && one.name === name)
    if (kept === undefined) throw new Refusal(404, 'no such artifact')
    return { name, signed_url: `http://127.0.0.1:${port}/blob/${kept.id}?sig=secret-signature` }
  }
}

function serveTwirp(method: string, request: http.IncomingMessage, body: Buffer): object {
  const parsed = JSON.parse(body.toString('utf8')) as Record<string, unknown>
  const at = faults.findIndex(
    (fault) =>
      fault.method === method && (fault.name === undefined || String(parsed.name).includes(fault.name))
  )
  const [fault] = at < 0 ? [] : faults.splice(at, 1)
  // A status that the client does not try again after.
  if (fault?.kind === 'refuse') throw new Refusal(400, 'refused by the test')
  const answer = methods[method]?.(claimsOf(request), parsed)
  if (answer === undefined) throw new Refusal(404, `no method ${method}`)
  if (fault?.kind === 'lose') throw new Refusal(400, 'the answer was lost')
  return answer
}

/** Block blobs: blocks, then the list of them. */
function serveBlob(url: URL, method: string, body: Buffer): Buffer | null {
  const kept = artifacts.find(({ id }) => String(id) === url.pathname.split('/')[2])
  if (kept === undefined || kept.expired) throw new Refusal(404, 'no such blob')
  if (method === 'GET') return kept.bytes
  const key = (block: string): string => `${kept.id}:${block}`
  const part = url.searchParams.get('comp')
  if (part === 'block') blocks.set(key(url.searchParams.get('blockid') ?? ''), body)
  else if (part === 'blocklist') {
    const ids = [...body.toString('utf8').matchAll(/<(?:Latest|Uncommitted|Committed)>([^<]*)</g)]
    kept.bytes = Buffer.concat(ids.map(([, block]) => blocks.get(key(block ?? '')) ?? Buffer.alloc(0)))
  } else kept.bytes = body
  return null
}

/** The id token of a job that may have one; its claims are those of the job. */
function serveToken(url: URL, request: http.IncomingMessage): object {
  const claims = claimsOf(request)
  if (claims.permissions['id-token'] !== 'write') throw new Refusal(403, 'no permission')
  // What only the service itself asks for is in no identity token.
  const own = { ...claims, scp: undefined, permissions: undefined, environment: claims.environment }
  return { value: identity.sign(url.searchParams.get('audience') ?? '', jobClaims(own)) }
}

/** The repository of the run, by git's plain protocol over HTTP. */
function serveGit(url: URL): Buffer {
  const name = url.pathname.replace(/^\/octo\/project(\.git)?\//, '')
  if (name.split('/').includes('..')) throw new Refusal(403, 'outside')
  try {
    return readFileSync(path.join(repository, name))
  } catch {
    throw new Refusal(404, 'no such file')
  }
}

type Control =
  | { do: 'state' }
  | { do: 'log' }
  | { do: 'fault'; fault: Fault }
  | { do: 'change'; name: string; bytes: string; relabel: boolean }
  | { do: 'add'; name: string; run: string; text: string }
  | { do: 'expire'; name: string }
  | { do: 'bytes'; id: number }
  | { do: 'keep' }
  | { do: 'back' }
  | { do: 'forget'; run: string }
  | IndexControl

function control(command: Control): unknown {
  const digestOf = (bytes: Buffer): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`
  switch (command.do) {
    case 'state':
      return {
        port,
        pid: process.pid,
        artifacts: artifacts.map(({ bytes, ...kept }) => ({ ...kept, size: bytes.length }))
      }
    case 'log':
      return log
    case 'fault':
      faults = [...faults, command.fault]
      return null
    case 'change':
      for (const one of artifacts.filter(({ name }) => name.includes(command.name))) {
        one.bytes = Buffer.from(command.bytes, 'base64')
        if (command.relabel) one.digest = digestOf(one.bytes)
      }
      return null
    case 'add': {
      const bytes = Buffer.from(command.text)
      const { name, run } = command
      artifacts.push({
        id: artifacts.length + 1,
        name,
        run,
        finalised: true,
        expired: false,
        digest: digestOf(bytes),
        bytes
      })
      return null
    }
    case 'expire':
      for (const one of artifacts) if (one.name.includes(command.name)) one.expired = true
      return null
    case 'bytes':
      return artifacts.find(({ id }) => id === command.id)?.bytes.toString('base64') ?? null
    case 'keep':
      kept = artifacts.map((one) => ({ ...one }))
      return null
    case 'index':
    case 'empty-index':
      return index.control(command)
    case 'back':
      artifacts.splice(0, artifacts.length, ...kept.map((one) => ({ ...one })))
      return null
    case 'forget':
      artifacts.splice(0, artifacts.length, ...artifacts.filter(({ run }) => run !== command.run))
      return null
  }
}

function answer(request: http.IncomingMessage, body: Buffer, steered: boolean): Buffer | object | null {
  const url = new URL(request.url ?? '/', 'http://service')
  const method = /^\/twirp\/github\.actions\.results\.api\.v1\.ArtifactService\/(\w+)$/.exec(
    url.pathname
  )?.[1]
  if (steered) return { value: control(JSON.parse(body.toString('utf8')) as Control) }
  log.push(`${request.method ?? ''} ${url.pathname}`)
  if (method !== undefined) return serveTwirp(method, request, body)
  if (url.pathname.startsWith('/blob/')) return serveBlob(url, request.method ?? '', body)
  if (url.pathname === '/idtoken') return serveToken(url, request)
  if (url.pathname.startsWith('/octo/project')) return serveGit(url)
  const published = identity.publication(url.pathname)
  if (published !== null) return published
  throw new Refusal(404, `nothing at ${url.pathname}`)
}

function server(steered: boolean): http.Server {
  return http.createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      try {
        const said = answer(request, Buffer.concat(chunks), steered)
        if (said === null) {
          response
            .writeHead(201, {
              etag: '"1"',
              'last-modified': new Date().toUTCString(),
              'x-ms-request-id': '1'
            })
            .end()
        } else if (Buffer.isBuffer(said)) {
          response
            .writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': said.length })
            .end(said)
        } else response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(said))
      } catch (error) {
        const { status = 500, message } = error as Partial<Refusal>
        response.writeHead(status, { 'content-type': 'application/json' })
        response.end(JSON.stringify({ code: status === 409 ? 'already_exists' : 'failed', msg: message }))
      }
    })
  })
}

const open = server(false)
await new Promise<void>((resolve) => open.listen(0, '127.0.0.1', resolve))
port = (open.address() as { port: number }).port
identity.issuer = `http://127.0.0.1:${port}`
const index = await startRunIndex(identity.issuer)
// Tests need not be who started us.
server(true).listen(socket, () => chmodSync(socket, 0o777))
// Ends with whoever started it.
process.stdin.on('end', () => process.exit(0)).resume()
