import { parseStanzas } from '../../../lock/apt-sources.ts'
import { fileNameField } from '../../../documents/fields.ts'
import { TagproofError } from '../../../platform/errors.ts'

export interface Changes {
  source: string
  version: string
  /** The files of the upload, in their order. */
  files: { name: string; size: number; sha256: string }[]
}

/**
 * Reads a `.changes` file (deb-changes(5)) that a build has left, like any foreign document.
 *
 * @throws TagproofError `build-output`
 */
export function parseChanges(text: string): Changes {
  const fields = parseStanzas(text)[0] ?? new Map<string, string>()
  const lines = (fields.get('checksums-sha256') ?? '').split('\n').filter((line) => line.trim() !== '')
  const files = lines.map((line) => {
    const [, sha256 = '', size = '', name = ''] = /^\s*([0-9a-f]{64}) (\d+) (\S+)\s*$/.exec(line) ?? []
    if (!fileNameField.safeParse(name).success) throw unusable(`the line ${JSON.stringify(line)}`)
    return { name, size: Number(size), sha256 }
  })
  const source = /^[a-z0-9][a-z0-9+.-]*/.exec(fields.get('source') ?? '')?.[0]
  const version = /^[A-Za-z0-9.+~:-]+$/.exec(fields.get('version') ?? '')?.[0]
  if (source === undefined || version === undefined) throw unusable('no Source or Version')
  return { source, version, files }
}

export function unusable(found: string): TagproofError {
  return new TagproofError('build-output', 'The build left no usable account of its packages.', {
    where: 'the .changes file',
    found,
    expected: 'what dpkg-genchanges writes, and the files that it names',
    fix: 'Something in debian/rules writes beside the build folder; let dpkg alone do that.'
  })
}
