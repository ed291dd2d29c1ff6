import { normalizeName } from '../../../formats/metadata.ts'
import {
  byBackend,
  judgeClassifiers,
  judgeImportNames,
  judgeLicenseFiles,
  judgeVersion,
  refuse,
  type FieldContext
} from './field-judgements.ts'
import { against, listAgainst, quotedList, type Judgement } from './judgement.ts'
import { squeezed } from './metadata-text.ts'
import { sayNoOther } from './people.ts'
import { judgeExtras, judgeRequirements } from './requirement-fields.ts'
import { canonicalSpecifiers, sameRange } from './specifiers.ts'
import { statedOf, type Person, type PropertyName, type Stated } from './statement.ts'

/** How one field of core metadata follows from what the project states. */
export interface FieldRule {
  /** As it stands in the specification. */
  field: string
  judge(values: readonly string[], given: FieldContext): Judgement
  /** Properties whose values must lead to this field. */
  requiredBy?: readonly PropertyName[]
}

/** What is no property of a project is said by code or by nobody. */
function relation(field: string): FieldRule {
  return {
    field,
    judge: (values, { statement }) =>
      listAgainst(statedOf(statement, 'otherRelations'), values, squeezed, false)
  }
}

function person(field: string, role: 'authors' | 'maintainers'): FieldRule {
  return {
    field,
    judge: (values, { statement }) =>
      against(
        // Some backends print maintainers as authors where there are no authors.
        statedOf(statement, role) ?? (role === 'authors' ? statedOf(statement, 'maintainers') : undefined),
        quotedList(values),
        (people) => values.every((value) => sayNoOther(value, people)),
        (people) => quotedList(people.map(shown))
      )
  }
}

function shown({ name, email }: Person): string {
  return [name, email === null ? null : `<${email}>`].filter((part) => part !== null).join(' ')
}

/** An address of the project under a field of its own. */
function address(field: string): FieldRule {
  return {
    field,
    judge: (values, { statement }) =>
      listAgainst(
        mapped(statedOf(statement, 'urls'), (urls) => urls.map(([, url]) => url)),
        values,
        plainUrl,
        false
      )
  }
}

function license(field: string): FieldRule {
  return {
    field,
    judge: (values, { statement }) =>
      against(
        statedOf(statement, 'license'),
        quotedList(values),
        (texts) => values.every((value) => texts.some((text) => sameLicense(text, value))),
        quotedList
      )
  }
}

/** The rules for all fields (packaging.python.org, "Core metadata specifications"); any other field is undeclared. */
export const fieldRules: readonly FieldRule[] = [
  {
    field: 'Metadata-Version',
    judge: (values) => (values.every((value) => /^[12]\.\d$/.test(value)) ? byBackend : refuse(values))
  },
  {
    field: 'Name',
    judge: ([value = ''], { statement }) =>
      against(
        statedOf(statement, 'name'),
        value,
        (name) => normalizeName(name) === normalizeName(value),
        String
      )
  },
  { field: 'Version', judge: judgeVersion },
  {
    field: 'Summary',
    requiredBy: ['summary'],
    judge: ([value = ''], { statement }) =>
      against(
        statedOf(statement, 'summary'),
        quotedList([value]),
        (summary) =>
          [summary, summary.trim().split('\n')[0] ?? ''].some((text) => squeezed(text) === squeezed(value)),
        (summary) => quotedList([summary])
      )
  },
  {
    field: 'Description-Content-Type',
    judge: ([value = ''], { statement }) =>
      against(
        statedOf(statement, 'readmeType'),
        value,
        (type) => mediaType(type) === mediaType(value),
        String
      )
  },
  {
    field: 'Keywords',
    judge: (values, { statement }) =>
      listAgainst(
        mapped(statedOf(statement, 'keywords'), (list) => list.flatMap(words)),
        values.flatMap(words),
        String,
        true
      )
  },
  {
    field: 'Classifier',
    requiredBy: ['classifiers'],
    judge: judgeClassifiers
  },
  {
    field: 'Requires-Python',
    requiredBy: ['requiresPython'],
    judge: ([value = ''], { statement }) =>
      against(
        statedOf(statement, 'requiresPython'),
        value,
        (range) => sameRange(range, [canonicalSpecifiers(value)]),
        (range) => range.map((clauses) => clauses.join(', ')).join(' || ')
      )
  },
  {
    field: 'Requires-Dist',
    requiredBy: ['dependencies', 'optionalDependencies'],
    judge: (values, { statement }) => judgeRequirements(values, statement)
  },
  { field: 'Provides-Extra', judge: (values, { statement }) => judgeExtras(values, statement) },
  {
    field: 'Project-URL',
    judge: (values, { statement }) =>
      listAgainst(
        mapped(statedOf(statement, 'urls'), (urls) => urls.map(([label, url]) => `${label},${url}`)),
        values,
        labelledUrl,
        false
      )
  },
  address('Home-page'),
  address('Download-URL'),
  person('Author', 'authors'),
  person('Author-email', 'authors'),
  person('Maintainer', 'maintainers'),
  person('Maintainer-email', 'maintainers'),
  license('License'),
  license('License-Expression'),
  { field: 'License-File', judge: judgeLicenseFiles },
  {
    field: 'Platform',
    judge: (values, { statement }) =>
      values.every((value) => value === 'any')
        ? byBackend
        : listAgainst(
            mapped(statedOf(statement, 'platforms'), (all) => all.flatMap(betweenCommas)),
            values.flatMap(betweenCommas),
            squeezed,
            false
          )
  },
  { field: 'Dynamic', judge: judgeDynamic },
  { field: 'Import-Name', judge: judgeImportNames },
  { field: 'Import-Namespace', judge: judgeImportNames },
  relation('Provides'),
  relation('Requires'),
  relation('Obsoletes'),
  relation('Provides-Dist'),
  relation('Obsoletes-Dist'),
  relation('Requires-External')
]

/** Fields of which an sdist says that a wheel may have other values (PEP 643). */
function judgeDynamic(values: readonly string[]): Judgement {
  const known = new Set([
    ...fieldRules.map(({ field }) => field.toLowerCase()),
    'description',
    'supported-platform'
  ])
  const wrong = values.filter(
    (value) => !known.has(value.toLowerCase()) || /^(name|metadata-version|dynamic)$/i.test(value)
  )
  return wrong.length === 0 ? byBackend : refuse(wrong)
}

function mapped<T, U>(stated: Stated<T> | undefined, change: (value: T) => U): Stated<U> | undefined {
  return stated === undefined
    ? undefined
    : { ...stated, value: stated.value === undefined ? undefined : change(stated.value) }
}

function words(text: string): string[] {
  return text.split(/[\s,]+/).filter((word) => word !== '')
}

function betweenCommas(text: string): string[] {
  return text.split(',').map(squeezed)
}

/** Some backends write the short name of a licence for its long one: `MIT` for `MIT License`. */
function sameLicense(one: string, other: string): boolean {
  const plain = (text: string): string =>
    text.toLowerCase().replace(/\b(the|licen[cs]e|version)\b|[^\p{L}\p{N}+]/gu, '')
  return plain(one) === plain(other)
}

function mediaType(text: string): string {
  return (text.split(';')[0] ?? '').trim().toLowerCase()
}

function plainUrl(text: string): string {
  return text.trim().replace(/\/$/, '')
}

/** Labels are compared without case, space and punctuation (PEP 753). */
function labelledUrl(text: string): string {
  const cut = text.indexOf(',')
  return `${text
    .slice(0, cut)
    .replace(/[\s\p{P}]/gu, '')
    .toLowerCase()},${plainUrl(text.slice(cut + 1))}`
}
