import { valid } from '@renovatebot/pep440'
import type { Upload } from '../../documents/uploads.ts'
import { normalizeName } from '../../formats/metadata.ts'
import { parseWheelName } from '../../formats/wheel.ts'
import type { Distribution } from './distribution.ts'
import { formFields } from './upload-fields.ts'

/** What the index is told of a file: all of it is read out of the file. */
export function uploadOf(distribution: Distribution): Upload {
  const { name, kind, size, sha256, blake2b256, metadata, metadataSha256 } = distribution
  return {
    name,
    filetype: kind === 'sdist' ? 'sdist' : 'bdist_wheel',
    pyversion: kind === 'sdist' ? 'source' : parseWheelName(name).python,
    size,
    sha256,
    blake2b256,
    metadata: kind === 'sdist' ? null : metadataSha256,
    project: normalizeName(metadata.name),
    version: normalizedVersion(metadata.version),
    fields: formFields(metadata)
  }
}

/** Wheels first, since the index shows a release from its first file on, and installers prefer them; each kind by name. */
export function inUploadOrder(distributions: readonly Upload[]): Upload[] {
  const rank = ({ filetype, name }: Upload): string => `${filetype === 'bdist_wheel' ? 0 : 1} ${name}`
  return [...distributions].sort((one, other) => (rank(one) < rank(other) ? -1 : 1))
}

/** A version in the one spelling of PEP 440 ("Normalization"); as it is where it is none. */
export function normalizedVersion(version: string): string {
  return valid(version) ?? version
}
