import type { Upload } from '../../documents/uploads.ts'
import { classifierLines, deprecatedLines } from './classifiers-data.ts'

export { classifiersVersion } from './classifiers-data.ts'

const known: ReadonlySet<string> = new Set(
  entriesOf(classifierLines).flatMap(([parent, names]) =>
    names.map((name) => (parent === '' ? name : `${parent} :: ${name}`))
  )
)
const deprecated: ReadonlyMap<string, readonly string[]> = new Map(entriesOf(deprecatedLines))

function entriesOf(lines: string): [string, string[]][] {
  return lines
    .trim()
    .split('\n')
    .map((line) => {
      const [key = '', values = ''] = line.split(/ ?=> ?/)
      return [key, values === '' ? [] : values.split(' | ')]
    })
}

/**
 * What the index makes of a classifier, by the list of `trove-classifiers` that is embedded here. `private`: none of
 * them is ever taken, which is what they are for. `unknown`: it may be younger than the list.
 */
export type ClassifierStatus =
  { status: 'known' | 'private' | 'unknown' } | { status: 'deprecated'; instead: readonly string[] }

export function classifierStatus(classifier: string): ClassifierStatus {
  const instead = deprecated.get(classifier)
  if (instead !== undefined) return { status: 'deprecated', instead }
  if (known.has(classifier)) return { status: 'known' }
  return { status: classifier.startsWith('Private ::') ? 'private' : 'unknown' }
}

/** The classifiers of an upload, each once. */
export function statedClassifiers({ fields }: Pick<Upload, 'fields'>): string[] {
  return [...new Set(fields.filter(([field]) => field === 'classifiers').map(([, value]) => value))]
}

/** Classifiers of an upload that the embedded list does not have: a preflight asks the index for its own list. */
export function unknownClassifiers(upload: Pick<Upload, 'fields'>): string[] {
  return statedClassifiers(upload).filter((value) => classifierStatus(value).status === 'unknown')
}
