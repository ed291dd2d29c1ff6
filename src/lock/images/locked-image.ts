import type { ImageLock, Lock } from '../../documents/lock.ts'
import { parseReference, withoutDigest } from '../../platform/registry/reference.ts'

/**
 * The locked image of a reference: under its own name; or, where a digest was added to the reference since the lock was
 * made, under the name without it, if that led to just this digest.
 */
export function lockedImage(images: Lock['images'], reference: string): ImageLock | undefined {
  if (images === undefined) return undefined
  const parsed = parseReference(reference)
  const own = Object.hasOwn(images, reference) ? images[reference] : undefined
  if (own !== undefined) return parsed?.digest == null || parsed.digest === own.digest ? own : undefined
  if (parsed?.digest == null) return undefined
  const name = withoutDigest(parsed)
  const before = Object.hasOwn(images, name) ? images[name] : undefined
  return before?.digest === parsed.digest ? before : undefined
}
