import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { sigstoreAttest, type SigstoreOptions } from '../../../src/destinations/pypi/attest.ts'
import { describeError } from '../../../src/platform/errors.ts'
import { refusedBy, sigstoreFixture, wheel, type SigstoreFixture } from '../support/sigstore/fixture.ts'
import { refusal } from '../support/sigstore/log.ts'
import type { Answer } from '../support/sigstore/server.ts'

let sigstore: SigstoreFixture
let other: SigstoreFixture
beforeAll(async () => {
  sigstore = await sigstoreFixture()
  other = await sigstoreFixture()
})
afterAll(async () => {
  await sigstore.close()
  await other.close()
})
beforeEach(() => {
  sigstore.server.faults.certificates = []
  sigstore.server.faults.log = []
})

const attest = (more: Partial<SigstoreOptions> = {}): Promise<ReadonlyMap<string, readonly object[]>> =>
  sigstoreAttest(sigstore.options(more))([wheel])
/** The error, as its reader sees it. */
const refusalOf = async (more: Partial<SigstoreOptions> = {}): Promise<string> => {
  const error = await refusedBy(attest(more))
  expect(error.code).toBe('signing-failed')
  return describeError(error)
}
const impatient = { timeoutMilliseconds: 150, attempts: 2, retryMilliseconds: 1 }
const changed = (answer: Answer, change: (entry: Record<string, unknown>) => void): Answer => {
  const body = JSON.parse(answer.body) as Record<string, Record<string, unknown>>
  for (const entry of Object.values(body)) change(entry)
  return { ...answer, body: JSON.stringify(body) }
}

describe('a service that fails for a while', () => {
  it.each(['certificates', 'log'] as const)('%s: 503 twice, then it answers', async (service) => {
    const before = sigstore.server.counts[service]
    sigstore.server.faults[service] = [refusal(503, 'busy'), refusal(503, 'busy')]
    expect((await attest()).get(wheel.name)).toHaveLength(2)
    expect(sigstore.server.counts[service] - before).toBe(4)
  })

  it.each(['certificates', 'log'] as const)('%s: silent once, then it answers', async (service) => {
    sigstore.server.faults[service] = ['silent']
    expect((await attest({ patience: { ...impatient, timeoutMilliseconds: 1000 } })).size).toBe(1)
  })

  it('the log stores an entry, and its answer is lost: that entry is taken, none is made twice', async () => {
    const before = sigstore.server.log.entries.size
    sigstore.server.faults.log = ['lost']
    expect((await attest()).get(wheel.name)).toHaveLength(2)
    expect(sigstore.server.log.entries.size - before).toBe(2)
  })
})

describe('a service that stays down', () => {
  it.each([
    ['certificates', 'The authority that certifies signatures did not do its part.'],
    ['log', 'The public log of signatures did not do its part.']
  ] as const)('%s answers 503: the attempts are counted, and it is named', async (service, sentence) => {
    const before = sigstore.server.counts[service]
    sigstore.server.faults[service] = Array.from({ length: 9 }, () => refusal(503, 'busy for long'))
    const said = await refusalOf()
    expect(said).toContain(sentence)
    expect(said).toContain('status 503: (503) busy for long')
    expect(sigstore.server.counts[service] - before).toBe(3)
  })

  it.each(['certificates', 'log'] as const)('%s never answers', async (service) => {
    sigstore.server.faults[service] = ['silent', 'silent']
    expect(await refusalOf({ patience: impatient })).toMatch(/did not do its part[^]*timeout/)
  })

  it('the repository of the root of trust cannot be reached', async () => {
    const trust = { ...sigstore.server.services.trust, mirror: `${sigstore.server.services.log}/nowhere` }
    const said = await refusalOf({ services: { ...sigstore.server.services, trust } })
    expect(said).toContain('The repository of the root of trust of signatures')
  })
})

describe('a proxy of the environment', () => {
  /** Forwards what is asked of it, and counts. */
  async function startProxy(): Promise<{ url: string; asked: string[]; close: () => void }> {
    const asked: string[] = []
    const proxy = http.createServer((request, response) => {
      asked.push(new URL(request.url ?? '').pathname)
      const { method, headers } = request
      const onward = http.request(request.url ?? '', { method, headers }, (answer) => {
        response.writeHead(answer.statusCode ?? 500, answer.headers)
        answer.pipe(response)
      })
      request.pipe(onward)
    })
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
    const url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`
    return { url, asked, close: () => (proxy.closeAllConnections(), proxy.close()) }
  }

  it('is gone through to all services, unless the host is exempt', async () => {
    const proxy = await startProxy()
    try {
      expect((await attest({ environment: { HTTP_PROXY: proxy.url } })).size).toBe(1)
      expect(proxy.asked).toContain('/api/v2/signingCert')
      expect(proxy.asked).toContain('/api/v1/log/entries')
      expect(proxy.asked).toContain('/tuf/timestamp.json')
      proxy.asked.length = 0
      const environment = { HTTP_PROXY: proxy.url, NO_PROXY: '127.0.0.1' }
      expect((await attest({ environment })).size).toBe(1)
      expect(proxy.asked).toEqual([])
    } finally {
      proxy.close()
    }
  })
})

describe('an identity token', () => {
  it('that ended is replaced once, and no signature is lost', async () => {
    const tokens = [sigstore.issuer.token({ exp: 1 }), sigstore.issuer.token()]
    const identityToken = (): Promise<string> => Promise.resolve(tokens.shift() ?? '')
    expect((await attest({ identityToken })).get(wheel.name)).toHaveLength(2)
    expect(tokens).toEqual([])
  })

  it.each([
    ['has always ended', { exp: 1 }, 'token is expired'],
    ['is for somebody else', { aud: 'another' }, 'audience'],
    ['is of another issuer', { iss: 'https://127.0.0.1' }, 'issuer']
  ])('that %s is refused, and shown nowhere', async (_, claims, reason) => {
    const lines: string[] = []
    const say = (line: string): void => void lines.push(line)
    const log = { ...sigstore.options().log, info: say, warn: say }
    const token = sigstore.issuer.token(claims)
    const said = await refusalOf({ identityToken: () => Promise.resolve(token), log })
    expect(said).toContain('The authority that certifies signatures refused the request.')
    expect(said).toContain(reason)
    for (const part of token.split('.')) expect([said, ...lines].join('\n')).not.toContain(part)
  })

  it('that is none is shown nowhere', async () => {
    const said = await refusalOf({ identityToken: () => Promise.resolve('not-a-token-but-secret') })
    expect(said).not.toContain('not-a-token-but-secret')
  })
})

describe('an answer that is not the right one', () => {
  it('a certificate of another authority does not verify', async () => {
    const theirs = other.issuer
    sigstore.server.faults.certificates = Array.from({ length: 2 }, () => (_: Answer, body: string) => {
      const request = JSON.parse(body) as { credentials: { oidcIdentityToken: string } }
      request.credentials.oidcIdentityToken = theirs.token()
      return other.server.certify(JSON.stringify(request))
    })
    expect(await refusalOf()).toMatch(/does not verify[^]*certificate chain/)
  })

  it('a certificate for the key of somebody else is not logged', async () => {
    let earlier: Answer | null = null
    sigstore.server.faults.certificates = [(right) => (earlier = right), (right) => earlier ?? right]
    expect(await refusalOf()).toContain('the signature of the envelope does not verify')
  })

  it('a certificate for another workflow of the repository is refused, as an index would', async () => {
    const ref = 'herald-org/herald/.github/workflows/other.yml@refs/tags/v1.2.0'
    const identityToken = (): Promise<string> => Promise.resolve(sigstore.issuer.token({ workflow_ref: ref }))
    const said = await refusalOf({ identityToken })
    expect(said).toContain('A signature was certified for somebody else.')
    expect(said).toContain(`buildConfig: https://github.com/${ref}`)
  })

  it('a log entry of another signature is refused', async () => {
    let earlier: Answer | null = null
    sigstore.server.faults.log = [(right) => (earlier = right), (right) => earlier ?? right]
    expect(await refusalOf()).toContain('the log entry is of another statement')
  })

  it.each([
    [
      'without a promise',
      (entry: { verification?: Record<string, unknown> }) => delete entry.verification?.signedEntryTimestamp
    ],
    [
      'without a proof',
      (entry: { verification?: Record<string, unknown> }) => delete entry.verification?.inclusionProof
    ]
  ])('a log entry %s is refused', async (_, change) => {
    sigstore.server.faults.log = [(right) => changed(right, change)]
    expect(await refusalOf()).toContain('is no attestation of the file')
  })

  it('a log entry of another time does not verify', async () => {
    sigstore.server.faults.log = [
      (right) => changed(right, (entry) => (entry.integratedTime = Number(entry.integratedTime) - 1))
    ]
    expect(await refusalOf()).toContain('does not verify')
  })

  it.each(['certificates', 'log'] as const)('%s: no JSON', async (service) => {
    sigstore.server.faults[service] = [{ status: 201, body: '<html>' }]
    expect(await refusalOf()).toContain('did not do its part')
  })
})
