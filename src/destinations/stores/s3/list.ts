import { TagproofError } from '../../../platform/errors.ts'
import { whole } from '../../../platform/pieces.ts'
import type { S3Client } from './client.ts'
import { textOf, textsOf } from './xml.ts'

const pageSize = 1000
/** A thousand keys of the longest kind, encoded. */
const mostPage = 8 << 20

/** Keys below the prefix of the store that begin with these letters (ListObjectsV2), page by page. */
export async function* listKeys(client: S3Client, prefix: string, size = pageSize): AsyncGenerator<string> {
  const { place } = client
  let token: string | null = null
  do {
    const url = place.list({
      'list-type': '2',
      'encoding-type': 'url',
      'max-keys': String(size),
      prefix: `${place.prefix}${prefix}`,
      ...(token === null ? {} : { 'continuation-token': token })
    })
    const page = await pageAt(client, url)
    // Some services do not know the parameter, and say so by silence.
    const encoded = textOf(page, 'EncodingType') === 'url'
    for (const key of textsOf(page, 'Key')) yield (encoded ? decodeKey(key) : key).slice(place.prefix.length)
    const next = textOf(page, 'IsTruncated') === 'true' ? textOf(page, 'NextContinuationToken') : null
    if (next !== null && next === token) throw strange(client, 'the same page again')
    token = next
  } while (token !== null)
}

/** Whether the bucket is there, and the keys may ask for its list. */
export async function requireBucket(client: S3Client): Promise<void> {
  await pageAt(client, client.place.list({ 'list-type': '2', 'max-keys': '1', prefix: client.place.prefix }))
}

async function pageAt(client: S3Client, url: URL): Promise<string> {
  const page = await client.read({ method: 'GET', url, asked: 'list the bucket' }, async (stream) => {
    const bytes = await whole(stream as AsyncIterable<Buffer>)
    return bytes.length > mostPage ? '' : bytes.toString('utf8')
  })
  if (page?.includes('<ListBucketResult') !== true) throw strange(client, 'no list of a bucket')
  return page
}

/** With `encoding-type=url` a plus sign is a space, as in forms. */
function decodeKey(key: string): string {
  return decodeURIComponent(key.replace(/\+/g, ' '))
}

function strange({ place }: S3Client, found: string): TagproofError {
  return new TagproofError('index-answer', 'The store does not answer as S3 does.', {
    where: place.address,
    found,
    fix: 'Check endpoint, region and bucket in the store of the configuration.'
  })
}
