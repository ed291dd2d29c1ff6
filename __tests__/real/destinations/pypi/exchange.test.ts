import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { pypiDestination } from '../../../../src/destinations/pypi/destination.ts'
import { TagproofError } from '../../../../src/platform/errors.ts'
import { requestOf, runDestination, type Asked, type Run } from '../../support/pypi/destination-run.ts'
import { startFakeIndex, type FakeIndex } from '../../support/pypi/fake-index.ts'
import { startIdentityProvider, type IdentityServer } from '../../support/pypi/identity-provider.ts'
import { interpose, type Interposed, type Script } from '../../support/pypi/interposed.ts'
import { makeTinyRelease, type TinyRelease } from '../../support/pypi/tiny-release.ts'

let index: FakeIndex
let identity: IdentityServer
let between: Interposed | null
let release: TinyRelease

beforeEach(async () => {
  identity = await startIdentityProvider()
  index = await startFakeIndex({ issuers: [identity.provider.issuer] })
  index.publisher('tiny-demo')
  release = await makeTinyRelease()
  between = null
})
afterEach(async () => {
  await between?.close()
  await index.close()
  await identity.close()
  await release.remove()
})

const publish = (more: Partial<Asked> = {}): Promise<Run> =>
  runDestination({ index: between ?? index, release, identity, ...more })
/** Does something to requests of one address. */
async function at(wanted: string, script: Script): Promise<void> {
  between = await interpose(index, (request, forward) =>
    request.path.startsWith(wanted) ? script(request, forward) : null
  )
}
async function refusal(): Promise<TagproofError> {
  const error: unknown = await publish().then(
    () => new Error('it was published'),
    (thrown: unknown) => thrown
  )
  if (error instanceof TagproofError) return error
  throw error
}

describe('an exchange that goes wrong', () => {
  it.each<[string, Script]>([
    ['503', ({ count }) => (count === 1 ? { status: 503 } : null)],
    ['429', ({ count }) => (count === 1 ? { status: 429, headers: { 'retry-after': '0' } } : null)],
    [
      'an answer that is lost, with the identity token used',
      ({ count }, forward) => (count === 1 ? forward().then(() => 'broken' as const) : null)
    ]
  ])('is tried again with a new identity token: %s', async (_what, script) => {
    await at('/_/oidc/mint-token', script)
    expect((await publish()).written).toHaveLength(3)
    // One more than the two that were minted for the proof and for the uploads.
    expect(identity.asked).toHaveLength(3)
  })

  it('is tried again once where the identity token was used already', async () => {
    let first: Buffer | null = null
    await at('/_/oidc/mint-token', async ({ body, count }, forward) => {
      if (count > 1) return null
      first = body
      await forward()
      return forward()
    })
    expect((await publish()).written).toHaveLength(3)
    expect(first).not.toBeNull()
  })

  it('is given up after its attempts, with what the index says', async () => {
    await at('/_/oidc/mint-token', () => ({ status: 503, body: Buffer.from('{"message":"Down"}') }))
    const error = await refusal()
    expect([error.code, error.detail.found]).toEqual(['login-refused', '503: Down'])
    expect(index.state.writes).toEqual([])
  })

  it.each(['<html>', 'null', '{"success":true}', '{"token":"a b"}'])(
    'gives no token with %s',
    async (body) => {
      await at('/_/oidc/mint-token', () => ({ status: 200, body: Buffer.from(body) }))
      expect((await refusal()).code).toBe('index-answer')
    }
  )

  it.each([404, 405, 503])('a token that cannot be burned (%s) is told, and that is all', async (status) => {
    await at('/_/oidc/burn-token', () => ({ status }))
    const lines: string[] = []
    expect((await publish({ lines })).written).toHaveLength(3)
    expect(lines.join('\n')).toMatch(/ends by itself in 15 minutes/)
  })
})

describe('tokens for one upload each (PEP 807)', () => {
  it('are minted for each', async () => {
    await at('/.well-known/pytp', () => ({
      status: 200,
      headers: { 'content-type': 'application/json' },
      body: Buffer.from(
        JSON.stringify({
          'audience-endpoint': new URL('/_/oidc/audience', between?.uploadUrl).href,
          'token-mint-endpoint': new URL('/_/oidc/mint-token', between?.uploadUrl).href,
          features: ['single-use-token'],
          'default-features': ['single-use-token']
        })
      )
    }))
    expect((await publish()).written).toHaveLength(3)
    // The proof of the login, and three files.
    expect(index.requests.filter(({ path }) => path === '/_/oidc/mint-token')).toHaveLength(4)
  })
})

describe('an index that names no hashes', () => {
  const bare: Script = ({ path }) => {
    if (!path.startsWith('/simple/')) return path.startsWith('/pypi/') ? { status: 404 } : null
    const files = [...index.files.values()]
    const links = files.map(({ name }) => `<a href="/file/${name}">${name}</a>`).join('')
    return { status: 200, headers: { 'content-type': 'text/html' }, body: Buffer.from(links) }
  }
  const giving =
    (bytes: (name: string) => Buffer | undefined): Script =>
    (request, forward) => {
      if (!request.path.startsWith('/file/')) return bare(request, forward)
      const body = bytes(request.path.replace('/file/', ''))
      return body === undefined ? { status: 404 } : { status: 200, body }
    }
  const asOther = (): Partial<Asked> => {
    const { uploadUrl, simpleUrl } = between ?? index
    return { service: { name: 'other', kind: 'other', uploadUrl, simpleUrl, jsonUrl: null } }
  }

  it('is believed by the bytes alone', async () => {
    await publish()
    between = await interpose(
      index,
      giving((name) => index.files.get(name)?.bytes)
    )
    const { states, readBack } = await publish(asOther())
    expect(states.every(({ state }) => state === 'identical')).toBe(true)
    expect(readBack).toHaveLength(3)
  })

  it.each<[string, (name: string) => Buffer | undefined, RegExp]>([
    ['other bytes', () => Buffer.from('evil'), /^[0-9a-f]{64}$/],
    ['more bytes', () => Buffer.alloc(5_000_000), /^more than \d+ bytes$/],
    ['a name without a file', () => undefined, /^a name without a file$/]
  ])('is told to have %s', async (_what, bytes, found) => {
    await publish()
    between = await interpose(index, giving(bytes))
    const request = requestOf({ index: between, release, identity, ...asOther() })
    const destination = pypiDestination(request)
    const [first] = await destination.state()
    expect(first).toMatchObject({ state: 'different', found: expect.stringMatching(found) as unknown })
    await destination.close()
    request.http.close()
  })
})
