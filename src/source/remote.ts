import path from 'node:path'
import { run } from '../platform/process.ts'
import type { RepositoryPlaces } from './discovery.ts'
import { hardenedEnvironment } from './private-git.ts'

/** A repository on a code host, as it is named there. */
export interface HostedRepository {
  owner: string
  name: string
}

/** Owners and names as code hosts allow them; neither begins with a dash or a dot. */
const partPattern = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,99}$/

/** `OWNER/NAME`, or null. */
export function parseRepositoryName(text: string): HostedRepository | null {
  const [owner = '', name = '', ...rest] = text.split('/')
  return rest.length === 0 && partPattern.test(owner) && partPattern.test(name) ? { owner, name } : null
}

/**
 * Owner and name out of the address of a remote: `https://HOST/OWNER/NAME.git`, `ssh://git@HOST/OWNER/NAME`,
 * `git@HOST:OWNER/NAME.git`. Null for folders, and for addresses with more or fewer parts. Pure.
 */
export function repositoryOfAddress(address: string): HostedRepository | null {
  const trimmed = address
    .trim()
    .replace(/\/+$/, '')
    .replace(/\.git$/, '')
  const found =
    /^(?:https?|ssh|git):\/\/[^/\s]+\/(.+)$/.exec(trimmed) ?? /^[^/:\s]+@[^/:\s]+:(.+)$/.exec(trimmed)
  return found === null ? null : parseRepositoryName(found[1] ?? '')
}

/** What the remote `origin` of a clone leads to; null where there is none, or where it is no code host. */
export async function originOf({ commonDirectory }: RepositoryPlaces): Promise<HostedRepository | null> {
  const file = path.join(commonDirectory, 'config')
  const args = ['config', '--file', file, '--no-includes', '--get', 'remote.origin.url']
  const { code, stdout } = await run('git', args, { env: hardenedEnvironment, timeoutSeconds: 20 })
  return code === 0 ? repositoryOfAddress(stdout.toString('utf8')) : null
}
