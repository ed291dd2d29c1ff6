import path from 'node:path'
import type { Sha256 } from '../../documents/identifiers.ts'
import type { DebControl } from '../../formats/control.ts'
import { readDebControl } from '../../formats/deb-control.ts'
import { hashFile } from '../../platform/files.ts'

/** A deb as the index of a repository lists it. */
export interface IndexedDeb {
  /** Where it lies now. */
  file: string
  /** Where it lies in the repository. */
  place: string
  control: DebControl
  /** The stanza of the control file as it is in the deb. */
  text: string
  size: number
  sha256: Sha256
}

/**
 * Reads a deb with all its checks.
 *
 * @throws TagproofError `archive-invalid`
 */
export async function indexDeb(file: string): Promise<IndexedDeb> {
  const { control, text } = await readDebControl(file)
  const place = `pool/main/${poolFolder(control)}/${path.basename(file)}`
  return { file, place, control, text: text.trimEnd(), ...(await hashFile(file)) }
}

/** `h/hello`, or `libh/libhello`: by the source package, as all archives do. */
function poolFolder({ name, fields }: DebControl): string {
  const source = /^[a-z0-9][a-z0-9+.-]+/.exec(fields.get('source') ?? '')?.[0] ?? name
  const first = source.startsWith('lib') && source.length > 3 ? source.slice(0, 4) : source.slice(0, 1)
  return `${first}/${source}`
}

/** `Packages`: a stanza for each deb, sorted by place in the pool; nothing but the debs decides its bytes. */
export function packagesIndex(debs: readonly IndexedDeb[]): string {
  return [...debs]
    .sort((one, other) => (one.place < other.place ? -1 : 1))
    .map(({ text, place, size, sha256 }) => `${text}\nFilename: ${place}\nSize: ${size}\nSHA256: ${sha256}\n`)
    .join('\n')
}
