import { explain } from '@renovatebot/pep440'
import { TagproofError } from '../platform/errors.ts'

/** What stands for the placeholders of a release in names. */
export interface NameValues {
  version: string
  tag: string
}

/**
 * Fills in a template such as `{series}-py3.10`. `{major}`, `{minor}` and `{patch}` are numbers of the version (PEP 440),
 * 0 where it has fewer; `{series}` is major.minor. Pure.
 *
 * @param more further placeholders, such as `target`
 * @throws TagproofError `config-invalid` for a placeholder that has no value
 */
export function fillTemplate(
  template: string,
  values: NameValues,
  more: Readonly<Record<string, string>> = {}
): string {
  const all: Readonly<Record<string, string>> = { ...numbersOf(values.version), ...values, ...more }
  return template.replace(/\{([a-z]+)\}/g, (whole, name: string) => {
    const value = Object.hasOwn(all, name) ? all[name] : undefined
    if (value !== undefined) return value
    throw new TagproofError('config-invalid', `The name ${template} of a destination cannot be filled in.`, {
      found: whole,
      expected: Object.keys(all)
        .map((known) => `{${known}}`)
        .join(', '),
      fix: `Correct it in .github/tagproof.yml: this release has no ${name}.`
    })
  })
}

/** What a template matches, whatever the version: to find the names of a series, or of all. */
export function templateSeries(template: string): 'none' | 'major' | 'series' | 'version' {
  const has = (...names: string[]): boolean => names.some((name) => template.includes(`{${name}}`))
  if (has('version', 'patch', 'tag')) return 'version'
  if (has('series', 'minor')) return 'series'
  return has('major') ? 'major' : 'none'
}

function numbersOf(version: string): Record<string, string> {
  const release = explain(version)?.release
  if (release === undefined) return {}
  const [major = 0, minor = 0, patch = 0] = release
  return { major: `${major}`, minor: `${minor}`, patch: `${patch}`, series: `${major}.${minor}` }
}
