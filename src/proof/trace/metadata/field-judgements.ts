import { sameVersion } from '../../../source/version.ts'
import type { TraceContext } from '../generator.ts'
import { against, listAgainst, quotedList, type Judgement } from './judgement.ts'
import { plainText, squeezed, type ComparedMetadata } from './metadata-text.ts'
import { firmly, statedOf, type ProjectStatement } from './statement.ts'

/** What a field is judged with. */
export interface FieldContext {
  statement: ProjectStatement
  metadata: ComparedMetadata
  context: TraceContext
}

/** What a backend adds by itself. */
export const byBackend: Judgement = { kind: 'derived', from: [] }

export function refuse(values: readonly string[]): Judgement {
  return { kind: 'undeclared', found: quotedList(values), from: [] }
}

export function judgeVersion(
  [value = '']: readonly string[],
  { statement, context }: FieldContext
): Judgement {
  const stated = statedOf(statement, 'version')
  const from = stated?.from ?? []
  if (context.version !== null && !sameVersion(value, context.version))
    return { kind: 'differs', found: value, expected: `${context.version}, as the tag says`, from }
  const judged = against(stated, value, (version) => sameVersion(version, value), String)
  // What the tag says needs no confirmation.
  return judged.kind === 'code' && context.version !== null ? { kind: 'derived', from } : judged
}

/** Poetry adds those of the licence and of the versions of Python to the ones that are stated. */
export function judgeClassifiers(values: readonly string[], { statement }: FieldContext): Judgement {
  if (!statement.addsClassifiers)
    return listAgainst(statedOf(statement, 'classifiers'), values, squeezed, true)
  const stated = statedOf(statement, 'classifiers') ?? firmly<readonly string[]>([], ...statement.from)
  const own = values.filter(
    (value) => stated.value?.includes(value) === true || !/^(License|Programming Language) :: /.test(value)
  )
  return listAgainst(stated, own, squeezed, true)
}

/** Files that a backend found by name: each must be in the artifact or in the tree. */
export function judgeLicenseFiles(values: readonly string[], { context }: FieldContext): Judgement {
  const inner = [...context.members.values()].map((member) => member.inner)
  const lost = values.filter(
    (value) =>
      !context.tree.has(context.folder + value) &&
      !inner.some((path) => path.split('/').at(-1) === value || path.endsWith(`/${value}`))
  )
  return lost.length === 0 ? byBackend : refuse(lost)
}

/** Stated, or the name of something that is in the artifact (PEP 794 lets backends find them). */
export function judgeImportNames(values: readonly string[], { statement, context }: FieldContext): Judgement {
  const stated = statedOf(statement, 'importNames')
  if (stated?.firm === true) return listAgainst(stated, values.map(importName), importName, false)
  const paths = [...context.members.values()].map((member) => `/${member.inner}`)
  const lost = values.map(importName).filter((name) => {
    const path = `/${name.replaceAll('.', '/')}`
    return !paths.some((each) => each.includes(`${path}/`) || each.includes(`${path}.`))
  })
  return lost.length === 0 ? byBackend : refuse(lost)
}

function importName(value: string): string {
  return (value.split(';')[0] ?? '').trim()
}

/** The description, as the body or as a field. */
export function judgeDescription({ statement, metadata }: FieldContext): Judgement {
  return against(
    statedOf(statement, 'readme'),
    quotedList([metadata.description]),
    (texts) => texts.some((text) => plainText(text) === metadata.description),
    quotedList
  )
}
