import { TagproofError } from '../platform/errors.ts'

/** Where in an archive something is wrong. */
export interface ArchivePlace {
  format: 'tar' | 'gzip' | 'xz' | 'zstd' | 'ar' | 'zip' | 'wheel' | 'sdist' | 'deb' | 'image'
  /** Position of the entry in its archive, from 0; absent when the fault is in the container itself. */
  entry?: number
  /** Bytes from the start of the stream or file of that format. */
  offset?: number
  /** Name of the entry as far as it is known. */
  path?: string
}

/** `archive-invalid`, with the entry's index, its offset and its name in the sentence. */
export function invalidArchive(
  place: ArchivePlace,
  problem: string,
  detail: { found?: string; expected?: string; fix?: string; cause?: unknown } = {}
): TagproofError {
  const parts = [
    place.format,
    place.entry === undefined ? '' : ` entry ${place.entry}`,
    place.offset === undefined ? '' : ` at offset ${place.offset}`,
    place.path === undefined ? '' : ` (${JSON.stringify(place.path.slice(0, 200))})`
  ]
  return new TagproofError('archive-invalid', `${parts.join('')}: ${problem}.`, {
    fix: 'Make the archive again with a current release of its build backend; report it if that made this one.',
    ...detail
  })
}
