import type { Sources } from '../../documents/config.ts'
import { TagproofError } from '../../platform/errors.ts'
import { sha256OfBytes } from '../../platform/files.ts'
import { createHttpClient, type HttpClient } from '../../platform/http.ts'
import {
  credentialsFor,
  readDockerConfiguration,
  type DockerConfiguration
} from '../../platform/registry/credentials.ts'
import { openRegistry, type Registry } from '../../platform/registry/registry.ts'
import { parseReference, type ImageReference } from '../../platform/registry/reference.ts'
import { openLayouts, type Layouts } from './layouts.ts'
import { askDocker, registryPlace, type DefaultRegistry } from './registry-hosts.ts'

/** Where images come from on this machine: the layouts of the configuration, then registries. */
export interface ImageSources {
  layouts: Layouts | null
  /** The registry of a reference, opened once for each repository. */
  registry(reference: ImageReference): Promise<Registry>
}

export interface ImageSourcesOptions {
  sources: Sources
  signal?: AbortSignal
  /** Collaborators with defaults: the machine's own. */
  client?: HttpClient
  environment?: Readonly<Record<string, string | undefined>>
  askDefault?: () => Promise<DefaultRegistry | null>
}

export async function openImageSources(options: ImageSourcesOptions): Promise<ImageSources> {
  const { sources, signal, environment = process.env } = options
  const client = options.client ?? createHttpClient()
  const open = new Map<string, Registry>()
  let configuration: Promise<DockerConfiguration> | undefined
  let fallback: Promise<DefaultRegistry | null> | undefined
  const askDefault = (): Promise<DefaultRegistry | null> =>
    (fallback ??= (options.askDefault ?? ((): Promise<DefaultRegistry | null> => askDocker(environment)))())
  return {
    layouts: sources.layouts === undefined ? null : await openLayouts(sources.layouts),
    async registry(reference) {
      const { base, repository, loginHosts } = await registryPlace(reference, sources.registries, askDefault)
      const key = `${base.href} ${repository}`
      const known = open.get(key)
      if (known !== undefined) return known
      const registry = openRegistry({
        base,
        repository,
        client,
        // The file is read only where a registry asks for a login.
        credentials: async () => {
          configuration ??= readDockerConfiguration(environment)
          return credentialsFor(loginHosts, await configuration, environment)
        },
        ...(signal === undefined ? {} : { signal })
      })
      open.set(key, registry)
      return registry
    }
  }
}

/** @throws TagproofError `config-invalid` for a text that is no reference */
export function requireReference(text: string): ImageReference {
  const reference = parseReference(text)
  if (reference !== null) return reference
  throw new TagproofError('config-invalid', 'This is no reference of an image.', {
    found: text.slice(0, 200),
    expected: 'a name such as debian:12, or debian:12@sha256:… with 64 hex digits'
  })
}

/** Throws where bytes of a layout are not those that their name says. */
export function requireDigest(bytes: Buffer, digest: string, where: string): Buffer {
  const found = `sha256:${sha256OfBytes(bytes)}`
  if (found === digest) return bytes
  throw new TagproofError('hash-mismatch', `${where} holds other bytes than its name says.`, {
    found,
    expected: digest,
    fix: 'Make the layout again.'
  })
}
