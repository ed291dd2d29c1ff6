import { gitUrlField } from '../../documents/git-inputs.ts'
import { TagproofError } from '../../platform/errors.ts'

/** Where a git input is read: a folder of this machine, or a server by the one protocol that its address says. */
export type GitAddress =
  { kind: 'folder'; folder: string } | { kind: 'server'; url: string; protocol: 'https' | 'http' | 'ssh' }

/**
 * The address that an input is read from, its mirror if the configuration has one: the longest beginning that ends at a
 * slash or is the whole address. Pure.
 *
 * @param mirrors `sources.git` of the configuration
 * @throws TagproofError `config-invalid` for a mirrored address that may not be asked
 */
export function gitAddress(url: string, mirrors: Readonly<Record<string, string>> = {}): GitAddress {
  const begins = (from: string): boolean =>
    url === from || url.startsWith(from.endsWith('/') ? from : `${from}/`)
  const [from] = Object.keys(mirrors)
    .filter(begins)
    .sort((one, other) => other.length - one.length)
  return parsed(from === undefined ? url : joined(mirrors[from] ?? '', url.slice(from.length)))
}

function joined(base: string, rest: string): string {
  return rest === '' ? base : `${base.replace(/\/$/, '')}/${rest.replace(/^\//, '')}`
}

function parsed(url: string): GitAddress {
  if (!gitUrlField.safeParse(url).success || url.split('/').includes('..'))
    throw new TagproofError('config-invalid', 'A git input has an address that is not asked.', {
      where: '.github/tagproof.yml: git',
      found: JSON.stringify(url.slice(0, 200)),
      expected: 'https://HOST/PATH, ssh://HOST/PATH, USER@HOST:PATH or an absolute folder',
      fix: 'Correct `url` of the input, or sources.git.'
    })
  if (url.startsWith('/')) return { kind: 'folder', folder: url }
  const protocol = /^(https|http|ssh):/.exec(url)?.[1] ?? 'ssh'
  return { kind: 'server', url, protocol: protocol as 'https' | 'http' | 'ssh' }
}
