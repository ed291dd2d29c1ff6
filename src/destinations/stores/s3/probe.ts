import { TagproofError } from '../../../platform/errors.ts'
import type { S3Client } from './client.ts'

/** One object per prefix that never changes; its name is reserved (`requireKey`), so it is in the way of nothing. */
const probeKey = '.tagproof/probe'
const bytes = Buffer.from(
  'Tagproof asks with this file whether the store honours conditions. It never changes.\n'
)
/** An ETag that no object has: what a server that honours conditions never finds. */
const noObject = '"00000000000000000000000000000000"'

/**
 * Writes the probe only if it is not there, twice, and over another version than the one that is there. A server that
 * honours conditions refuses the second and the last; one that does not, writes the same bytes again: whatever it does, no
 * reader sees a change. That the first is allowed also shows that the keys may write here.
 *
 * @throws TagproofError `store-unfit`, and what the server refuses
 */
export async function requireConditions(client: S3Client): Promise<void> {
  const write = async (headers: Readonly<Record<string, string>>): Promise<boolean> => {
    const answer = await client.send({
      method: 'PUT',
      url: client.place.object(probeKey),
      asked: `write ${probeKey}`,
      headers: { ...headers, 'content-type': 'text/plain; charset=utf-8' },
      body: { bytes },
      expected: [412]
    })
    if (answer.refused !== null) return false
    answer.stream.resume()
    return true
  }
  const create = { 'if-none-match': '*' }
  if ((await write(create)) && (await write(create))) throw ignored('If-None-Match: *', client)
  if (await write({ 'if-match': noObject })) throw ignored('If-Match', client)
}

function ignored(condition: string, { place }: S3Client): TagproofError {
  return new TagproofError('store-unfit', 'The store ignores the condition of a write.', {
    where: place.address,
    found: `a PUT with ${condition} that was carried out although it does not hold`,
    expected: 'status 412: two releases at once must not overwrite each other',
    fix: 'Use a service that honours If-None-Match and If-Match on PUT (Amazon S3, Cloudflare R2, a current MinIO), or a newer version of this one.'
  })
}
