import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { TagproofError } from '../platform/errors.ts'

export interface ProvenFile {
  /** For messages. */
  name: string
  size: number
  sha256: string
}

/**
 * The bytes of a file on its way to a server. It is hashed meanwhile, and its last piece is held back until the hash is
 * right: nobody ever gets another file than the proven one whole.
 *
 * @throws TagproofError `hash-mismatch`, `input-missing`
 */
export async function* provenFile(file: string, expected: ProvenFile): AsyncGenerator<Buffer> {
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

function changed(expected: ProvenFile, found: string): TagproofError {
  return new TagproofError('hash-mismatch', `${expected.name} is not the file that was proven.`, {
    found,
    expected: `${expected.sha256} (${expected.size} bytes)`,
    fix: 'Nothing of it was stored. Find out what wrote to the folder, then prove and record again.'
  })
}
