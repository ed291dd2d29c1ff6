import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import type { ReleaseArtifact } from '../../documents/release.ts'
import type { UploadDeb } from '../../documents/uploads.ts'
import { readDebControl } from '../../formats/deb-control.ts'

/**
 * What the index of a repository says of a deb.
 *
 * @throws TagproofError `archive-invalid`
 */
export async function debUpload(
  file: string,
  { name, sha256 }: Pick<ReleaseArtifact, 'name' | 'sha256'>
): Promise<UploadDeb> {
  const { control, text } = await readDebControl(file)
  const hash = createHash('sha512')
  let size = 0
  for await (const piece of createReadStream(file, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>) {
    hash.update(piece)
    size += piece.length
  }
  return {
    name,
    size,
    sha256,
    sha512: hash.digest('hex'),
    package: control.name,
    version: control.version,
    architecture: control.architecture,
    source: /^[a-z0-9][a-z0-9+.-]+/.exec(control.fields.get('source') ?? '')?.[0] ?? control.name,
    control: text.trimEnd()
  }
}
