import type http from 'node:http'
import { digestOf } from '../registry.ts'

/** A refusal with a code of the specification. */
export class Refusal extends Error {
  readonly status: number
  readonly code: string
  readonly detail: unknown

  constructor(status: number, code: string, message: string, detail?: unknown) {
    super(message)
    this.status = status
    this.code = code
    this.detail = detail
  }
}

export interface StoredManifest {
  bytes: Buffer
  mediaType: string
}

export interface FakeRepository {
  manifests: Map<string, StoredManifest>
  tags: Map<string, string>
  /** Blobs that can be read here. */
  blobs: Set<string>
}

export interface FakeState {
  blobs: Map<string, Buffer>
  repositories: Map<string, FakeRepository>
  /** Everything that was ever stored or pointed elsewhere, in order. */
  writes: string[]
}

export interface ManifestRules {
  immutable?: boolean
  silent?: boolean
  referrers?: boolean
}

const largest = 4 * 2 ** 20

export function repositoryOf(state: FakeState, name: string): FakeRepository {
  const found = state.repositories.get(name) ?? { manifests: new Map(), tags: new Map(), blobs: new Set() }
  state.repositories.set(name, found)
  return found
}

export async function takeManifest(
  state: FakeState,
  rules: ManifestRules,
  given: {
    request: http.IncomingMessage
    response: http.ServerResponse
    repository: string
    reference: string
  }
): Promise<void> {
  const { request, response, repository: name, reference } = given
  const bytes = await bodyOf(request)
  if (bytes.length > largest) throw new Refusal(413, 'SIZE_INVALID', 'manifest too large')
  const digest = digestOf(bytes)
  if (reference.startsWith('sha256:') && reference !== digest)
    throw new Refusal(400, 'DIGEST_INVALID', 'provided digest did not match', digest)
  const repository = repositoryOf(state, name)
  const mediaType = request.headers['content-type'] ?? ''
  const document = requireComplete(bytes, mediaType, state, repository)
  if (!reference.startsWith('sha256:')) {
    const before = repository.tags.get(reference)
    if (rules.immutable === true && before !== undefined)
      throw new Refusal(400, 'TAG_INVALID', `the tag ${reference} is immutable`)
    const condition = request.headers['if-match']
    if (condition !== undefined && condition !== `"${before ?? ''}"`)
      throw new Refusal(412, 'PRECONDITION_FAILED', 'another one is there')
    repository.tags.set(reference, digest)
    state.writes.push(`tag ${name}:${reference} ${digest}`)
  }
  if (!repository.manifests.has(digest)) state.writes.push(`manifest ${name}@${digest}`)
  repository.manifests.set(digest, { bytes, mediaType })
  const subject = rules.referrers === true ? document.subject?.digest : undefined
  response.writeHead(201, {
    location: `/v2/${name}/manifests/${digest}`,
    ...(rules.silent === true ? {} : { 'docker-content-digest': digest }),
    ...(subject === undefined ? {} : { 'oci-subject': subject })
  })
  response.end()
}

interface Document {
  mediaType?: string
  artifactType?: string
  config?: { digest: string }
  layers?: { digest: string }[]
  manifests?: { digest: string }[]
  subject?: { digest: string }
}

function requireComplete(
  bytes: Buffer,
  mediaType: string,
  state: FakeState,
  repository: FakeRepository
): Document {
  let document: Document
  try {
    document = JSON.parse(bytes.toString()) as Document
  } catch {
    throw new Refusal(400, 'MANIFEST_INVALID', 'no JSON')
  }
  if (document.mediaType !== undefined && document.mediaType !== mediaType)
    throw new Refusal(400, 'MANIFEST_INVALID', 'another media type than it says')
  const blobs = [...(document.layers ?? []), ...(document.config === undefined ? [] : [document.config])]
  for (const { digest } of blobs)
    if (!repository.blobs.has(digest) || !state.blobs.has(digest))
      throw new Refusal(404, 'MANIFEST_BLOB_UNKNOWN', 'blob unknown to registry', { digest })
  // An index of what refers to an image may name what is not there any more.
  const children = document.manifests?.filter((entry) => !('artifactType' in entry)) ?? []
  for (const { digest } of children)
    if (!repository.manifests.has(digest))
      throw new Refusal(400, 'MANIFEST_BLOB_UNKNOWN', 'manifest unknown to registry', { digest })
  return document
}

export function referrersPage(
  state: FakeState,
  rules: ManifestRules,
  name: string,
  subject: string,
  response: http.ServerResponse
): void {
  if (rules.referrers !== true) throw new Refusal(404, 'UNSUPPORTED', 'no such page')
  const manifests = [...(state.repositories.get(name)?.manifests ?? [])].flatMap(
    ([digest, { bytes, mediaType }]) => {
      const document = JSON.parse(bytes.toString()) as Document
      const { artifactType } = document
      return document.subject?.digest === subject
        ? [{ mediaType, digest, size: bytes.length, artifactType }]
        : []
    }
  )
  const type = 'application/vnd.oci.image.index.v1+json'
  response.writeHead(200, { 'content-type': type })
  response.end(JSON.stringify({ schemaVersion: 2, mediaType: type, manifests }))
}

export async function bodyOf(request: http.IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
  return Buffer.concat(chunks)
}
