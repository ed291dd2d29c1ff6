import { explain } from '@renovatebot/pep440'
import { metadataAge, metadataFields, metadataVersions } from '../../formats/python/metadata-fields.ts'
import { eachValue, headerOf, quoted, valuesIn, type MetadataRule } from './rule.ts'

/** warehouse, `utils/project.py`, PROJECT_NAME_RE. */
const projectName = /^(?:[A-Z0-9]|[A-Z0-9][A-Z0-9._-]*[A-Z0-9])$/i

/** Which project and release a file belongs to, and in which form it says so. */
export const identityRules: readonly MetadataRule[] = [
  {
    /** warehouse, `forklift/metadata.py`, SUPPORTED_METADATA_VERSIONS. */
    code: 'index-metadata-version',
    example: 'Metadata-Version "2.9": the index takes 1.0, 1.1, 1.2, 2.1, 2.2, 2.3, 2.4, 2.5.',
    demands:
      'The version of the metadata is one that the index knows; it learns new ones later than backends do.',
    fix: 'Lock the build backend at an earlier release, whose metadata is of a version that the index takes.',
    check: (fields) =>
      eachValue(fields, ['metadata_version'], (value) =>
        metadataAge(value) < 0 ? `the index takes ${metadataVersions.join(', ')}` : null
      )
  },
  {
    /** packaging, `metadata.py`: a field is unparsed if it is there twice; so is Project-URL with one label twice. */
    code: 'index-field-twice',
    example: 'Summary is there 2 times.',
    demands:
      'Fields that hold one value are there once, a description in the header or in the body alone, and each label of Project-URL once.',
    fix: 'State the field once in pyproject.toml; if it is stated once, report it to the build backend.',
    check: (fields) => [
      ...metadataFields
        .filter(({ several, form }) => !several && valuesIn(fields, form).length > 1)
        .map(({ form }) => ({
          message: `${headerOf(form)} is there ${valuesIn(fields, form).length} times.`
        })),
      ...repeated(valuesIn(fields, 'project_urls').map((value) => value.split(',')[0]?.trim() ?? '')).map(
        (label) => ({ message: `Project-URL has the label ${quoted(label)} twice.` })
      )
    ]
  },
  {
    /** packaging, `metadata.py`, "introduced in metadata version". */
    code: 'index-field-too-new',
    example: 'License-Expression came with metadata 2.4, and this is 2.1.',
    demands: 'A field exists in the version of the metadata that the file states.',
    fix: 'Lock a newer release of the build backend, which writes metadata of the version that its fields are from.',
    check: (fields) => {
      const [stated = ''] = valuesIn(fields, 'metadata_version')
      if (metadataAge(stated) < 0) return []
      return metadataFields
        .filter(
          ({ form, added }) => valuesIn(fields, form).length > 0 && metadataAge(added) > metadataAge(stated)
        )
        .map(({ form, added }) => ({
          message: `${headerOf(form)} came with metadata ${added}, and this is ${stated}.`
        }))
    }
  },
  {
    /** Names (core metadata, "Name"; warehouse, `forklift/forms.py`). */
    code: 'index-name',
    example: 'Name "herald!": a name begins and ends with a letter or digit, with . _ - between.',
    demands:
      'The name of a project begins and ends with an ASCII letter or digit; between them may be dots, underscores and dashes.',
    fix: 'Choose such a name in pyproject.toml (project.name).',
    check: (fields) =>
      eachValue(fields, ['name'], (value) =>
        projectName.test(value) ? null : 'a name begins and ends with a letter or digit, with . _ - between'
      )
  },
  {
    /** PEP 440; local versions: warehouse, `forklift/metadata.py`. */
    code: 'index-version',
    example: 'Version "1.4.0+g1234567": it has a local part, which the index takes from nobody.',
    demands: 'The version is one of PEP 440, without a local part.',
    fix: 'Tag a version without "+"; where a plugin makes it, tell it to leave the local part out (setuptools-scm: local_scheme = "no-local-version").',
    check: (fields) => eachValue(fields, ['version'], versionProblem)
  }
]

function versionProblem(value: string): string | null {
  const version = explain(value)
  if (version === null) return 'it is no version of PEP 440'
  return version.local === null ? null : 'it has a local part, which the index takes from nobody'
}

function repeated(values: readonly string[]): string[] {
  const seen = new Set<string>()
  return [...new Set(values.filter((value) => seen.size === seen.add(value).size))]
}
