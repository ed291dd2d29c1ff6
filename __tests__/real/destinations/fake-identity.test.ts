import { generateKeyPairSync, createSign } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { checkAttestations } from '../support/pypi/attestations.ts'
import { selfSigned } from '../support/pypi/certificate.ts'
import { startFakeIndex, type FakeIndex } from '../support/pypi/fake-index.ts'
import {
  jobClaims,
  startIdentityProvider,
  type Claims,
  type IdentityServer
} from '../support/pypi/identity-provider.ts'
import { attestWith } from '../support/pypi/test-attest.ts'
import { sha256 } from '../../../src/documents/identifiers.ts'

/** The stand-in refuses what the index refuses: else a test against it would prove nothing. */

let identity: IdentityServer
let index: FakeIndex

beforeAll(async () => {
  identity = await startIdentityProvider()
  index = await startFakeIndex({ issuers: [identity.provider.issuer] })
})
beforeEach(() => {
  index.state.projects.clear()
  index.publisher('tiny-demo')
})
afterAll(async () => {
  await index.close()
  await identity.close()
})

const sign = (more: Claims = {}, audience = 'pypi'): string =>
  identity.provider.sign(audience, { ...jobClaims(), ...more })

async function mint(
  body: string
): Promise<{ status: number; token?: string; code?: string; description?: string }> {
  const answer = await fetch(new URL('/_/oidc/mint-token', index.origin), { method: 'POST', body })
  const said = (await answer.json()) as {
    token?: string
    errors?: { code: string; description: string }[]
  }
  const { token } = said
  return { status: answer.status, ...(token === undefined ? {} : { token }), ...said.errors?.[0] }
}
const minted = (token: string): ReturnType<typeof mint> => mint(JSON.stringify({ token }))

describe('an identity token', () => {
  it('is taken once, for 15 minutes of this index', async () => {
    const token = sign()
    const first = await minted(token)
    expect([first.status, first.token?.startsWith('pypi-')]).toEqual([200, true])
    expect(await minted(token)).toMatchObject({ status: 422, code: 'invalid-reuse-token' })
  })

  const now = (): number => Math.floor(Date.now() / 1000)
  const parts = (token: string): string[] => token.split('.')
  const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  it.each<[string, string, () => string]>([
    ['that is no JSON', 'invalid-payload', () => '{'],
    ['that is none', 'invalid-payload', () => '{"token":"a.b.c"}'],
    ['of an unknown issuer', 'invalid-payload', () => sign({ iss: 'http://127.0.0.1:1' })],
    ['for another audience', 'invalid-token', () => sign({}, 'testpypi')],
    ['for two audiences', 'invalid-token', () => sign({ aud: ['pypi', 'other'] })],
    ['that has ended', 'invalid-token', () => sign({ exp: now() - 31 })],
    ['that does not count yet', 'invalid-token', () => sign({ nbf: now() + 60 })],
    ['without a time', 'invalid-token', () => sign({ iat: undefined })],
    [
      'with other claims than were signed',
      'invalid-token',
      () => {
        const [head = '', body = '', signature = ''] = parts(sign())
        const claims = JSON.parse(Buffer.from(body, 'base64url').toString('utf8')) as object
        return `${head}.${encode({ ...claims, environment: 'other' })}.${signature}`
      }
    ],
    [
      'without a signature',
      'invalid-token',
      () => `${encode({ alg: 'none', kid: 'key-1' })}.${parts(sign())[1] ?? ''}.`
    ],
    [
      'signed by somebody else',
      'invalid-token',
      () => {
        const signed = parts(sign()).slice(0, 2).join('.')
        const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
        return `${signed}.${createSign('sha256').update(signed).sign(privateKey, 'base64url')}`
      }
    ],
    ['without its own name', 'invalid-publisher', () => sign({ jti: undefined })],
    [
      'of another file',
      'invalid-publisher',
      () => sign({ job_workflow_ref: 'octo/project/.github/workflows/other.yml@refs/tags/v1.0.0' })
    ],
    ['of another ref than its job', 'invalid-publisher', () => sign({ ref: 'refs/heads/main', sha: 'abc' })]
  ])('%s is refused', async (_what, code, make) => {
    const text = make()
    expect(await (text.startsWith('{') ? mint(text) : minted(text))).toMatchObject({ status: 422, code })
  })

  it('with an environment goes to the publisher of that environment before one of any', async () => {
    index.publisher('tiny-demo', { environment: '' })
    for (const [environment, expected] of [
      ['release', 'release'],
      ['Release', 'release'],
      ['other', ''],
      [undefined, '']
    ]) {
      const { token = '' } = await minted(sign({ environment }))
      expect(index.state.tokens.get(token)).toMatchObject({ publisher: { environment: expected } })
    }
  })

  it('for a pending publisher makes the project, once', async () => {
    index.publisher('new-one', { workflow: 'new.yml' }, true)
    const claims = { job_workflow_ref: 'octo/project/.github/workflows/new.yml@refs/tags/v1.0.0' }
    expect((await minted(sign(claims))).status).toBe(200)
    expect([index.state.projects.has('new-one'), index.state.pending.length]).toEqual([true, 0])
    index.publisher('new-one', { workflow: 'late.yml' }, true)
    const late = { job_workflow_ref: 'octo/project/.github/workflows/late.yml@refs/tags/v1.0.0' }
    expect(await minted(sign(late))).toMatchObject({ code: 'invalid-pending-publisher' })
  })

  it('minted, ends after 15 minutes, or when it is burned', async () => {
    const post = async (token: string): Promise<number> => {
      const form = new FormData()
      form.append(':action', 'file_upload')
      const headers = { authorization: `Bearer ${token}` }
      return (await fetch(index.uploadUrl, { method: 'POST', headers, body: form })).status
    }
    const [one, other] = [await minted(sign()), await minted(sign())].map(({ token = '' }) => token)
    expect(await post(one ?? '')).toBe(400)
    const burned = { method: 'POST', body: JSON.stringify({ token: one }) }
    expect((await fetch(new URL('/_/oidc/burn-token', index.origin), burned)).status).toBe(202)
    expect([await post(one ?? ''), await post(other ?? '')]).toEqual([403, 400])
    index.advance(901_000)
    expect(await post(other ?? '')).toBe(403)
    index.advance(-901_000)
  })
})

describe('attestations', () => {
  const file = { name: 'tiny_demo-1.0.tar.gz', sha256: sha256('ab'.repeat(32)) }
  const attest = attestWith(selfSigned())
  const made = async (subject = file): Promise<object[]> => (await attest([subject])).get(subject.name) ?? []
  const refusal = (list: unknown): string => {
    try {
      return `taken: ${checkAttestations(JSON.stringify(list), file).length}`
    } catch (error) {
      return (error as Error).message
    }
  }

  it('are taken, one of each kind, about this one file', async () => {
    const [publish, provenance] = await made()
    expect(refusal([publish, provenance])).toBe('taken: 2')
    expect(refusal([publish])).toBe('taken: 1')
    expect(refusal([])).toMatch(/empty attestation set/)
    expect(refusal([publish, publish])).toMatch(/Multiple attestations/)
    expect(refusal([publish, provenance, publish])).toMatch(/maximum of 2/)
    expect(refusal(await made({ ...file, name: 'other-1.0.tar.gz' }))).toMatch(/distribution name/)
    expect(refusal(await made({ ...file, sha256: sha256('cd'.repeat(32)) }))).toMatch(/distribution digest/)
  })

  it('with another statement than was signed are refused', async () => {
    const [first] = (await made()) as { envelope: { statement: string } }[]
    const text = Buffer.from(first?.envelope.statement ?? '', 'base64')
      .toString('utf8')
      .replace('null', '{}')
    const changed = {
      ...first,
      envelope: { ...first?.envelope, statement: Buffer.from(text).toString('base64') }
    }
    expect(refusal([changed])).toMatch(/bad signature/)
    expect(refusal([{ ...first, verification_material: {} }])).toMatch(/Malformed/)
  })
})
