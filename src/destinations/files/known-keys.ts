import { compare, valid } from '@renovatebot/pep440'
import type { NameValues } from '../templates.ts'

/** What a key of the store tells, read by the template that made it. */
export interface KnownKey {
  key: string
  version: string
  /** Null where the template does not tell. */
  file: string | null
}

/** The letters that every key of a template begins with: what a store is asked to list. Pure. */
export function fixedPrefix(template: string): string {
  return template.split('{')[0] ?? ''
}

/**
 * Reads keys by a template with `{version}`, or with `{tag}` where tags of this project are the version behind a prefix.
 * Pure.
 *
 * @returns a function that gives null for every other key; one that reads none where the template tells no version
 */
export function keyReader(template: string, { version, tag }: NameValues): (key: string) => KnownKey | null {
  const before = tag.endsWith(version) ? tag.slice(0, tag.length - version.length) : null
  const seen = new Set<string>()
  const pattern = template
    .split(/(\{[a-z]+\})/)
    .map((piece) => {
      const name = /^\{([a-z]+)\}$/.exec(piece)?.[1]
      if (name === undefined) return piece.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
      if (seen.has(name)) return `\\k<${name}>`
      seen.add(name)
      return `(?<${name}>[^/]+?)`
    })
    .join('')
  const expression = new RegExp(`^${pattern}$`)
  return (key) => {
    const groups = expression.exec(key)?.groups
    if (groups === undefined) return null
    const ofTag =
      before !== null && groups.tag?.startsWith(before) === true ? groups.tag.slice(before.length) : null
    const found = groups.version ?? ofTag
    return found === null || valid(found) === null ? null : { key, version: found, file: groups.file ?? null }
  }
}

/** Newest first, each once (PEP 440). Pure. */
export function newestFirst(keys: readonly KnownKey[]): string[] {
  return [...new Set(keys.map(({ version }) => version))].sort((one, other) => compare(other, one))
}
