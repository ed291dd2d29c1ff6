import type { Sources } from '../../documents/config.ts'
import { TagproofError } from '../../platform/errors.ts'
import { parseUrl, isLoopback } from '../../platform/http-rules.ts'
import { plainEnvironment, run } from '../../platform/process.ts'
import type { ImageReference } from '../../platform/registry/reference.ts'

/** Where an image is asked for. */
export interface RegistryPlace {
  base: URL
  repository: string
  /** Names under which a login may be kept for this server. */
  loginHosts: string[]
}

/** The registry that an engine takes for references without a host; its name is asked for, never written down here. */
export interface DefaultRegistry {
  /** As references may name it. */
  domain: string
  base: URL
}

/**
 * Server and repository of a reference: what `sources.registries` says of its host, else the host itself.
 *
 * @param askDefault which registry the engine of this machine takes where no host is written
 * @throws TagproofError `config-invalid` if no host is written and nobody names the registry
 */
export async function registryPlace(
  { text, host, repository }: ImageReference,
  registries: Sources['registries'],
  askDefault: () => Promise<DefaultRegistry | null>
): Promise<RegistryPlace> {
  const named = registries?.[host ?? 'default']
  if (named !== undefined) return placed(new URL(named), host === null ? withLibrary(repository) : repository)
  const fallback = host === null || mayBeDomain(host) ? await askDefault() : null
  if (fallback !== null && (host === null || host === fallback.domain))
    return placed(fallback.base, withLibrary(repository))
  const own = host === null ? null : parseUrl(`https://${host}`)
  if (own === null)
    throw new TagproofError('config-invalid', `${text} names no registry, and none is set as the default.`, {
      expected: 'default under sources.registries, or a docker that can be asked (docker info)',
      fix: 'Name its address in .github/tagproof.yml as sources.registries.default, or write the host in the reference.'
    })
  // An engine speaks plain HTTP to a registry of its own machine.
  if (isLoopback(own)) own.protocol = 'http:'
  return placed(own, repository)
}

/** Names of one part are kept under `library/` in the default registry, as every engine reads them. */
function withLibrary(repository: string): string {
  return repository.includes('/') ? repository : `library/${repository}`
}

function mayBeDomain(host: string): boolean {
  return !host.includes(':') && host.includes('.') && !/^[\d.]+$/.test(host)
}

function placed(base: URL, repository: string): RegistryPlace {
  // docker keeps the login of the registry `registry-1.DOMAIN` under the host `index.DOMAIN`.
  const domain = /^registry-1\.(.+)$/.exec(base.hostname)?.[1]
  return { base, repository, loginHosts: [base.host, ...(domain === undefined ? [] : [`index.${domain}`])] }
}

type Variables = Readonly<Record<string, string | undefined>>

/** Asks the docker of this machine for its index; null if there is none to ask. */
export async function askDocker(environment: Variables): Promise<DefaultRegistry | null> {
  const env: Record<string, string> = { ...plainEnvironment }
  for (const name of ['PATH', 'HOME', 'DOCKER_HOST', 'DOCKER_CONTEXT', 'DOCKER_CONFIG', 'XDG_RUNTIME_DIR'])
    if (environment[name] !== undefined) env[name] = environment[name]
  const result = await run('docker', ['info', '--format', '{{.IndexServerAddress}}'], {
    env,
    timeoutSeconds: 20
  }).catch(() => null)
  const index = result?.code === 0 ? parseUrl(result.stdout.toString('utf8').trim()) : null
  const domain = index === null ? undefined : /^index\.(.+)$/.exec(index.hostname)?.[1]
  // The index answers for accounts; the images lie on the host beside it.
  return domain === undefined ? null : { domain, base: new URL(`https://registry-1.${domain}`) }
}
