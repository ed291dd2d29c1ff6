import { createSign, X509Certificate } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import type { ReadBack } from '../../../../src/documents/receipt.ts'
import { TagproofError } from '../../../../src/platform/errors.ts'
import { selfSigned } from '../../support/pypi/certificate.ts'
import { runDestination, type Asked, type Run } from '../../support/pypi/destination-run.ts'
import { startFakeIndex, type FakeIndex, type FakeIndexOptions } from '../../support/pypi/fake-index.ts'
import { startIdentityProvider, type IdentityServer } from '../../support/pypi/identity-provider.ts'
import { interpose, type Interposed, type Script } from '../../support/pypi/interposed.ts'
import { makeTinyRelease, type TinyRelease } from '../../support/pypi/tiny-release.ts'

let index: FakeIndex
let identity: IdentityServer
let between: Interposed | null
let release: TinyRelease

beforeEach(async () => {
  identity = await startIdentityProvider()
  release = await makeTinyRelease()
  between = null
})
afterEach(async () => {
  await between?.close()
  await index.close()
  await identity.close()
  await release.remove()
})

async function start(options: FakeIndexOptions = {}): Promise<void> {
  index = await startFakeIndex({
    tokens: { 'pypi-secret': { projects: 'all' } },
    issuers: [identity.provider.issuer],
    ...options
  })
  index.project('tiny-demo', { owners: ['maintainer'] })
}
const publish = (more: Partial<Asked> = {}): Promise<Run> =>
  runDestination({ index: between ?? index, release, ...more })
const wheel = (): string => release.uploads[0]?.name ?? ''
const check = (readBack: readonly ReadBack[], what: string): ReadBack['checks'][number] | undefined =>
  readBack[0]?.checks.find((one) => one.what === what)

async function refusal(more: Partial<Asked> = {}): Promise<TagproofError> {
  const error: unknown = await publish(more).then(
    () => new Error('it was published'),
    (thrown: unknown) => thrown
  )
  if (error instanceof TagproofError) return error
  throw error
}

describe('what is read back', () => {
  it('is waited for where a cache is late', async () => {
    await start({ late: { simple: 2, json: 1 } })
    const { readBack } = await publish({ patience: [0, 0, 0, 0] })
    expect(check(readBack, 'index')?.result).toBe('agrees')
  })

  it('is late where the cache takes longer, and the bytes are compared all the same', async () => {
    await start({ late: { simple: 1000 } })
    const { readBack } = await publish({ patience: [0, 0] })
    expect(check(readBack, 'index')).toEqual({
      what: 'index',
      result: 'late',
      note: 'not yet in the simple index: a cache'
    })
    expect(check(readBack, 'bytes')?.result).toBe('agrees')
  })

  it('is taken some files at a time where there are many, each of them once', async () => {
    await start()
    await release.remove()
    release = await makeTinyRelease({ wheels: Array.from({ length: 20 }, (_each, at) => `py3${at}`) })
    const { readBack } = await publish()
    expect(readBack.map(({ name }) => name)).toEqual(release.uploads.map(({ name }) => name))
    const asked = index.requests.filter(({ path }) => path.startsWith('/packages/')).map(({ path }) => path)
    expect(asked).toHaveLength(41)
    expect(new Set(asked).size).toBe(41)
  })

  it('is missing where no list ever has it', async () => {
    await start({ late: { simple: 1000, json: 1000 } })
    expect((await refusal({ patience: [0, 0] })).code).toBe('readback-missing')
  })

  it.each<[string, () => void, RegExp]>([
    [
      'another hash in its lists',
      () => index.state.lies.set(wheel(), { sha256: 'f'.repeat(64) }),
      /another hash in the JSON/
    ],
    ['other bytes', () => index.state.lies.set(wheel(), { bytes: Buffer.from('evil') }), /has other bytes/],
    [
      'more bytes',
      () => index.state.lies.set(wheel(), { bytes: Buffer.alloc(9_000_000) }),
      /has other bytes/
    ],
    [
      'other metadata beside a wheel',
      () => index.state.lies.set(wheel(), { metadata: Buffer.from('Name: evil') }),
      /metadata beside/
    ]
  ])('is an alarm where the index has %s', async (_what, lie, message) => {
    await start()
    await publish()
    lie()
    const error = await refusal()
    expect(error.code).toBe('hash-mismatch')
    expect(error.message).toMatch(message)
    expect(error.detail.fix).toMatch(/yank/)
  })

  it.each<[string, Script, string, RegExp]>([
    [
      'plain http to another machine',
      async ({ path }, forward) => {
        if (!path.startsWith('/pypi/') && !path.startsWith('/simple/')) return null
        const answer = await forward()
        return {
          ...answer,
          ...text(answer.body.toString().replaceAll('http://127.0.0.1', 'http://elsewhere.invalid'))
        }
      },
      'index-answer',
      /over plain http/
    ],
    [
      'a redirect to plain http on another machine',
      ({ path }) => (path.startsWith('/packages/') ? moved('http://elsewhere.invalid/x') : null),
      'network',
      /cannot be reached/
    ],
    [
      'a list at another host',
      ({ path }) =>
        path.startsWith('/simple/') ? moved(`http://localhost:${index.simpleUrl.port}/nothing`) : null,
      'index-answer',
      /sends the question to another host/
    ],
    [
      'a page that is no list',
      ({ path }) => (path.startsWith('/pypi/') ? text('{"urls":7}') : null),
      'index-answer',
      /no description of a release/
    ]
  ])('is not taken from %s', async (_what, script, code, message) => {
    await start()
    await publish()
    between = await interpose(index, script)
    const error = await refusal()
    expect([error.code, error.message]).toEqual([code, expect.stringMatching(message)])
  })
})

describe('provenance', () => {
  it('is what was sent; a rerun finds it to be of just these files', async () => {
    await start()
    index.publisher('tiny-demo')
    const first = await publish({ identity, attest: attestWith() })
    expect(check(first.readBack, 'provenance')).toMatchObject({
      result: 'agrees',
      note: '1 attestation, as they were sent'
    })
    const second = await publish({ identity, attest: attestWith() })
    expect(check(second.readBack, 'provenance')).toMatchObject({ note: '1 attestation of just this file' })
  })

  it('is late for a while, and that is no error', async () => {
    await start({ late: { provenance: 1000 } })
    index.publisher('tiny-demo')
    const { readBack } = await publish({ identity, attest: attestWith(), patience: [0] })
    expect(check(readBack, 'provenance')?.result).toBe('late')
  })

  it('is none for files that were sent without', async () => {
    await start()
    index.publisher('tiny-demo')
    await publish({ identity })
    const { readBack } = await publish({ identity, attest: attestWith() })
    expect(check(readBack, 'provenance')?.result).toBe('none')
  })

  it('of another file is an alarm', async () => {
    await start()
    index.publisher('tiny-demo')
    await publish({ identity, attest: attestWith() })
    const [one, other] = [...index.files.values()]
    if (one !== undefined && other !== undefined) one.provenance = other.provenance
    const error = await refusal({ identity, attest: attestWith() })
    expect([error.code, error.detail.found]).toEqual(['hash-mismatch', 'attestations of another file'])
  })

  it('with another signature than the one that was sent is an alarm', async () => {
    await start()
    index.publisher('tiny-demo')
    between = await interpose(index, async ({ path }, forward) => {
      if (!path.startsWith('/integrity/')) return null
      const answer = await forward()
      const swapped = answer.body.toString().replace(/"signature": ?"[^"]*"/, '"signature":"AAAA"')
      return { ...answer, ...text(swapped) }
    })
    const error = await refusal({ identity, attest: attestWith() })
    expect(error.detail.found).toBe('other attestations than those that were sent')
  })
})

function text(content: string): { status: number; headers: Record<string, string>; body: Buffer } {
  return { status: 200, headers: { 'content-type': 'application/json' }, body: Buffer.from(content) }
}

function moved(location: string): { status: number; headers: { location: string } } {
  return { status: 302, headers: { location } }
}

/** Attestations of the right form, signed by a certificate that nobody vouches for. */
function attestWith(): NonNullable<Asked['attest']> {
  const { key, cert } = selfSigned()
  const certificate = new X509Certificate(cert).raw.toString('base64')
  return (files) =>
    Promise.resolve(
      new Map(
        files.map(({ name, sha256 }) => {
          const statement = Buffer.from(
            JSON.stringify({
              _type: 'https://in-toto.io/Statement/v1',
              subject: [{ name, digest: { sha256 } }],
              predicateType: 'https://slsa.dev/provenance/v1',
              predicate: {}
            })
          )
          const type = 'application/vnd.in-toto+json'
          const signature = createSign('sha256')
            .update(`DSSEv1 ${type.length} ${type} ${statement.length} `)
            .update(statement)
            .sign(key, 'base64')
          const envelope = { statement: statement.toString('base64'), signature }
          return [
            name,
            [{ version: 1, verification_material: { certificate, transparency_entries: [{}] }, envelope }]
          ]
        })
      )
    )
}
