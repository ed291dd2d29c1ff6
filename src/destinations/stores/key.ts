import { TagproofError } from '../../platform/errors.ts'

/** S3's limit, and more than a branch or a folder needs. */
const mostBytes = 1024
const mostPartBytes = 255

/**
 * A key is a relative path that means the same in a folder, a bucket, a branch and an address. `.git` and our own folder are
 * not ours to give.
 *
 * @returns the key
 * @throws TagproofError `path-refused`
 */
export function requireKey(key: string): string {
  const fault = faultOf(key)
  if (fault === null) return key
  throw new TagproofError(
    'path-refused',
    `${JSON.stringify(key.slice(0, 200))} cannot be the name of a file in a store.`,
    {
      found: fault,
      expected: 'parts of letters, digits and . _ - + ~ : @ and the like, between single slashes',
      fix: 'Correct the template in the configuration that makes this name.'
    }
  )
}

/** A prefix need not end at a part. @throws TagproofError `path-refused` */
export function requirePrefix(prefix: string): string {
  if (prefix !== '') requireKey(`${prefix}x`)
  return prefix
}

function faultOf(key: string): string | null {
  if (key === '') return 'no name'
  if (/\p{C}/u.test(key)) return 'a control character'
  if (/[\\?#%*"<>|]/.test(key)) return 'a character with a meaning of its own in addresses'
  if (Buffer.byteLength(key) > mostBytes) return `more than ${mostBytes} bytes`
  for (const part of key.split('/')) {
    if (part === '' || part === '.' || part === '..') return `the part ${JSON.stringify(part)}`
    if (part !== part.trim()) return 'white space at the end of a part'
    if (/^\.(git|tagproof)$/i.test(part)) return `the reserved name ${part}`
    if (Buffer.byteLength(part) > mostPartBytes) return `a part of more than ${mostPartBytes} bytes`
  }
  return null
}
