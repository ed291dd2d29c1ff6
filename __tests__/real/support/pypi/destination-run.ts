import { missingOf, type ArtifactState } from '../../../../src/destinations/destination.ts'
import { pypiDestination, type PypiRequest } from '../../../../src/destinations/pypi/destination.ts'
import type { ReadBack } from '../../../../src/documents/receipt.ts'
import { createHttpClient } from '../../../../src/platform/http.ts'
import { identityToken } from '../../../../src/platform/github-identity.ts'
import type { FakeIndex } from './fake-index.ts'
import type { IdentityServer } from './identity-provider.ts'
import type { TinyRelease } from './tiny-release.ts'

/** One publication to one index, as it went. */
export interface Run {
  states: readonly ArtifactState[]
  /** `sent NAME` or `there NAME`. */
  written: string[]
  readBack: readonly ReadBack[]
}

export interface Asked extends Partial<PypiRequest> {
  index: Pick<FakeIndex, 'uploadUrl' | 'simpleUrl' | 'jsonUrl'>
  release: Pick<TinyRelease, 'uploads' | 'artifacts' | 'folder'>
  /** Trusted publishing by this; by default a token. */
  identity?: IdentityServer
  /** Everything that was masked and said. */
  secrets?: string[]
  lines?: string[]
}

export function requestOf({
  index,
  release,
  identity,
  secrets = [],
  lines = [],
  ...more
}: Asked): PypiRequest {
  const { uploadUrl, simpleUrl, jsonUrl } = index
  const http =
    more.http ??
    createHttpClient({ environment: {}, retryMilliseconds: 1, stallMilliseconds: 1000, attempts: 3 })
  const onSecret = (value: string): void => void secrets.push(value)
  const say = (line: string): void => void lines.push(line)
  const progress = { line: say, done: () => undefined, failed: () => undefined }
  return {
    name: 'pypi',
    service: { name: 'PyPI', kind: 'pypi', uploadUrl, simpleUrl, jsonUrl },
    credentials:
      identity === undefined
        ? { kind: 'token', token: 'pypi-secret' }
        : {
            kind: 'trusted',
            identityToken: (audience) => identityToken(http, identity.environment, audience, onSecret)
          },
    uploads: release.uploads,
    artifacts: release.artifacts,
    packages: release.folder,
    attest: null,
    createProject: false,
    log: { info: say, warn: say, begin: () => progress },
    now: Date.now,
    onSecret,
    patience: [0, 0, 0],
    ...more,
    http
  }
}

/** All steps, in the order of a publication; the connections are closed whatever happens. */
export async function runDestination(asked: Asked): Promise<Run> {
  const request = requestOf(asked)
  const destination = pypiDestination(request)
  try {
    await destination.preflight()
    const states = await destination.state()
    const missing = missingOf(states)
    await destination.stage(missing)
    const written: string[] = []
    await destination.commit(missing, ({ outcome, name }) => {
      written.push(`${outcome} ${name}`)
      return Promise.resolve()
    })
    return { states, written, readBack: await destination.readBack() }
  } finally {
    await destination.close()
    request.http.close()
  }
}
