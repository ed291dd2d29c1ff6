import type { DebControl } from '../../formats/control.ts'
import { parseRelations } from '../../lock/build-depends-relations.ts'

/**
 * Names of locked packages that debs depend on directly: of alternatives the first that the lock has, as apt takes it.
 * What has no such name (a virtual package, a relation that cannot be read) is left to apt. Sorted.
 *
 * @param locked names of the packages of the lock, without the debs
 */
export function lockedDepends(debs: readonly DebControl[], locked: readonly string[]): string[] {
  const known = new Set(locked)
  const names = new Set<string>()
  for (const { fields } of debs)
    for (const field of ['pre-depends', 'depends']) {
      const parsed = parseRelations(fields.get(field) ?? '', [])
      for (const { alternatives } of 'relations' in parsed ? parsed.relations : []) {
        const first = alternatives.find(({ name }) => known.has(name))
        if (first !== undefined) names.add(first.name)
      }
    }
  return [...names].sort()
}
