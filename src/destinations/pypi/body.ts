import { Readable } from 'node:stream'
import { provenFile, type ProvenFile } from '../proven-file.ts'
import type { UploadForm } from './form.ts'

/**
 * The body of an upload as a stream that can be opened again for another attempt.
 *
 * @throws TagproofError through the stream: `hash-mismatch`, `input-missing`
 */
export function uploadBody(file: string, form: UploadForm, expected: ProvenFile): Readable {
  return Readable.from(pieces(file, form, expected), { objectMode: false })
}

async function* pieces(file: string, form: UploadForm, expected: ProvenFile): AsyncGenerator<Buffer> {
  yield form.before
  yield* provenFile(file, expected)
  yield form.after
}
