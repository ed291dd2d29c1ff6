import { TagproofError } from '../../../platform/errors.ts'
import { printable } from '../../../platform/printable.ts'
import type { S3Place } from './place.ts'
import { textOf } from './xml.ts'

/** An answer that is no success. */
export interface S3Refusal {
  status: number
  /** Of S3's table "Error responses"; empty where a server names none. */
  code: string
  message: string
  /** Region in which the bucket is, if the answer tells. */
  region: string | null
  /** Clock of the server. */
  serverTime: string | null
}

/** What was asked, in words for people: `write 1.0/x.deb`. */
export type Asked = string

/** Reads an answer. Pure. */
export function refusalOf(
  status: number,
  headers: Readonly<Record<string, string | string[] | undefined>>,
  body: string
): S3Refusal {
  const region = headers['x-amz-bucket-region']
  return {
    status,
    code: textOf(body, 'Code') ?? '',
    message: printable(textOf(body, 'Message') ?? '').slice(0, 300),
    region: typeof region === 'string' ? region : textOf(body, 'Region'),
    serverTime: textOf(body, 'ServerTime') ?? (typeof headers.date === 'string' ? headers.date : null)
  }
}

/** Another request was under way, or bytes came over damaged: the same request may well succeed. */
const passingCodes: readonly string[] = [
  ...['ConditionalRequestConflict', 'OperationAborted', 'RequestTimeout', 'SlowDown', 'InternalError'],
  ...['BadDigest', 'XAmzContentSHA256Mismatch', 'XAmzContentChecksumMismatch', 'IncompleteBody']
]
export function isPassing({ status, code }: S3Refusal): boolean {
  return passingCodes.includes(code) || [408, 429, 500, 502, 503, 504].includes(status)
}

const fullCodes: readonly string[] = [
  ...['QuotaExceeded', 'XMinioStorageFull', 'XMinioAdminBucketQuotaExceeded', 'InsufficientStorage'],
  ...['EntityTooLarge', 'StorageQuotaExceeded', 'TooManyBytes']
]
const keyCodes: readonly string[] = [
  ...['InvalidAccessKeyId', 'SignatureDoesNotMatch', 'ExpiredToken', 'InvalidToken', 'TokenRefreshRequired'],
  ...['InvalidSecurity', 'NotSignedUp', 'AccountProblem']
]

/** Keys that ended on the way; others may be had. */
export function isExpired({ code }: S3Refusal): boolean {
  return ['ExpiredToken', 'ExpiredTokenException', 'TokenRefreshRequired'].includes(code)
}

/**
 * What an answer means for a release, and what to do. Pure.
 *
 * @param region that was asked
 * @param now milliseconds since 1970
 */
export function refusedBy(
  refusal: S3Refusal,
  asked: Asked,
  { address, bucket, region }: S3Place,
  now: number
): TagproofError {
  const { status, code, message } = refusal
  const said = [String(status), code, message].filter((text) => text !== '').join(' ')
  const detail = { where: address, found: said }
  if (refusal.region !== null && refusal.region !== region && [301, 307, 400, 403].includes(status))
    return new TagproofError('config-invalid', `The bucket ${bucket} is in another region.`, {
      where: address,
      found: region,
      expected: printable(refusal.region).slice(0, 60),
      fix: `Write region: ${printable(refusal.region).slice(0, 60)} in the store of the configuration.`
    })
  if (code === 'RequestTimeTooSkewed')
    return new TagproofError('login-refused', 'The clock of this machine is wrong.', {
      where: address,
      found: `${new Date(now).toISOString()} here`,
      expected: `${printable(refusal.serverTime ?? 'another time').slice(0, 60)} at the server`,
      fix: 'Set the clock (on a runner of your own: a time service), and run publish again.'
    })
  if (code === 'NoSuchBucket')
    return new TagproofError('config-invalid', `There is no bucket ${bucket}.`, {
      ...detail,
      fix: 'Make the bucket, or correct bucket, region and endpoint in the store of the configuration.'
    })
  if (status === 507 || fullCodes.includes(code))
    return new TagproofError('disk-full', `There is no room for the release in ${bucket}.`, {
      ...detail,
      fix: 'Make room or raise the quota; then run publish again, which writes what is missing.'
    })
  if (status === 501 || code === 'NotImplemented')
    return new TagproofError(
      'store-unfit',
      `The server does not know a condition that a release needs (to ${asked}).`,
      {
        ...detail,
        fix: 'Use a service with conditional writes (If-None-Match and If-Match on PUT), or a newer version of this one.'
      }
    )
  if (keyCodes.includes(code))
    return new TagproofError('login-refused', `The store does not take the keys (to ${asked}).`, {
      ...detail,
      fix: 'Check s3-access-key-id and s3-secret-access-key, or the role; keys of another account or service do not count here.'
    })
  if (status === 401 || status === 403)
    return new TagproofError('login-refused', `The keys may not ${asked}.`, {
      ...detail,
      fix: 'Allow s3:ListBucket for the bucket, and s3:GetObject and s3:PutObject for the keys below the prefix (docs/stores.md).'
    })
  if (status >= 300 && status < 400)
    return new TagproofError('config-invalid', 'The endpoint of the store sends us elsewhere.', {
      ...detail,
      fix: 'Name the final address as endpoint, and the region of the bucket.'
    })
  return new TagproofError('upload-refused', `The store did not ${asked}.`, {
    ...detail,
    fix: isPassing(refusal)
      ? 'Run publish again later; it writes what is missing.'
      : 'Correct what it says, and run publish again.'
  })
}
