import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import type { TagproofError } from '../../../../src/platform/errors.ts'
import { describeError } from '../../../../src/platform/errors.ts'
import { runDestination, type Asked, type Run } from '../../support/pypi/destination-run.ts'
import { startFakeIndex, type FakeIndex, type FakeIndexOptions } from '../../support/pypi/fake-index.ts'
import {
  jobClaims,
  startIdentityProvider,
  type IdentityServer
} from '../../support/pypi/identity-provider.ts'
import { makeTinyRelease, type TinyRelease } from '../../support/pypi/tiny-release.ts'

let index: FakeIndex
let identity: IdentityServer
let release: TinyRelease

async function start(options: FakeIndexOptions = {}): Promise<void> {
  index = await startFakeIndex({
    issuers: [identity.provider.issuer],
    now: Date.now() + ahead,
    ...options
  })
}
/** How much the clock of GitHub and of the index is ahead of ours, in milliseconds. */
let ahead: number
beforeEach(async () => {
  ahead = 0
  identity = await startIdentityProvider(() => Date.now() + ahead)
  release = await makeTinyRelease()
})
afterEach(async () => {
  await index.close()
  await identity.close()
  await release.remove()
})

const publish = (more: Partial<Asked> = {}): Promise<Run> =>
  runDestination({ index, release, identity, ...more })
const exchanges = (): string[] =>
  index.requests
    .filter(({ path }) => /oidc|pytp|legacy/.test(path))
    .map(({ path, status }) => `${path} ${status}`)
async function refusal(more: Partial<Asked> = {}): Promise<TagproofError> {
  const error = await publish(more).then(
    () => new Error('it was published'),
    (thrown: unknown) => thrown
  )
  expect(error).toHaveProperty('detail')
  return error as TagproofError
}

describe('trusted publishing', () => {
  it('is proven before anything is sent, and every token is burned', async () => {
    await start()
    index.publisher('tiny-demo')
    const secrets: string[] = []
    expect((await publish({ secrets })).written).toHaveLength(3)
    expect(exchanges()).toEqual([
      '/.well-known/pytp?discover=%2Flegacy%2F 404',
      '/_/oidc/audience 200',
      '/_/oidc/mint-token 200',
      '/legacy/ 400',
      '/_/oidc/burn-token 202',
      '/_/oidc/mint-token 200',
      '/legacy/ 200',
      '/legacy/ 200',
      '/legacy/ 200',
      '/_/oidc/burn-token 202'
    ])
    expect(identity.asked).toEqual(['pypi', 'pypi'])
    const burned = [...index.state.burned]
    expect(burned).toHaveLength(2)
    expect(burned.every((token) => secrets.includes(token))).toBe(true)
    expect(index.state.tokens.size).toBe(0)
  })

  it('mints no token where nothing is missing', async () => {
    await start()
    index.publisher('tiny-demo')
    await publish()
    index.requests.length = 0
    await publish()
    expect(exchanges()).toEqual([])
  })

  it('finds the places that an index names (PEP 807)', async () => {
    await start({ discovery: true })
    index.publisher('tiny-demo')
    await publish()
    expect(exchanges()[0]).toBe('/.well-known/pytp?discover=%2Flegacy%2F 200')
  })

  it('takes a new token before the old one ends, whatever the clock of the index is', async () => {
    ahead = -86_400_000
    await start()
    index.publisher('tiny-demo')
    let later = 0
    const minted = (): number => exchanges().filter((line) => line.startsWith('/_/oidc/mint')).length
    const tokens: number[] = []
    await publish({
      now: () => Date.now() + later,
      onSecret: () => {
        tokens.push(minted())
        // Ten of its fifteen minutes and a little more go by with every header that is made.
        if (minted() >= 2) later += 5 * 60_000 + 1
      }
    })
    // One for the proof; the second serves the first file and the second, the third the last.
    expect(minted()).toBe(3)
  })

  it('takes a new token when the index says that this one has ended, once', async () => {
    await start()
    index.publisher('tiny-demo')
    let sent = 0
    const { written } = await publish({
      onSecret: (value) => {
        // The second token of the run is already over when it comes.
        if (value.startsWith('pypi-') && (sent += 1) === 2) {
          ahead = 16 * 60_000
          index.advance(ahead)
        }
      }
    })
    expect(written).toHaveLength(3)
    expect(exchanges().filter((line) => line === '/legacy/ 403')).toHaveLength(1)
  })

  it('makes no project that was not asked for', async () => {
    await start()
    index.publisher('tiny-demo', {}, true)
    const error = await refusal()
    expect(error.code).toBe('project-refused')
    expect(error.detail.found).toMatch(/pending publisher would make the project/)
    expect(index.state.writes).toEqual([])
    expect(exchanges()).toEqual([])
    expect((await publish({ createProject: true })).written).toHaveLength(3)
    expect(index.state.writes[0]).toBe('project tiny-demo')
  })

  it.each<[string, () => void, RegExp, RegExp]>([
    [
      'another environment',
      () => void index.publisher('tiny-demo', { environment: 'production' }),
      /invalid-publisher/,
      /Register at .*: owner octo, repository project, workflow release\.yml, environment release/
    ],
    [
      'a reusable workflow of another repository',
      () => {
        index.publisher('tiny-demo')
        identity.claims = jobClaims({
          job_workflow_ref: 'shared/flows/.github/workflows/publish.yml@refs/heads/main'
        })
      },
      /invalid-publisher/,
      /reusable workflow of shared\/flows.*caller's own workflow file/
    ],
    [
      'pull_request_target',
      () => {
        index.publisher('tiny-demo')
        identity.claims = jobClaims({ event_name: 'pull_request_target' })
      },
      /invalid-publisher/,
      /Runs of pull_request_target never get a token/
    ],
    [
      'an index that has switched it off',
      () => {
        index.publisher('tiny-demo')
        index.exchange.enabled = false
      },
      /offers no trusted publishing/,
      /switched it off/
    ],
    [
      'an issuer that the index does not know',
      () => {
        index.publisher('tiny-demo')
        index.exchange.issuers = ['http://127.0.0.1:1']
      },
      /invalid-payload/,
      /does not know who signed/
    ]
  ])('says what to do about %s, before anything is sent', async (_what, arrange, message, fix) => {
    await start()
    index.project('tiny-demo')
    arrange()
    const secrets: string[] = []
    const error = await refusal({ secrets })
    expect(error.code).toBe('login-refused')
    expect(error.message).toMatch(message)
    expect(error.detail.fix).toMatch(fix)
    expect(index.state.writes).toEqual([])
    for (const secret of secrets) expect(describeError(error)).not.toContain(secret)
  })

  it('shows what the run says beside what a publisher has', async () => {
    await start()
    index.publisher('tiny-demo', { workflow: 'other.yml' })
    expect((await refusal()).detail.output?.split('\n')).toEqual([
      'the publisher has  this run says',
      'Owner              octo              id 583231: an account that was renamed or made anew is another one',
      'Repository name    project           the name without its owner',
      'Workflow name      release.yml       the file alone, out of job_workflow_ref',
      'Environment name   release           this one, or empty for any',
      '(not registered)   refs/tags/v1.0.0  ref',
      '(not registered)   push              event'
    ])
  })

  it('asks for the permission that is missing', async () => {
    await start()
    index.publisher('tiny-demo')
    identity.environment.ACTIONS_ID_TOKEN_REQUEST_URL = ''
    expect((await refusal()).code).toBe('permission-missing')
  })
})
