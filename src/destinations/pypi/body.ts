import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { Readable } from 'node:stream'
import { TagproofError } from '../../platform/errors.ts'
import type { UploadForm } from './form.ts'

/**
 * The body of an upload as a stream that can be opened again for another attempt. The file is hashed while it is sent, and
 * its last piece is held back until the hash is right: a server never gets another file than the proven one whole.
 *
 * @throws TagproofError through the stream: `hash-mismatch`, `input-missing`
 */
export function uploadBody(
  file: string,
  form: UploadForm,
  expected: { name: string; size: number; sha256: string }
): Readable {
  return Readable.from(pieces(file, form, expected), { objectMode: false })
}

async function* pieces(
  file: string,
  form: UploadForm,
  expected: { name: string; size: number; sha256: string }
): AsyncGenerator<Buffer> {
  yield form.before
  const hash = createHash('sha256')
  let size = 0
  let held: Buffer | null = null
  for await (const piece of fileOf(file, expected.name)) {
    size += piece.length
    if (size > expected.size) throw changed(expected, `more than ${expected.size} bytes`)
    hash.update(piece)
    if (held !== null) yield held
    held = piece
  }
  const sha256 = hash.digest('hex')
  if (size !== expected.size || sha256 !== expected.sha256)
    throw changed(expected, `${sha256} (${size} bytes)`)
  if (held !== null) yield held
  yield form.after
}

async function* fileOf(file: string, name: string): AsyncGenerator<Buffer> {
  try {
    for await (const piece of createReadStream(file) as AsyncIterable<Buffer>) yield piece
  } catch (cause) {
    throw new TagproofError('input-missing', `${name} cannot be read.`, {
      where: file,
      found: (cause as Error).message,
      fix: 'Run the same command again once the file is there.',
      cause
    })
  }
}

function changed(expected: { name: string; size: number; sha256: string }, found: string): TagproofError {
  return new TagproofError('hash-mismatch', `${expected.name} is not the file that was proven.`, {
    found,
    expected: `${expected.sha256} (${expected.size} bytes)`,
    fix: 'Nothing of it was stored. Find out what wrote to the folder, then prove and record again.'
  })
}
