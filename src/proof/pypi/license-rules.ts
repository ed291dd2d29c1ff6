import { licenseExpressionProblem } from '../../formats/python/license-expression.ts'
import { eachValue, quoted, valuesIn, type IndexRule } from './rule.ts'

/** Licences (PEP 639). */
export const licenseRules: readonly IndexRule[] = [
  {
    /** packaging, `licenses`. */
    code: 'index-license-expression',
    example: 'License-Expression "Apache 2.0": "apache" is not on the SPDX list.',
    demands:
      'License-Expression is an SPDX expression of identifiers of its list, or LicenseRef- and a name of your own.',
    fix: 'Write project.license as such an expression, for example "Apache-2.0" or "MIT OR LicenseRef-Herald".',
    check: ({ upload }) => eachValue(upload.fields, ['license_expression'], licenseExpressionProblem)
  },
  {
    /** warehouse, `forklift/metadata.py`. */
    code: 'index-license-twice',
    example: 'License and License-Expression are both there.',
    demands: 'License is not there beside License-Expression, which takes its place.',
    fix: 'State the licence once, as an SPDX expression in project.license.',
    check: ({ upload: { fields } }) =>
      valuesIn(fields, 'license').length > 0 && valuesIn(fields, 'license_expression').length > 0
        ? [{ message: 'License and License-Expression are both there.' }]
        : []
  },
  {
    /** PEP 639, "Add License-File field"; warehouse, `forklift/legacy.py`. */
    code: 'index-license-file',
    example: 'License-File "LICENSE.txt": herald-1.4.0.dist-info/licenses/LICENSE.txt is not in the file.',
    demands:
      'Each License-File is a plain relative path, and the file is there: in the top folder of an sdist, in the folder licenses of .dist-info in a wheel.',
    fix: 'Lock a release of the build backend that puts the licences there, and let project.license-files match files of the tree.',
    check: ({ upload: { fields }, distribution: { kind, folder, members } }) =>
      valuesIn(fields, 'license_file').flatMap((file) => {
        const said = (what: string) => [{ message: `License-File ${quoted(file)}: ${what}.` }]
        if (!isPlainPath(file)) return said('it is no plain relative path')
        const place = kind === 'sdist' ? `${folder}/${file}` : `${folder}/licenses/${file}`
        return members.has(place) ? [] : said(`${place} is not in the file`)
      })
  }
]

function isPlainPath(file: string): boolean {
  const parts = file.split('/')
  return (
    !/[*\\]|\.\./.test(file) &&
    !/^[A-Za-z]:\//.test(file) &&
    parts.every((part) => part !== '' && part !== '.')
  )
}
