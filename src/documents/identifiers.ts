declare const brand: unique symbol
type Branded<Name extends string> = string & { readonly [brand]: Name }

/** 64 lower-case hex digits. */
export type Sha256 = Branded<'Sha256'>
/** Name of a git object: 40 (SHA-1) or 64 (SHA-256) lower-case hex digits. */
export type ObjectId = Branded<'ObjectId'>

/** Seconds since 1970-01-01T00:00:00Z, a whole number: `SOURCE_DATE_EPOCH`. */
export type Epoch = number

/** The two worlds of every build. */
export type World = 'a' | 'b'
export const worlds: readonly World[] = ['a', 'b']

/** @throws RangeError if the text is no SHA-256 in lower-case hex. */
export function sha256(text: string): Sha256 {
  if (!/^[0-9a-f]{64}$/.test(text)) throw new RangeError(`not a SHA-256: ${text.slice(0, 80)}`)
  return text as Sha256
}

/** @throws RangeError if the text is no object name. */
export function objectId(text: string): ObjectId {
  if (!/^([0-9a-f]{40}|[0-9a-f]{64})$/.test(text))
    throw new RangeError(`not a git object name: ${text.slice(0, 80)}`)
  return text as ObjectId
}

/** What differs between the worlds, by name (DESIGN, worlds). */
export const variationNames = [
  'build-path',
  'home',
  'user-id',
  'host-name',
  'timezone',
  'locale',
  'umask',
  'hash-seed',
  'clock',
  'directory-order',
  'cpus',
  'path-tail',
  'scrambled-files'
] as const
export type VariationName = (typeof variationNames)[number]
