import path from 'node:path'
import { Readable } from 'node:stream'
import type { Sha256 } from '../../documents/identifiers.ts'
import { sha256OfBytes } from '../../platform/files.ts'
import { once } from '../../platform/pieces.ts'
import { provenFile } from '../proven-file.ts'
import type { StoreBody } from './store.ts'

export function sizeOf(body: StoreBody): number {
  return 'bytes' in body ? body.bytes.length : body.size
}

export function sha256Of(body: StoreBody): Sha256 {
  return 'bytes' in body ? sha256OfBytes(body.bytes) : body.sha256
}

/** The bytes, as a stream that can be opened again. @throws TagproofError through it: `hash-mismatch`, `input-missing` */
export function streamOf(body: StoreBody): Readable {
  const pieces =
    'bytes' in body
      ? once(body.bytes)
      : provenFile(body.file, { name: path.basename(body.file), size: body.size, sha256: body.sha256 })
  return Readable.from(pieces, { objectMode: false })
}
