import { metadataFields } from '../../formats/python/metadata-fields.ts'
import { requirementSyntax } from '../../formats/python/requirement-syntax.ts'
import { badClause } from '../../formats/python/specifier.ts'
import { importNameProblem } from '../../formats/python/import-name.ts'
import { eachValue, type MetadataRule } from './rule.ts'

/** What installers read. */
export const dependencyRules: readonly MetadataRule[] = [
  {
    /** PEP 508; direct references: warehouse, `forklift/metadata.py`. */
    code: 'index-requirement',
    example:
      'Requires-Dist "lib @ https://lib.example/lib.whl": it names an address, and the index takes names alone.',
    demands:
      'Requires-Dist, Provides-Dist and Obsoletes-Dist are dependency specifiers (PEP 508) that name projects, no addresses.',
    fix: 'Publish the other project on the index and require it by name, or put the address into a dependency group, which is not published.',
    check: (fields) =>
      eachValue(fields, ['requires_dist', 'provides_dist', 'obsoletes_dist'], (value) => {
        const found = requirementSyntax(value)
        if ('problem' in found) return found.problem
        return found.url === null ? null : 'it names an address, and the index takes names alone'
      })
  },
  {
    /** PEP 440, "Version specifiers". */
    code: 'index-requires-python',
    example: 'Requires-Python "3.8+": "3.8+" is no version specifier.',
    demands: 'Requires-Python is a list of version specifiers (PEP 440).',
    fix: 'Write project.requires-python as ">=3.8".',
    check: (fields) =>
      eachValue(fields, ['requires_python'], (value) => {
        const clause = badClause(value)
        return clause === null ? null : `${JSON.stringify(clause)} is no version specifier`
      })
  },
  {
    /** PEP 685. */
    code: 'index-extra',
    example: 'Provides-Extra "all!": an extra is named as a project is.',
    demands:
      'Extras are named as projects are: ASCII letters and digits, with dots, underscores and dashes between.',
    fix: 'Rename the extra in project.optional-dependencies.',
    check: (fields) =>
      eachValue(fields, ['provides_extra'], (value) =>
        /^(?:[A-Z0-9]|[A-Z0-9][A-Z0-9._-]*[A-Z0-9])$/i.test(value)
          ? null
          : 'an extra is named as a project is'
      )
  },
  {
    /** PEP 643; warehouse, `forklift/metadata.py`, DYNAMIC_FIELDS. */
    code: 'index-dynamic',
    example: 'Dynamic "Version": it is no field that may be left open.',
    demands: 'Dynamic names fields of core metadata, and none of Name, Version and Metadata-Version.',
    fix: 'Report it to the build backend, which alone writes this field.',
    check: (fields) =>
      eachValue(fields, ['dynamic'], (value) =>
        dynamicFields.has(value.toLowerCase()) ? null : 'it is no field that may be left open'
      )
  },
  {
    /** PEP 794. */
    code: 'index-import-name',
    example: 'Import-Name "herald.class": "class" is a keyword of Python.',
    demands: 'Import-Name and Import-Namespace are dotted names of Python; "; private" alone may follow.',
    fix: 'Correct project.import-names or project.import-namespaces in pyproject.toml.',
    check: (fields) => eachValue(fields, ['import_name', 'import_namespace'], importNameProblem)
  }
]

const dynamicFields: ReadonlySet<string> = new Set(
  metadataFields
    .map(({ header }) => header)
    .filter((header) => !['metadata-version', 'name', 'version', 'dynamic'].includes(header))
)
