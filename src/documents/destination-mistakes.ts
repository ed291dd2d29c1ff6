import { nearest, type Mistake } from './config-mistakes.ts'
import { nameOf, type DestinationConfig } from './destination-settings.ts'

interface NamedTarget {
  name: string
  kind: string
}

/**
 * What a schema cannot say of `destinations`: names that differ, targets that there are, no file sent to one place twice.
 * Pure.
 *
 * @param targets of the release; null where the tree has to tell them first
 */
export function destinationMistakes(
  destinations: readonly DestinationConfig[],
  targets: readonly NamedTarget[] | null
): Mistake[] {
  return [
    ...sameNames(destinations),
    ...samePlaces(destinations),
    ...(targets === null ? [] : destinations.flatMap((one, at) => targetMistakes(one, at, targets)))
  ]
}

function sameNames(destinations: readonly DestinationConfig[]): Mistake[] {
  const names = destinations.map(nameOf)
  return destinations.flatMap((destination, at) =>
    names.indexOf(names[at] ?? '') === at
      ? []
      : [
          {
            path: ['destinations', at, destination.name === undefined ? 'kind' : 'name'],
            part: 'value' as const,
            message: `Two destinations are called ${names[at] ?? ''}.`,
            found: `a second ${names[at] ?? ''}`,
            expected: 'a name of its own for each destination',
            fix: 'Give one of them another `name`.'
          }
        ]
  )
}

/** Two that send the same targets to one place: the second would find what the first has just sent. */
function samePlaces(destinations: readonly DestinationConfig[]): Mistake[] {
  const mistakes: Mistake[] = []
  for (const [at, destination] of destinations.entries()) {
    const other = destinations
      .slice(0, at)
      .find((before) => placeOf(before) === placeOf(destination) && overlap(before, destination))
    if (other === undefined) continue
    mistakes.push({
      path: ['destinations', at, placeKey[destination.kind]],
      part: 'value',
      message: `${nameOf(destination)} and ${nameOf(other)} send the same targets to one place.`,
      found: placeOf(destination),
      expected: 'each target once for each place',
      fix: 'Remove one of them, or divide the targets with `targets`.'
    })
  }
  return mistakes
}

const placeKey = {
  pypi: 'index',
  directory: 'path',
  registry: 'image',
  apt: 'store',
  files: 'store',
  github: 'repository'
} as const satisfies Record<DestinationConfig['kind'], keyof DestinationConfig>

function placeOf(destination: DestinationConfig): string {
  const {
    kind,
    index = 'pypi',
    path = '',
    image = '',
    store,
    repository = 'the repository of the run'
  } = destination
  switch (kind) {
    case 'pypi':
      return typeof index === 'string' ? index : index.upload.replace(/\/+$/, '')
    case 'directory':
      return path
    case 'registry':
      return `${image} ${JSON.stringify(destination.tags ?? null)}`
    case 'apt':
      return `apt ${JSON.stringify(store)}`
    case 'files':
      return `files ${JSON.stringify([store, destination.names])}`
    case 'github':
      return repository
  }
}

function overlap(one: DestinationConfig, other: DestinationConfig): boolean {
  const [targets, others] = [targetsOf(one), targetsOf(other)]
  return targets === undefined || others === undefined || targets.some((name) => others.includes(name))
}

/** Undefined for all. */
function targetsOf({ kind, targets, suites }: DestinationConfig): readonly string[] | undefined {
  return kind === 'apt' ? Object.values(suites ?? {}).flat() : targets
}

interface Taken {
  kinds: readonly string[]
  /** What a target of these kinds is. */
  what: string
  /** What another target does not do. */
  not: string
}

const python: Taken = {
  kinds: ['python'],
  what: 'a Python package',
  not: 'goes to no package index of Python'
}
const any: Taken = { kinds: ['python', 'image', 'deb'], what: 'a package', not: 'is published nowhere' }
const taken: Readonly<Record<DestinationConfig['kind'], Taken>> = {
  pypi: python,
  directory: python,
  registry: { kinds: ['image'], what: 'an image', not: 'goes to no registry of images' },
  apt: { kinds: ['deb'], what: 'a deb', not: 'goes to no suite' },
  files: any,
  github: any
}

function targetMistakes(destination: DestinationConfig, at: number, all: readonly NamedTarget[]): Mistake[] {
  const { kind, targets = [], suites = {} } = destination
  const { kinds, what, not } = taken[kind]
  const usable = all.filter((target) => kinds.includes(target.kind)).map(({ name }) => name)
  if (usable.length === 0)
    return [
      {
        path: ['destinations', at, 'kind'],
        part: 'value',
        message: `A destination of kind ${kind} has nothing to take: no target is ${what}.`,
        found: `targets ${all.map(({ name }) => name).join(', ')}`,
        expected: `a target of kind ${kinds.join(' or ')}`,
        fix: `Remove the destination, or list ${what} under targets:.`
      }
    ]
  const named: [PropertyKey[], string][] = [
    ...targets.map((name, index): [PropertyKey[], string] => [['targets', index], name]),
    ...Object.entries(suites).flatMap(([suite, names]) =>
      names.map((name, index): [PropertyKey[], string] => [['suites', suite, index], name])
    )
  ]
  return named.flatMap(([path, name]) => {
    if (usable.includes(name)) return []
    const near = nearest(name, usable)
    const other = all.find((target) => target.name === name)
    return [
      {
        path: ['destinations', at, ...path],
        part: 'value' as const,
        message:
          other === undefined
            ? `There is no target ${name}.`
            : `The target ${name} is of kind ${other.kind}, which ${not}.`,
        found: name,
        expected: `one of ${usable.join(', ')}`,
        fix: near === undefined ? 'Correct it, or leave targets: out for all.' : `Did you mean ${near}?`
      }
    ]
  })
}
