import { descriptionType } from '../../formats/python/content-type.ts'
import { renderObstacles } from '../../formats/python/restructured-text.ts'
import { valuesIn, type MetadataRule, type Problem } from './rule.ts'

const mostTold = 3

/** The description, which the index renders before it takes a file. */
export const descriptionRules: readonly MetadataRule[] = [
  {
    /** warehouse, `forklift/legacy.py`, and readme_renderer. */
    code: 'index-description',
    example: 'The description does not render: line 12: the role ":class:" is unknown.',
    demands:
      'The description renders: reStructuredText (the default) without a single warning of docutils, which knows neither directives nor roles of Sphinx and takes in no file; Markdown and plain text always do, unless nothing is in them.',
    fix: 'Say the same in plain reStructuredText, or state the readme as Markdown. `twine check --strict` shows what docutils says.',
    check: (fields) => {
      const [text] = valuesIn(fields, 'description')
      if (text === undefined) return []
      const type = typeOf(fields)
      if (type === 'text/plain' || type === null) return []
      if (text.trim() === '') return [{ message: 'The description does not render: nothing is in it.' }]
      return type === 'text/x-rst'
        ? renderObstacles(text)
            .slice(0, mostTold)
            .map(({ line, problem }): Problem => ({
              message: `The description does not render: line ${line}: ${problem}.`
            }))
        : []
    }
  },
  {
    /** `twine check --strict` fails on it; the index takes it. */
    code: 'index-description-missing',
    example: 'The file has no description: the page of the project on the index will be empty.',
    demands:
      'A note: the index takes files without a description, and takes one without Description-Content-Type for reStructuredText; `twine check --strict` does not.',
    fix: 'State the readme in pyproject.toml (project.readme), with its content type.',
    check: (fields) => {
      const [text = ''] = valuesIn(fields, 'description')
      const empty = ['', 'UNKNOWN'].includes(text.trim())
      if (!empty && valuesIn(fields, 'description_content_type').length > 0) return []
      const message = empty
        ? 'The file has no description: the page of the project on the index will be empty.'
        : 'Description-Content-Type is missing: the index will take the description for reStructuredText.'
      return [{ message, severity: 'note' }]
    }
  },
  {
    /** Docutils is no part of Tagproof. */
    code: 'index-description-unchecked',
    example: 'Not all that docutils warns of was looked for in the description.',
    demands:
      'Of reStructuredText the most frequent mistakes are found here, not all: what else docutils warns of, the index alone would tell, at the upload.',
    fix: 'Run `twine check --strict` over the sdist in the tests of the project, or write the readme in Markdown.',
    check: (fields) =>
      typeOf(fields) === 'text/x-rst' && (valuesIn(fields, 'description')[0]?.trim() ?? '') !== ''
        ? [
            {
              message: 'Not all that docutils warns of was looked for in the description.',
              severity: 'note'
            }
          ]
        : []
  }
]

/** Null where the statement is wrong, which another rule says. */
function typeOf(fields: Parameters<MetadataRule['check']>[0]): string | null {
  const [stated] = valuesIn(fields, 'description_content_type')
  if (stated === undefined) return 'text/x-rst'
  const found = descriptionType(stated)
  return 'problem' in found ? null : found.type
}
