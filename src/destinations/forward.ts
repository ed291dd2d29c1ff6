import { compare, explain, valid } from '@renovatebot/pep440'
import type { NameState } from './destination.ts'
import { templateSeries } from './templates.ts'

/**
 * Whether a name that stands for one version may be moved to another: forwards, and within the series that its template
 * tells. Versions are compared as PEP 440 orders them. Pure.
 *
 * @param current version that the name stands for; undefined where nobody can tell
 * @returns `unknown` where it cannot be judged: nobody may guess then
 */
export function direction(
  template: string,
  current: string | undefined,
  next: string
): Exclude<NameState['state'], 'current'> | 'same' | 'unknown' | 'other-series' {
  if (current === undefined || valid(current) === null || valid(next) === null) return 'unknown'
  if (seriesOf(template, current) !== seriesOf(template, next)) return 'other-series'
  const order = compare(current, next)
  return order === 0 ? 'same' : order < 0 ? 'behind' : 'ahead'
}

function seriesOf(template: string, version: string): string {
  const [major = 0, minor = 0] = explain(version)?.release ?? []
  switch (templateSeries(template)) {
    case 'none':
      return ''
    case 'major':
      return `${major}`
    case 'series':
    case 'version':
      return `${major}.${minor}`
  }
}
