import { readArchive, type Archive } from './archive.ts'
import { parseControl, type DebControl } from './control.ts'

/** A deb with the stanza that says who it is. */
export interface ControlledDeb {
  archive: Archive
  control: DebControl
  /** The stanza as it is in the deb. */
  text: string
}

/**
 * Reads a deb with all its checks, in one pass.
 *
 * @throws TagproofError `archive-invalid`; `tool-missing` where this Node cannot decompress it
 */
export async function readDebControl(file: string): Promise<ControlledDeb> {
  const pieces: Buffer[] = []
  const archive = await readArchive(file, 'deb', {
    observe: (member) =>
      member.path === 'DEBIAN/control'
        ? { update: (piece) => pieces.push(Buffer.from(piece)), end: () => undefined }
        : undefined
  })
  const bytes = Buffer.concat(pieces)
  return { archive, control: parseControl(bytes), text: bytes.toString('utf8') }
}
