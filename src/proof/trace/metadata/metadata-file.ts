import type { Generator, TracedMember, Verdict } from '../generator.ts'
import { metadataFileIn } from './metadata-place.ts'
import { lostEntryPoints } from './entry-points-file.ts'
import { confirm, preparedDifference, verdictOf } from './confirmation.ts'
import { judgeDescription, type FieldContext } from './field-judgements.ts'
import { fieldRules } from './fields.ts'
import { quotedList, type Judgement } from './judgement.ts'
import { readComparedMetadata, type ComparedMetadata } from './metadata-text.ts'
import { invalidFile, memberText } from './member-text.ts'
import { projectStatement } from './read-statement.ts'
import { unwrittenRequirements } from './requirement-fields.ts'
import { statedOf } from './statement.ts'

/** METADATA of a wheel; PKG-INFO of an sdist, at its top and in `.egg-info`. */
export const metadataFile: Generator = {
  name: 'core-metadata',
  reason:
    'Build backends write the core metadata from pyproject.toml, setup.cfg or setup.py; each field is derived again, or confirmed by the backend in a run of its own.',
  matches: ({ inner, kind }, { artifact }) =>
    kind === 'file' &&
    ((artifact.kind === 'sdist' && inner === 'PKG-INFO') ||
      metadataFileIn(artifact.kind, 'METADATA', 'PKG-INFO').test(inner)),
  async derive(member, context) {
    const bytes = await memberText(member, context)
    if (bytes === undefined) return undefined
    const metadata = readComparedMetadata(bytes, member.inner)
    if ('invalid' in metadata) return invalidFile(member, metadata.invalid)
    const statement = await projectStatement(context)
    const verdict = judge(member, { statement, metadata, context })
    if (!verdict.traced || context.build !== null) return verdict
    return (
      (await unwrittenRequirements(member, metadata.fields.get('requires-dist') ?? [], context)) ?? verdict
    )
  }
}

/** Fields that have one value: of several, readers may take any. */
const onceOnly = new Set([
  'Summary',
  'Description-Content-Type',
  'Keywords',
  'Home-page',
  'Download-URL',
  'Author',
  'Author-email',
  'Maintainer',
  'Maintainer-email',
  'License',
  'License-Expression',
  'Requires-Python'
])

interface FieldJudgement {
  field: string
  judgement: Judgement
}

function judge(member: TracedMember, given: FieldContext): Verdict {
  const lost = lostEntryPoints(member, given)
  if (lost !== undefined) return lost
  const judged = [...judgeFields(given), ...missingFields(given)]
  const wrong = judged.filter(
    ({ judgement }) => judgement.kind === 'differs' || judgement.kind === 'undeclared'
  )
  const main = given.statement.from
  if (wrong.length > 0) return wrongFields(member, wrong, main)
  const from = [...new Set([...judged.flatMap(({ judgement }) => judgement.from), ...main])].map(
    (path) => given.context.folder + path
  )
  const byCode = judged.filter(({ judgement }) => judgement.kind === 'code').map(({ field }) => field)
  const absent = absentFields(given)
  if (byCode.length === 0 && (absent.length === 0 || given.context.build === null))
    return { traced: true, from }
  const confirmation = confirm(member, given.context, byCode, (prepared) =>
    differenceFrom(prepared, [...byCode, ...absent], given.metadata)
  )
  return byCode.length === 0 && confirmation.kind !== 'refused'
    ? { traced: true, from }
    : verdictOf(confirmation, from)
}

function judgeFields(given: FieldContext): FieldJudgement[] {
  const { metadata } = given
  const judged: FieldJudgement[] = []
  for (const [name, values] of metadata.fields) {
    const rule = fieldRules.find(({ field }) => field.toLowerCase() === name)
    judged.push(
      rule === undefined || (onceOnly.has(rule.field) && values.length > 1)
        ? { field: name, judgement: { kind: 'undeclared', found: quotedList(values), from: [] } }
        : { field: rule.field, judgement: rule.judge(values, given) }
    )
  }
  if (metadata.description !== '') judged.push({ field: 'Description', judgement: judgeDescription(given) })
  return judged
}

/**
 * Fields that must be there and are not. The PKG-INFO of older setuptools has no requirements (they are in
 * `requires.txt` alone), and that of distutils' own formats 1.0 and 1.1 not even the version of Python.
 */
function missingFields({ statement, metadata, context }: FieldContext): FieldJudgement[] {
  return fieldRules.flatMap(({ field, requiredBy }) => {
    if (requiredBy === undefined || metadata.fields.has(field.toLowerCase())) return []
    if (field === 'Requires-Dist' && hasEggRequires(context)) return []
    if (field === 'Requires-Python' && /^1\.[01]$/.test(metadata.metadataVersion)) return []
    const stated = requiredBy
      .map((name) => statedOf(statement, name))
      .find((each) => each?.firm === true && !isEmpty(each.value))
    if (stated === undefined) return []
    return [
      { field, judgement: { kind: 'differs', found: 'nothing', expected: 'a value', from: stated.from } }
    ]
  })
}

function hasEggRequires({ artifact, members }: FieldContext['context']): boolean {
  return (
    artifact.kind === 'sdist' &&
    [...members.values()].some(({ inner }) => inner.endsWith('.egg-info/requires.txt'))
  )
}

function isEmpty(value: unknown): boolean {
  if (Array.isArray(value)) return value.flat().length === 0
  if (value instanceof Map) return [...value.values()].flat().length === 0
  return value === undefined || value === ''
}

/** Fields that code may give and that are not there: the backend must not give them either. */
function absentFields({ statement, metadata, context }: FieldContext): string[] {
  if (context.artifact.kind === 'sdist') return []
  return fieldRules.flatMap(({ field, requiredBy }) => {
    if (requiredBy === undefined || metadata.fields.has(field.toLowerCase())) return []
    return requiredBy.some((name) => statedOf(statement, name)?.firm === false) ? [field] : []
  })
}

function differenceFrom(
  prepared: ReadonlyMap<string, Buffer>,
  fields: readonly string[],
  found: ComparedMetadata
): string | null {
  const bytes = prepared.get('METADATA')
  if (bytes === undefined) return 'the backend prepared no METADATA'
  const metadata = readComparedMetadata(bytes, 'METADATA')
  if ('invalid' in metadata) return `what the backend prepared cannot be read (${metadata.invalid})`
  return preparedDifference(fields, found, metadata)
}

function wrongFields(
  member: TracedMember,
  wrong: readonly FieldJudgement[],
  main: readonly string[]
): Verdict {
  const told = wrong.slice(0, 5).map(({ field, judgement }) => {
    if (judgement.kind === 'undeclared') return `${field} ${judgement.found} is stated nowhere`
    if (judgement.kind === 'differs')
      return `${field} is ${judgement.found}, and ${judgement.from.join(', ') || 'the project'} says ${judgement.expected}`
    return field
  })
  const more = wrong.length > 5 ? `; and ${wrong.length - 5} more fields` : ''
  const undeclared = wrong.some(({ judgement }) => judgement.kind === 'undeclared')
  const where = main[0] ?? 'pyproject.toml'
  return {
    traced: false,
    code: undeclared ? 'metadata-undeclared' : 'metadata-differs',
    message: `${member.inner}: ${told.join('; ')}${more}.`,
    cause:
      'Code of the build, or a plugin of the backend, changes the metadata; or the artifact was made from other files.',
    fix: undeclared
      ? `State the field in ${where}, or list it in [project] dynamic where the backend gives it; if neither is meant, find what adds it.`
      : `Make ${where} say what is published, or list the field in [project] dynamic where the backend gives it.`
  }
}
