import { digestOf, type TestImage } from '../registry.ts'

/** A registry as somebody without our code uses it. */

/** Pushes an image under a tag, by the shortest way that the protocol has. */
export async function putByHand(
  origin: string,
  repository: string,
  tag: string,
  image: TestImage
): Promise<void> {
  const manifests = new Set(image.types.keys())
  for (const [digest, bytes] of image.blobs) {
    if (manifests.has(digest)) continue
    const begun = await fetch(`${origin}/v2/${repository}/blobs/uploads/`, { method: 'POST' })
    const place = new URL(begun.headers.get('location') ?? '', origin)
    place.searchParams.set('digest', digest)
    await ok(fetch(place, { method: 'PUT', body: new Uint8Array(bytes) }))
  }
  const ordered = [...Object.values(image.manifests), image.index]
  for (const digest of ordered) await putManifest(origin, repository, digest, image, digest)
  await putManifest(origin, repository, tag, image, image.index)
}

async function putManifest(
  origin: string,
  repository: string,
  reference: string,
  image: TestImage,
  digest: string
): Promise<void> {
  const headers = { 'content-type': image.types.get(digest) ?? '' }
  const body = new Uint8Array(image.blobs.get(digest) ?? Buffer.alloc(0))
  await ok(fetch(`${origin}/v2/${repository}/manifests/${reference}`, { method: 'PUT', headers, body }))
}

async function ok(answer: Promise<Response>): Promise<void> {
  const { status } = await answer
  if (status !== 201) throw new Error(`not stored: ${status}`)
}

/** Digest of the bytes that a tag gives; null where it is not there. */
export async function digestUnder(origin: string, repository: string, tag: string): Promise<string | null> {
  const accept = 'application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json'
  const answer = await fetch(`${origin}/v2/${repository}/manifests/${tag}`, { headers: { accept } })
  const bytes = Buffer.from(await answer.arrayBuffer())
  return answer.status === 200 ? digestOf(bytes) : null
}
