import {
  classifierStatus,
  classifiersVersion,
  type ClassifierStatus
} from '../../formats/python/classifiers.ts'
import { descriptionType } from '../../formats/python/content-type.ts'
import { emailProblem } from '../../formats/python/email-address.ts'
import { webAddressProblem } from '../../formats/python/web-address.ts'
import { eachValue, quoted, valuesIn, type MetadataRule, type Problem } from './rule.ts'

/** warehouse, `forklift/metadata.py`, _LENGTH_LIMITS and the label of Project-URL. */
const longestSummary = 512
const longestLabel = 32

/** What people read on the page of a project, and search by. */
export const textRules: readonly MetadataRule[] = [
  {
    /** packaging, `metadata.py`: no line feed; since 26.3 no other end of a line. */
    code: 'index-summary',
    example: 'Summary "Sends news…": it is longer than 512 characters.',
    demands: 'The summary is one line of at most 512 characters.',
    fix: 'Shorten project.description in pyproject.toml to one sentence; what is longer belongs into the readme.',
    check: (fields) => [
      ...eachValue(fields, ['summary'], (value) => {
        if (value.includes('\n')) return 'it is more than one line'
        return Array.from(value).length > longestSummary
          ? `it is longer than ${longestSummary} characters`
          : null
      }),
      ...eachValue(fields, ['summary'], (value) =>
        // eslint-disable-next-line no-control-regex -- these end a line for Python, too
        !value.includes('\n') && /[\r\v\f\x1c-\x1e\x85\u2028\u2029]/.test(value)
          ? 'it holds a character that ends a line, which packaging refuses since 26.3'
          : null
      ).map((problem): Problem => ({ ...problem, severity: 'warn' }))
    ]
  },
  {
    /** RFC 822 form; warehouse asks `email-validator`. */
    code: 'index-email',
    example: 'Author-Email "mail@herald": "mail@herald" has behind its @ no full domain.',
    demands:
      'An address of the author or maintainer is one that mail can be sent to; several in one field are not looked at.',
    fix: 'Correct the address in project.authors or project.maintainers of pyproject.toml, or leave it out.',
    check: (fields) => eachValue(fields, ['author_email', 'maintainer_email'], emailProblem)
  },
  {
    /** warehouse, `forklift/metadata.py` and `trove-classifiers`. */
    code: 'index-classifier',
    example: `Classifier "Programing Language :: Python": the list of ${classifiersVersion} does not have it; the index will be asked.`,
    demands:
      'Classifiers are those of the index, none of them deprecated, none beginning with "Private ::". One that is not on the list that comes with Tagproof is a warning: the list of the index may be younger, and publish asks for it before anything is sent.',
    fix: 'Spell it as the list of classifiers on the index does; a licence is better told with project.license. Keep "Private ::" for what shall never be uploaded.',
    check: (fields) =>
      valuesIn(fields, 'classifiers').flatMap((value) => classifierProblem(value, classifierStatus(value)))
  },
  {
    /** RFC 3986; warehouse, `utils/http.py` is_valid_uri. */
    code: 'index-url',
    example: 'Home-Page "herald.example": it does not begin with https:// or http://.',
    demands:
      'Home-page, Download-URL and each Project-URL are addresses with http or https; a Project-URL has a label of at most 32 characters.',
    fix: 'Correct the address in project.urls of pyproject.toml; shorten the label.',
    check: (fields) => [
      ...eachValue(fields, ['home_page', 'download_url'], webAddressProblem),
      ...eachValue(fields, ['project_urls'], projectUrlProblem)
    ]
  },
  {
    /** Core metadata, "Description-Content-Type". */
    code: 'index-content-type',
    example:
      'Description-Content-Type "text/html": the type is none of text/plain, text/x-rst, text/markdown.',
    demands: 'The description is text/plain, text/x-rst or text/markdown (GFM or CommonMark), in UTF-8.',
    fix: 'State one of the three in project.readme (content-type), or name the file *.md, *.rst or *.txt.',
    check: (fields) =>
      eachValue(fields, ['description_content_type'], (value) => {
        const found = descriptionType(value)
        return 'problem' in found ? found.problem : null
      })
  }
]

function classifierProblem(value: string, found: ClassifierStatus): Problem[] {
  const said = (what: string): string => `Classifier ${quoted(value)}: ${what}.`
  switch (found.status) {
    case 'known':
      return []
    case 'private':
      return [{ message: said('it is there to keep a file from the index') }]
    case 'deprecated':
      return [
        {
          message: said(
            found.instead.length === 0
              ? 'it is taken no more'
              : `it is taken no more; use ${found.instead.join(' or ')}`
          )
        }
      ]
    case 'unknown':
      return [
        {
          message: said(`the list of ${classifiersVersion} does not have it; the index will be asked`),
          severity: 'warn'
        }
      ]
  }
}

function projectUrlProblem(value: string): string | null {
  const comma = value.indexOf(',')
  const [label, address] =
    comma < 0 ? [value.trim(), ''] : [value.slice(0, comma).trim(), value.slice(comma + 1).trim()]
  if (label === '') return 'it has no label'
  if (Array.from(label).length > longestLabel) return `its label is longer than ${longestLabel} characters`
  return address === '' ? 'it has no address' : webAddressProblem(address)
}
