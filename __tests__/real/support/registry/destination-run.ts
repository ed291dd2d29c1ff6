import {
  registryDestination,
  type RegistryRequest
} from '../../../../src/destinations/registry/destination.ts'
import { missingOf, type ArtifactState } from '../../../../src/destinations/destination.ts'
import type { ReadBack } from '../../../../src/documents/receipt.ts'
import { createHttpClient } from '../../../../src/platform/http.ts'
import type { TinyImages } from './tiny-images.ts'

export interface Asked extends Partial<RegistryRequest> {
  origin: string
  release: Pick<TinyImages, 'images'>
  lines?: string[]
}

export function requestOf({ origin, release, lines = [], ...more }: Asked): RegistryRequest {
  const say = (line: string): void => void lines.push(line)
  const progress = { line: say, done: () => undefined, failed: () => undefined }
  return {
    name: 'registry',
    base: new URL(origin),
    images: release.images,
    credentials: () => Promise.resolve(null),
    http: more.http ?? createHttpClient({ environment: {}, retryMilliseconds: 1, attempts: 3 }),
    log: { info: say, warn: say, begin: () => progress },
    patience: [0, 0],
    ...more
  }
}

/** One publication to one registry, as it went. */
export interface Run {
  states: readonly ArtifactState[]
  /** `sent NAME` or `there NAME`. */
  written: string[]
  readBack: readonly ReadBack[]
  /** `moved NAME`, `there NAME`, `ahead NAME`. */
  moved: string[]
}

/** All steps, in the order of a publication; the connections are closed whatever happens. */
export async function runDestination(asked: Asked): Promise<Run> {
  const request = requestOf(asked)
  const destination = registryDestination(request)
  try {
    await destination.preflight()
    const states = await destination.state()
    const names = (await destination.moving?.state()) ?? []
    const missing = missingOf(states)
    if (missing.length > 0) await destination.stage(missing)
    const written: string[] = []
    await destination.commit(missing, ({ outcome, name }) => {
      written.push(`${outcome} ${name}`)
      return Promise.resolve()
    })
    const readBack = await destination.readBack()
    const behind = names.filter(({ state }) => state === 'behind').map(({ name }) => name)
    const moved: string[] = []
    await destination.moving?.move(behind, ({ outcome, name }) => {
      moved.push(`${outcome} ${name}`)
      return Promise.resolve()
    })
    return { states, written, readBack, moved }
  } finally {
    await destination.close()
    request.http.close()
  }
}
