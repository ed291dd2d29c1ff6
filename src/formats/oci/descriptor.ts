import { sha256 as asSha256, type Sha256 } from '../../documents/identifiers.ts'
import { checkKeys, isObject, type JsonObject } from './json.ts'

/** Which machines an image is for (image-spec, "Image Index"). */
export interface Platform {
  os: string
  architecture: string
  /** Of the processor, such as `v7`; empty if there is none. */
  variant: string
}

/** A pointer to a blob (image-spec, "OCI Content Descriptors"). */
export interface Descriptor {
  mediaType: string
  /** Of the blob, without the name of the algorithm. */
  sha256: Sha256
  size: number
  platform: Platform | null
  annotations: Readonly<Record<string, string>>
}

/** Where a fault is told; never returns. */
export type Fail = (problem: string) => never

const descriptorKeys = [
  'mediaType',
  'digest',
  'size',
  'urls',
  'annotations',
  'data',
  'platform',
  'artifactType'
]
const platformKeys = ['architecture', 'os', 'os.version', 'os.features', 'variant', 'features']

/** Reads a descriptor: SHA-256 alone, the size exact, no `urls` that lead elsewhere, no bytes of its own. */
export function readDescriptor(value: unknown, what: string, fail: Fail): Descriptor {
  if (!isObject(value)) return fail(`${what} is no descriptor`)
  checkKeys(value, descriptorKeys, { closed: true, fail })
  if (value.urls !== undefined) fail(`${what} has urls, so its bytes may come from elsewhere`)
  if (value.data !== undefined) fail(`${what} has data of its own beside its blob`)
  const { mediaType, digest, size, artifactType } = value
  if (typeof mediaType !== 'string' || mediaType === '') return fail(`${what} has no media type`)
  if (artifactType !== undefined) fail(`${what} is an artifact of another kind`)
  if (typeof digest !== 'string' || !/^sha256:[0-9a-f]{64}$/.test(digest))
    return fail(`${what} has a digest that is no SHA-256 in lower-case hex`)
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) return fail(`${what} has no size`)
  return {
    mediaType,
    sha256: asSha256(digest.slice('sha256:'.length)),
    size,
    platform: value.platform === undefined ? null : readPlatform(value.platform, what, fail),
    annotations: readTexts(value.annotations, `the annotations of ${what}`, fail)
  }
}

function readPlatform(value: unknown, what: string, fail: Fail): Platform {
  if (!isObject(value)) return fail(`the platform of ${what} is malformed`)
  checkKeys(value, platformKeys, { closed: true, fail })
  const list: unknown = value['os.features'] ?? []
  if (!Array.isArray(list) || list.some((entry) => typeof entry !== 'string'))
    fail(`the platform of ${what} is malformed`)
  text(value, 'os.version', what, fail)
  return {
    os: text(value, 'os', what, fail),
    architecture: text(value, 'architecture', what, fail),
    variant: text(value, 'variant', what, fail)
  }
}

function text(object: JsonObject, key: string, what: string, fail: Fail): string {
  const value = object[key] ?? ''
  if (typeof value !== 'string' || (value !== '' && !/^[A-Za-z0-9._+-]{1,64}$/.test(value)))
    return fail(`the ${key} of ${what} is malformed`)
  return value
}

/** A map of texts, such as annotations and labels; absent and null are empty, as Go reads them. */
export function readTexts(value: unknown, what: string, fail: Fail): Record<string, string> {
  if (value === undefined || value === null) return {}
  if (!isObject(value)) return fail(`${what} are no map`)
  const entries = Object.entries(value).map(([key, entry]): [string, string] =>
    typeof entry === 'string' ? [key, entry] : fail(`${what} hold something that is no text`)
  )
  return Object.fromEntries(entries)
}

/** `linux/arm/v7`. */
export function platformName({ os, architecture, variant }: Platform): string {
  return [os, architecture, ...(variant === '' ? [] : [variant])].join('/')
}
