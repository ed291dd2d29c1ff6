import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { apiOf, gatherRepository, tokenOf } from '../../../src/doctor/github.ts'
import { repositoryChecks } from '../../../src/doctor/repository-checks.ts'

/** An API as a real server: answers by path, anything else is not there; without the right token nothing is. */
let answers: Record<string, unknown>
let status: Record<string, number>
let asked: IncomingMessage[]
const server = createServer((request, response) => {
  asked.push(request)
  const place = (request.url ?? '').replace(/\?.*$/, '').replace('/repos/ada/herald', '') || '/'
  const code =
    request.headers.authorization !== 'Bearer right' ? 401 : (status[place] ?? (place in answers ? 200 : 404))
  response.writeHead(code, { 'content-type': 'application/json' })
  response.end(JSON.stringify(code === 200 ? answers[place] : { message: 'no' }))
})
let api: string

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  api = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => new Promise((resolve) => server.close(resolve)))

const reviewing = { type: 'required_reviewers', prevent_self_review: true, reviewers: [{ type: 'User' }] }
const custom = { protected_branches: false, custom_branch_policies: true }
const environment = {
  can_admins_bypass: false,
  protection_rules: [reviewing, { type: 'branch_policy' }],
  deployment_branch_policy: custom
}
const tagRule = { name: 'v*', type: 'tag' }
const ruleset = {
  id: 7,
  name: 'Release tags',
  target: 'tag',
  enforcement: 'active',
  conditions: { ref_name: { include: ['refs/tags/v*'], exclude: [] } },
  rules: [{ type: 'update' }, { type: 'deletion' }],
  bypass_actors: []
}

beforeEach(() => {
  asked = []
  status = {}
  answers = {
    '/': { full_name: 'ada/herald' },
    '/environments/release': environment,
    '/environments/release/deployment-branch-policies': { branch_policies: [tagRule] },
    '/rulesets': [
      { id: 7, target: 'tag' },
      { id: 8, target: 'branch' }
    ],
    '/rulesets/7': ruleset,
    '/actions/permissions/workflow': { default_workflow_permissions: 'read' }
  }
})

async function told(
  access: Partial<Parameters<typeof gatherRepository>[0]> = {},
  tags = ['v*']
): Promise<string[]> {
  const facts = await gatherRepository({
    repository: { owner: 'ada', name: 'herald' },
    environment: 'release',
    offline: false,
    api,
    token: 'right',
    ...access
  })
  return repositoryChecks(facts, tags)
    .filter(({ state }) => state !== 'ok')
    .map(({ state, name, what }) => `${state} ${name}: ${what}`)
}

describe('the settings of a repository', () => {
  it('are in order', async () => {
    expect(await told()).toEqual([])
    expect(asked.every(({ method }) => method === 'GET')).toBe(true)
  })

  const set = (place: string, value: unknown) => () => void (answers[place] = value)
  const cases: [string, () => void, RegExp[]][] = [
    [
      'no environment',
      () => Reflect.deleteProperty(answers, '/environments/release'),
      [/^fail environment-protection: There is no/]
    ],
    [
      'no reviewers',
      set('/environments/release', { ...environment, protection_rules: [] }),
      [/^fail environment-protection: .*no reviewers/]
    ],
    [
      'self-review',
      set('/environments/release', {
        ...environment,
        protection_rules: [{ ...reviewing, prevent_self_review: false }]
      }),
      [/^warn self-review: Who starts/]
    ],
    [
      'administrators',
      set('/environments/release', { ...environment, can_admins_bypass: true }),
      [/^warn admin-bypass: Administrators can/]
    ],
    [
      'administrators unknown',
      set('/environments/release', { ...environment, can_admins_bypass: undefined }),
      [/^warn admin-bypass: .*not read/]
    ],
    [
      'every ref',
      set('/environments/release', { ...environment, deployment_branch_policy: null }),
      [/^fail environment-refs: .*every branch/]
    ],
    [
      'protected branches',
      set('/environments/release', {
        ...environment,
        deployment_branch_policy: { protected_branches: true, custom_branch_policies: false }
      }),
      [/^fail environment-refs: .*no tag/]
    ],
    [
      'branches too',
      set('/environments/release/deployment-branch-policies', {
        branch_policies: [tagRule, { name: 'main', type: 'branch' }]
      }),
      [/^fail environment-refs: .*main/]
    ],
    [
      'branches alone',
      set('/environments/release/deployment-branch-policies', { branch_policies: [{ name: 'v*' }] }),
      [/^fail environment-refs: .*no tag/]
    ],
    [
      'other tags',
      set('/environments/release/deployment-branch-policies', {
        branch_policies: [{ name: 'x-*', type: 'tag' }]
      }),
      [/^warn environment-refs: /]
    ],
    ['no ruleset', set('/rulesets', []), [/^warn tag-ruleset: A tag v\* can be moved and removed/]],
    [
      'a ruleset that is off',
      set('/rulesets/7', { ...ruleset, enforcement: 'disabled' }),
      [/^warn tag-ruleset/]
    ],
    [
      'a ruleset for other tags',
      set('/rulesets/7', {
        ...ruleset,
        conditions: { ref_name: { include: ['refs/tags/x*'], exclude: [] } }
      }),
      [/^warn tag-ruleset/]
    ],
    [
      'a ruleset that spares these tags',
      set('/rulesets/7', {
        ...ruleset,
        conditions: { ref_name: { include: ['~ALL'], exclude: ['refs/tags/v1.*'] } }
      }),
      [/^warn tag-ruleset/]
    ],
    [
      'a ruleset against removal alone',
      set('/rulesets/7', { ...ruleset, rules: [{ type: 'deletion' }] }),
      [/^warn tag-ruleset: A tag v\* can be moved$/]
    ],
    [
      'a ruleset with exceptions',
      set('/rulesets/7', { ...ruleset, bypass_actors: [{ actor_id: 5 }] }),
      [/^warn tag-ruleset: .*pass the rule by/]
    ],
    [
      'a ruleset whose exceptions are hidden',
      set('/rulesets/7', { ...ruleset, bypass_actors: undefined }),
      [/^warn tag-ruleset: .*not read/]
    ],
    [
      'an answer that does not say what jobs may',
      set('/actions/permissions/workflow', {}),
      [/^warn default-permissions: .*not read/]
    ],
    [
      'jobs that may write',
      set('/actions/permissions/workflow', { default_workflow_permissions: 'write' }),
      [/^warn default-permissions: .*may write/]
    ]
  ]
  it.each(cases)('with %s', async (_title, change, expected) => {
    change()
    const lines = await told()
    expect(lines).toHaveLength(expected.length)
    expected.forEach((pattern, index) => expect(lines[index]).toMatch(pattern))
  })

  it('what one token may not read is told as not read, the rest as it is', async () => {
    status['/actions/permissions/workflow'] = 403
    status['/rulesets'] = 403
    expect((await told()).map((line) => line.replace(/:.*: not read/, ' not read'))).toEqual([
      'warn tag-ruleset not read, the token may not read it (403)',
      'warn default-permissions not read, the token may not read it (403)'
    ])
  })

  it.each([
    ['no token', { token: null }, 'there is no token', 0],
    ['a wrong token', { token: 'wrong' }, 'the token is not valid (401)', 1],
    [
      'another repository',
      { repository: { owner: 'ada', name: 'other' } },
      'this token sees no such thing (404)',
      1
    ],
    ['no repository', { repository: null }, 'no remote origin', 0],
    ['a name that is an expression', { environment: '${{ inputs.x }}' }, 'only once the workflow runs', 0],
    ['offline', { offline: true }, 'no network was to be used', 0],
    ['an address without encryption', { api: 'http://api.example' }, 'not https', 0],
    ['nobody at the address', { api: 'http://127.0.0.1:1' }, 'cannot be reached', 0]
  ] as [string, Parameters<typeof told>[0], string, number][])(
    'nothing is in order with %s',
    async (_title, access, reason, requests) => {
      const lines = await told(access)
      expect(lines).toHaveLength(1)
      expect(lines[0]).toMatch(/^warn settings: .*not read/)
      expect(lines[0]).toContain(reason)
      expect(asked).toHaveLength(requests)
    }
  )

  it('an answer that is no JSON is no success', async () => {
    answers['/rulesets'] = 'a text'
    expect(await told()).toHaveLength(1)
  })
})

describe('the token', () => {
  it('is the one of the environment, or that of gh, or none', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'tagproof-gh-'))
    try {
      expect(await tokenOf({ PATH: folder })).toBeNull()
      const script = '#!/bin/sh\n[ "$1 $2" = "auth token" ] && [ -z "$OTHER" ] && echo from-gh\n'
      await writeFile(path.join(folder, 'gh'), script, { mode: 0o755 })
      expect(await tokenOf({ PATH: folder, OTHER: 'is not handed on' })).toBe('from-gh')
      expect(await tokenOf({ PATH: folder, GITHUB_TOKEN: 'given' })).toBe('given')
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  it('goes to the address that the runner names', () => {
    expect(apiOf({ GITHUB_API_URL: 'https://host.example/api/v3/' })).toBe('https://host.example/api/v3')
    expect(apiOf({})).toMatch(/^https:/)
  })
})
