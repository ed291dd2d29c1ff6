import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { noJournal } from '../../../../src/destinations/journal.ts'
import { runPublication } from '../../../../src/destinations/publication.ts'
import { asTagproofError, type TagproofError } from '../../../../src/platform/errors.ts'
import { sha256OfBytes } from '../../../../src/platform/files.ts'
import { createHttpClient } from '../../../../src/platform/http.ts'
import { silentLog } from '../../../../src/platform/log.ts'
import { inSample } from '../../../support/whole.ts'
import { startFakeGithub, type FakeGithub } from '../../support/github/fake-github.ts'
import { githubOf, makeFiles, pushTag, type FilesRelease } from '../../support/github/release-files.ts'
import {
  applies,
  faultKinds,
  passes,
  startFaultProxy,
  type Fault,
  type FaultKind,
  type FaultProxy
} from '../../support/pypi/fault-proxy.ts'

/** Every request of a good publication × every kind of fault; `npm test` takes some of them. */

const kinds = (Object.keys(faultKinds) as FaultKind[]).filter((kind) => !/^(client-|expired-)/.test(kind))
let release: FilesRelease
let requests: FaultProxy['seen']

beforeAll(async () => {
  release = await makeFiles()
  const fake = await openHost()
  requests = (await publish(fake, null)).seen
  await fake.close()
  expect(requests.length).toBeGreaterThan(20)
})
afterAll(() => release.remove())

async function openHost(): Promise<FakeGithub> {
  const fake = await startFakeGithub({ immutableReleases: true })
  pushTag(fake.state, release)
  return fake
}

interface Outcome extends Pick<FaultProxy, 'seen' | 'elsewhere'> {
  error: TagproofError | null
}

async function publish(fake: FakeGithub, fault: Fault | null): Promise<Outcome> {
  const proxy = await startFaultProxy({ index: fake.origin, identity: fake.origin, fault })
  const http = createHttpClient({
    environment: {},
    retryMilliseconds: 0,
    stallMilliseconds: fault?.kind.startsWith('slow') === true ? 150 : 5000,
    attempts: 3
  })
  const destination = githubOf(fake, release, {
    api: fake.api.replace(fake.origin, proxy.index.origin),
    http
  })
  const { tag, version } = release
  const published = { tag, version, sha256: sha256OfBytes('release') }
  const { seen, elsewhere } = proxy
  try {
    await runPublication({
      release: published,
      destinations: [destination],
      journal: noJournal(),
      log: silentLog
    })
    return { error: null, seen, elsewhere }
  } catch (error) {
    return { error: asTagproofError(error), seen, elsewhere }
  } finally {
    await proxy.close()
  }
}

/** What anybody sees: nothing, or all of it. */
function visible({ state }: FakeGithub): string {
  const published = state.releases.filter(({ draft }) => !draft)
  if (published.length === 0) return 'nothing'
  const [first] = published
  const found = (first?.assets ?? []).map(
    ({ name, bytes }) => `${name} ${createHash('sha256').update(bytes).digest('hex')}`
  )
  const wanted = release.files.map(({ name, sha256 }) => `${name} ${sha256}`)
  return published.length === 1 && found.sort().join() === wanted.sort().join() ? 'all' : found.join()
}

describe('a publication', () => {
  it.each(kinds)('%s', async (kind) => {
    for (const [request, line] of requests.entries()) {
      if (!applies(kind, line) || !inSample(`github ${kind} ${request}`, 20)) continue
      const at = `${kind} at ${request}: ${line.line}`
      const fake = await openHost()
      const { error, elsewhere } = await publish(fake, { kind, request })
      const codes = error === null ? [] : [error.code]
      expect([at, codes.filter((code) => code === 'internal')]).toEqual([at, []])
      if (passes(kind)) expect([at, error?.message, error?.detail.found]).toEqual([at, undefined, undefined])
      expect([at, ['nothing', 'all'].includes(visible(fake))]).toEqual([at, true])
      expect([at, elsewhere.filter(({ authorization, bytes }) => authorization || bytes > 0)]).toEqual([
        at,
        []
      ])
      const again = await publish(fake, null)
      expect([at, again.error?.message, visible(fake)]).toEqual([at, undefined, 'all'])
      expect([at, fake.state.madeTags]).toEqual([at, []])
      const drafts = fake.state.releases.filter(({ draft }) => draft)
      expect([at, drafts.length]).toEqual([at, 0])
      const before = [...fake.state.writes]
      await publish(fake, null)
      expect([at, fake.state.writes]).toEqual([at, before])
      await fake.close()
    }
  })
})
