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
      path: ['destinations', at, destination.kind === 'directory' ? 'path' : 'index'],
      part: 'value',
      message: `${nameOf(destination)} and ${nameOf(other)} send the same targets to one place.`,
      found: placeOf(destination),
      expected: 'each target once for each place',
      fix: 'Remove one of them, or divide the targets with `targets`.'
    })
  }
  return mistakes
}

function placeOf({ kind, index = 'pypi', path }: DestinationConfig): string {
  if (kind === 'directory') return path ?? ''
  return typeof index === 'string' ? index : index.upload.replace(/\/+$/, '')
}

function overlap(one: DestinationConfig, other: DestinationConfig): boolean {
  const { targets } = other
  return (
    one.targets === undefined || targets === undefined || one.targets.some((name) => targets.includes(name))
  )
}

function targetMistakes(
  { kind, targets }: DestinationConfig,
  at: number,
  all: readonly NamedTarget[]
): Mistake[] {
  const python = all.filter((target) => target.kind === 'python').map(({ name }) => name)
  if (python.length === 0)
    return [
      {
        path: ['destinations', at, 'kind'],
        part: 'value',
        message: `A destination of kind ${kind} has nothing to take: no target is a Python package.`,
        found: `targets ${all.map(({ name }) => name).join(', ')}`,
        expected: 'a target of kind python',
        fix: 'Remove the destination, or list the Python package under targets:.'
      }
    ]
  return (targets ?? []).flatMap((name, index) => {
    if (python.includes(name)) return []
    const near = nearest(name, python)
    const other = all.find((target) => target.name === name)
    return [
      {
        path: ['destinations', at, 'targets', index],
        part: 'value' as const,
        message:
          other === undefined
            ? `There is no target ${name}.`
            : `The target ${name} is of kind ${other.kind}, which goes to no package index of Python.`,
        found: name,
        expected: `one of ${python.join(', ')}`,
        fix: near === undefined ? 'Correct it, or leave targets: out for all.' : `Did you mean ${near}?`
      }
    ]
  })
}
