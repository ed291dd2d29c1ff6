import { afterEach, beforeEach, expect, it } from '@jest/globals'
import type { FakeIndexOptions } from '../../support/pypi/fake-index.ts'
import { startFakeIndex, type FakeIndex } from '../../support/pypi/fake-index.ts'
import {
  jobClaims,
  startIdentityProvider,
  type IdentityServer
} from '../../support/pypi/identity-provider.ts'
import { runDestination, type Asked } from '../../support/pypi/destination-run.ts'
import { makeTinyRelease, type TinyRelease } from '../../support/pypi/tiny-release.ts'

/** Bad input gets a message with a remedy, and nothing is written. */

let release: TinyRelease
let identity: IdentityServer
let index: FakeIndex

beforeEach(async () => {
  release = await makeTinyRelease()
  identity = await startIdentityProvider()
})
afterEach(async () => {
  await index.close()
  await identity.close()
  await release.remove()
})

interface Row {
  arrange: () => void
  /** Trusted publishing instead of a token. */
  trusted?: boolean
  asked?: Partial<Asked>
  options?: FakeIndexOptions
  code: string
  fix: RegExp
}

const create = { createProject: true }
const claims = (more: Record<string, unknown>): void => {
  identity.claims = jobClaims(more)
}
/** The project as the owner of the token and of the publisher has it. */
const own = (): void => void index.publisher('tiny-demo')

const rows: Record<string, Row> = {
  'a token that is none': {
    arrange: own,
    asked: { credentials: { kind: 'token', token: 'pypi-wrong' } },
    code: 'login-refused',
    fix: /Make a new token for just this project/
  },
  'a token of another project': {
    arrange: own,
    options: { tokens: { 'pypi-secret': { projects: ['another'] } } },
    code: 'login-refused',
    fix: /Make a new token for just this project|Use a token of this project/
  },
  'a project of somebody else': {
    arrange: () => void index.project('tiny-demo', { owners: ['somebody'] }),
    code: 'login-refused',
    fix: /Use a token of this project/
  },
  'another environment': {
    arrange: () => void index.publisher('tiny-demo', { environment: 'pypi' }),
    trusted: true,
    code: 'login-refused',
    fix: /Register at .*environment release/
  },
  'no environment': {
    arrange: () => {
      own()
      claims({ environment: undefined })
    },
    trusted: true,
    code: 'login-refused',
    fix: /no environment/
  },
  'another owner of the same name': {
    arrange: () => {
      own()
      claims({ repository_owner_id: '1' })
    },
    trusted: true,
    code: 'login-refused',
    fix: /Register at/
  },
  'a reusable workflow of another repository': {
    arrange: () => {
      own()
      claims({ job_workflow_ref: 'other/flows/.github/workflows/release.yml@refs/heads/main' })
    },
    trusted: true,
    code: 'login-refused',
    fix: /job of the caller's own workflow file/
  },
  pull_request_target: {
    arrange: () => {
      own()
      claims({ event_name: 'pull_request_target' })
    },
    trusted: true,
    code: 'login-refused',
    fix: /Publish from a push of the tag/
  },
  'an identity token that has ended': {
    arrange: () => {
      own()
      index.advance(3_600_000)
    },
    trusted: true,
    code: 'login-refused',
    fix: /clock of the runner/
  },
  'an archived project': {
    arrange: () => void index.project('tiny-demo', { status: 'archived' }),
    code: 'project-refused',
    fix: /Un-archive/
  },
  'a project in quarantine, where a token could still send files that nobody sees': {
    arrange: () => void index.project('tiny-demo', { status: 'quarantined' }),
    code: 'project-refused',
    fix: /administrators of the index/
  },
  'a name that looks like another one': {
    arrange: () => void index.project('tinydemo'),
    asked: create,
    code: 'upload-refused',
    fix: /Choose another one that looks like no other/
  },
  'a pending publisher for a name that looks like another one': {
    arrange: () => {
      index.project('tiny_dem0')
      index.publisher('tiny-demo', {}, true)
    },
    trusted: true,
    asked: create,
    code: 'login-refused',
    fix: /too similar to another project/
  },
  'a name that deleted files have used up': {
    arrange: () => {
      own()
      for (const { name } of release.uploads) index.state.deleted.add(name)
    },
    code: 'upload-refused',
    fix: /Release a new version/
  },
  'a file that is larger than the project may have': {
    arrange: () => void index.project('tiny-demo', { fileLimit: 100 }),
    code: 'upload-refused',
    fix: /higher limit/
  }
}

it.each(Object.entries(rows))(
  '%s',
  async (_what, { arrange, trusted = false, asked, options, code, fix }) => {
    index = await startFakeIndex({
      tokens: { 'pypi-secret': {} },
      issuers: [identity.provider.issuer],
      ...options
    })
    arrange()
    const login = trusted ? { identity } : {}
    await expect(runDestination({ index, release, ...login, ...asked })).rejects.toMatchObject({
      code,
      detail: { fix: expect.stringMatching(fix) as unknown }
    })
    expect(index.state.writes).toEqual([])
    expect([...index.state.tokens.values()].filter(({ kind }) => kind === 'publisher')).toEqual([])
  }
)

it('the same without anything bad is published', async () => {
  index = await startFakeIndex({ issuers: [identity.provider.issuer] })
  own()
  expect((await runDestination({ index, release, identity })).written).toHaveLength(3)
})
