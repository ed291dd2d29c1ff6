import { TagproofError } from '../../../platform/errors.ts'
import { parseUrl, showUrl, isSecure } from '../../../platform/http-rules.ts'
import { requireKey } from '../key.ts'
import { encodeKey, encodeQuery } from './signature.ts'

export interface S3Settings {
  bucket: string
  region: string
  /** Of another service than Amazon's own. */
  endpoint?: string
  /** Folder in the bucket: `debs/`, or nothing. */
  prefix?: string
}

/** Where a bucket is, and how its keys are written. */
export interface S3Place {
  bucket: string
  region: string
  /** For people. */
  address: string
  /** Ends with a slash, or is empty. */
  prefix: string
  /** Of a key of the store. */
  object(key: string): URL
  /** Of the bucket itself, with parameters. */
  list(parameters: Readonly<Record<string, string>>): URL
  /** Of the token service that gives keys for a role. */
  tokenService: URL
}

/** "Bucket naming rules"; other services keep to them. */
const bucketPattern = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/
const regionPattern = /^[a-z0-9][a-z0-9-]{1,39}$/

/**
 * Amazon's own buckets are named in the host; a name with dots has no certificate there, and an endpoint of another service
 * need not have such hosts, so those are named in the path. Pure.
 *
 * @throws TagproofError `config-invalid`, `path-refused`
 */
export function s3Place({ bucket, region, endpoint, prefix = '' }: S3Settings): S3Place {
  if (!bucketPattern.test(bucket))
    throw invalid('bucket', bucket, '3 to 63 lower-case letters, digits, dots and dashes')
  if (!regionPattern.test(region)) throw invalid('region', region, 'a region such as eu-central-1')
  const folder = prefix.replace(/\/+$/, '')
  if (folder !== '') requireKey(folder)
  const domain = region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com'
  const own = endpoint === undefined ? null : endpointOf(endpoint)
  const inHost = own === null && !bucket.includes('.')
  const service = own ?? new URL(`https://${inHost ? `${bucket}.` : ''}s3.${region}.${domain}/`)
  const root = `${service.href.replace(/\/+$/, '')}${inHost ? '' : `/${bucket}`}`
  const inFolder = folder === '' ? '' : `${folder}/`
  return {
    bucket,
    region,
    prefix: inFolder,
    address:
      own === null
        ? `s3://${bucket}/${inFolder}`
        : `${showUrl(own).replace(/\/+$/, '')}/${bucket}/${inFolder}`,
    object: (key) => new URL(`${root}/${encodeKey(`${inFolder}${key}`)}`),
    list: (parameters) => new URL(`${root}${inHost ? '/' : ''}?${encodeQuery(parameters)}`),
    tokenService: own ?? new URL(`https://sts.${region}.${domain}/`)
  }
}

function endpointOf(text: string): URL {
  const url = parseUrl(text)
  if (url === null || !isSecure(url) || url.search !== '' || url.hash !== '' || url.username !== '')
    throw invalid('endpoint', showUrl(text), 'an https URL; plain http for this machine alone')
  return url
}

function invalid(key: string, found: string, expected: string): TagproofError {
  return new TagproofError('config-invalid', `The ${key} of the store cannot be one.`, {
    found,
    expected,
    fix: `Correct ${key} in the store of the configuration.`
  })
}
