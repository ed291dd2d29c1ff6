import path from 'node:path'
import type { Destination } from '../destinations/destination.ts'
import { divideCredential, type CredentialPlace } from '../destinations/divided-credentials.ts'
import { directoryDestination } from '../destinations/directory.ts'
import { serviceOf } from '../destinations/pypi/services.ts'
import { routesOf, type Route } from '../destinations/routing.ts'
import type { DestinationSettings } from '../documents/destination-settings.ts'
import { createHttpClient } from '../platform/http.ts'
import { parseUrl } from '../platform/http-rules.ts'
import type { CredentialName } from '../platform/secrets.ts'
import type { StageContext } from './context.ts'
import { openApt } from './destinations/apt.ts'
import { openFiles } from './destinations/files.ts'
import { openGithub } from './destinations/github.ts'
import { openIndex } from './destinations/pypi.ts'
import { openRegistry } from './destinations/registry.ts'
import type { Credentials, OpenRequest } from './destinations/opening.ts'

export type { Credentials } from './destinations/opening.ts'

export interface DestinationsRequest extends Omit<OpenRequest, 'http' | 'own'> {
  settings: readonly DestinationSettings[]
}

/**
 * The destinations of a release, ready to be asked. The caller calls `close` when all is done.
 *
 * @throws TagproofError `usage` for credentials that nobody takes
 */
export async function openDestinations(
  context: StageContext,
  { settings, ...request }: DestinationsRequest
): Promise<{ destinations: Destination[]; close: () => void }> {
  const { routes, notes } = routesOf(settings, request.release.artifacts)
  for (const note of notes) context.log.info(note)
  const divided = divide(routes, request.credentials)
  const http = createHttpClient({ environment: request.credentials.environment })
  const destinations: Destination[] = []
  const close = (): void => http.close()
  try {
    for (const route of routes) {
      const own = new Map(
        [...divided].flatMap(([credential, values]): [CredentialName, string][] => {
          const value = values.get(route.name)
          return value === undefined ? [] : [[credential, value]]
        })
      )
      destinations.push(await openRoute(context, route, { ...request, http, own }))
    }
  } catch (error) {
    await Promise.allSettled(destinations.map((destination) => destination.close()))
    close()
    throw error
  }
  return { destinations, close }
}

async function openRoute(context: StageContext, route: Route, request: OpenRequest): Promise<Destination> {
  switch (route.kind) {
    case 'directory':
      return directoryDestination({
        name: route.name,
        address: route.settings.path,
        packages: context.out.packages,
        artifacts: route.artifacts,
        folder: path.resolve(context.repository, route.settings.path)
      })
    case 'pypi':
      return openIndex(context, route, request)
    case 'github':
      return openGithub(context, route, request)
    case 'apt':
      return openApt(context, route, request)
    case 'files':
      return openFiles(context, route, request)
    case 'registry':
      return openRegistry(context, route, request)
  }
}

/** Which routes may be sent a credential, and by which server it would be seen. */
const takers: Readonly<
  Record<CredentialName, { taker: string; others: string; serverOf: (route: Route) => string | null }>
> = {
  'pypi-token': {
    taker: 'a destination of kind pypi',
    others: 'use trusted publishing',
    serverOf: (route) => (route.kind === 'pypi' ? serviceOf(route.index).uploadUrl.origin : null)
  },
  'registry-username': registryTaker(),
  'registry-password': registryTaker(),
  'apt-signing-key': {
    taker: 'a destination of kind apt or files without a signer of its own',
    others: 'sign with a command',
    // A key is sent nowhere.
    serverOf: (route) =>
      (route.kind === 'apt' || route.kind === 'files') && route.settings.signer === null ? 'signing' : null
  },
  's3-access-key-id': storeTaker(),
  's3-secret-access-key': storeTaker(),
  'github-token': {
    taker: 'a destination of kind github, or a store of kind git',
    others: 'are public',
    serverOf: (route) => {
      if (route.kind === 'github') return route.settings.api ?? 'github'
      if (route.kind !== 'apt' && route.kind !== 'files') return null
      const { store } = route.settings
      return store.kind === 'git' ? serverOfRemote(store.remote) : null
    }
  }
}

/** A token is sent over http alone, and to the host of another repository only if it is meant for it. */
function serverOfRemote(remote: string | null): string | null {
  if (remote === null) return 'github'
  const url = parseUrl(remote)
  if (url === null || !/^https?:$/.test(url.protocol)) return null
  return url.origin === 'https://github.com' ? 'github' : url.origin
}

function registryTaker(): (typeof takers)[CredentialName] {
  return {
    taker: 'a destination of kind registry',
    others: 'use what docker login has left',
    serverOf: (route) => (route.kind === 'registry' ? (route.settings.image.split('/')[0] ?? null) : null)
  }
}

function storeTaker(): (typeof takers)[CredentialName] {
  return {
    taker: 'a store of kind s3 without a role',
    others: 'assume a role',
    serverOf: (route) => {
      if (route.kind !== 'apt' && route.kind !== 'files') return null
      const { store } = route.settings
      return store.kind === 's3' && store.role === null ? (store.endpoint ?? 's3') : null
    }
  }
}

function divide(
  routes: readonly Route[],
  { given, nameOf }: Credentials
): ReadonlyMap<CredentialName, ReadonlyMap<string, string>> {
  const divided = new Map<CredentialName, ReadonlyMap<string, string>>()
  for (const [name, value] of given) {
    const { taker, others, serverOf } = takers[name]
    const places = routes.flatMap((route): CredentialPlace[] => {
      const server = serverOf(route)
      return server === null ? [] : [{ name: route.name, server }]
    })
    const words = { input: nameOf(name), taker, others }
    // The lines of a key are not those of destinations.
    const values =
      name === 'apt-signing-key' && places.length > 0
        ? new Map(places.map((place) => [place.name, value]))
        : divideCredential(value, places, words)
    divided.set(name, values)
  }
  return divided
}
