import type { DestinationConfig } from '../../documents/destination-settings.ts'

/**
 * The targets whose packages go to the public package index or to its test instance, and so have to keep to its rules.
 * Another index has rules of its own, which nobody here knows.
 */
export function indexTargets(
  destinations: readonly DestinationConfig[],
  targets: readonly { name: string; kind: string }[]
): string[] {
  const takers = destinations.filter(({ kind, index }) => kind === 'pypi' && typeof index !== 'object')
  return targets
    .filter(
      ({ name, kind }) => kind === 'python' && takers.some((taker) => taker.targets?.includes(name) ?? true)
    )
    .map(({ name }) => name)
}
