import { siphash } from './siphash.ts'

/** The 16 bytes before the code of a `.pyc` (PEP 552). */
export type BytecodeHeader =
  | { form: 'time'; mtime: number; size: number }
  | { form: 'hash'; checked: boolean; hash: Buffer; magic: number }

/** Undefined where they are none. */
export function bytecodeHeader(head: Buffer): BytecodeHeader | undefined {
  if (head.length < 16 || head[2] !== 0x0d || head[3] !== 0x0a) return undefined
  const flags = head.readUInt32LE(4)
  if (flags === 0) return { form: 'time', mtime: head.readUInt32LE(8), size: head.readUInt32LE(12) }
  if ((flags & ~3) !== 0 || (flags & 1) === 0) return undefined
  return { form: 'hash', checked: (flags & 2) !== 0, hash: head.subarray(8, 16), magic: head.readUInt32LE(0) }
}

/**
 * Whether a header's hash is that of a source: SipHash keyed with the magic number (`_imp.source_hash`), 1-3 since
 * Python 3.11 (magic 3450 and later), 2-4 before.
 */
export function isHashOf(header: Extract<BytecodeHeader, { form: 'hash' }>, source: Buffer): boolean {
  const newer = (header.magic & 0xffff) >= 3450
  const value = siphash(BigInt(header.magic), source, newer ? { c: 1, d: 3 } : { c: 2, d: 4 })
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(value)
  return bytes.equals(header.hash)
}

/** Path of the source of a `.pyc`: `a/__pycache__/b.cpython-311.opt-1.pyc` is of `a/b.py`; `a/b.pyc` of `a/b.py`. */
export function sourceOf(path: string): string | undefined {
  const cached = /^(.*?)__pycache__\/([^/]+?)\.[a-z]+-?\d+(?:\.opt-[12])?\.pyc$/.exec(path)
  if (cached !== null) return `${cached[1] ?? ''}${cached[2] ?? ''}.py`
  return path.endsWith('.pyc') ? path.slice(0, -1) : undefined
}
