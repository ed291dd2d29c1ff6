import { describe, expect, it } from '@jest/globals'
import { claimsTable, publisherValues } from '../../../../src/destinations/pypi/claims-table.ts'
import { readDiscovery, usualEndpoints } from '../../../../src/destinations/pypi/exchange-endpoints.ts'
import { mintRefused, readRefusal } from '../../../../src/destinations/pypi/mint-refusal.ts'
import { knownServices, serviceOf } from '../../../../src/destinations/pypi/services.ts'
import { thrownBy } from '../../../support/thrown.ts'

const claims = {
  repository: 'octo/project',
  repository_owner: 'octo',
  repository_owner_id: '583231',
  workflow_ref: 'octo/project/.github/workflows/release.yml@refs/tags/v1',
  job_workflow_ref: 'octo/project/.github/workflows/release.yml@refs/tags/v1',
  environment: 'release',
  ref: 'refs/tags/v1',
  event_name: 'push',
  sub: 'secret-looking'
}
const service = knownServices.pypi
const refused = (code: string, more: object = {}, words = 'no'): string => {
  const { detail } = mintRefused(service, ['tiny-demo'], { code, words }, { ...claims, ...more })
  return detail.fix ?? ''
}

describe('what a publisher is registered with', () => {
  it('is read out of the claims', () => {
    expect(publisherValues(claims)).toEqual({
      owner: 'octo',
      ownerId: '583231',
      repository: 'project',
      workflow: 'release.yml',
      workflowRepository: 'octo/project',
      environment: 'release',
      ref: 'refs/tags/v1',
      event: 'push',
      called: false
    })
  })

  it('holds no line that a claim could add', () => {
    const table = claimsTable(publisherValues({ ...claims, environment: `x\nOwner  evil\u001b[2J` }))
    expect(table.split('\n')).toHaveLength(7)
    expect(table).not.toContain('\u001b')
  })

  it('is empty for claims that are none', () => {
    const values = publisherValues({ repository: 7, job_workflow_ref: null })
    expect([values.repository, values.workflow, values.environment]).toEqual(['', '', ''])
    expect(claimsTable(values)).toContain('(none)')
  })
})

describe('a refused exchange', () => {
  it.each<[string, string, object, RegExp]>([
    ['no publisher', 'invalid-publisher', {}, /workflow release\.yml, environment release; or run/],
    ['no environment', 'invalid-publisher', { environment: undefined }, /release\.yml, no environment/],
    ['pending for a project that exists', 'invalid-pending-publisher', {}, /just been removed/],
    ['used twice', 'invalid-reuse-token', {}, /Run the job again/],
    ['switched off', 'not-enabled', {}, /switched trusted publishing off/],
    ['a payload', 'invalid-payload', {}, /what the index says/],
    ['a token', 'invalid-token', {}, /clock of the runner/],
    ['a code that is new', 'something-new', {}, /^Register at/],
    ['pull_request_target', 'invalid-publisher', { event_name: 'pull_request_target' }, /never get a token/],
    [
      'a workflow of another repository',
      'invalid-publisher',
      { job_workflow_ref: 'shared/flows/.github/workflows/p.yml@main' },
      /reusable workflow of shared\/flows/
    ],
    [
      'a called workflow of this repository',
      'invalid-publisher',
      { job_workflow_ref: 'octo/project/.github/workflows/called.yml@refs/tags/v1' },
      /workflow called\.yml.*attestations will not match/
    ],
    [
      'a repository that is written otherwise',
      'invalid-publisher',
      { repository_owner: 'Octo', repository: 'Octo/Project' },
      /^Register at/
    ]
  ])('%s', (_name, code, more, fix) => {
    expect(refused(code, more)).toMatch(fix)
  })

  it('names the page of the project', () => {
    expect(refused('invalid-publisher')).toContain('/manage/project/tiny-demo/settings/publishing/')
  })

  it('is read in both forms, and in none', () => {
    expect(readRefusal('{"errors":[{"code":"not-enabled"}]}').code).toBe('not-enabled')
    expect(readRefusal('{"type":"about:blank","title":"x"}').code).toBe('about:blank')
    expect(readRefusal('<html>').code).toBe('')
    expect(readRefusal('{"errors":{}}').code).toBe('')
    expect(readRefusal('null').code).toBe('')
  })
})

describe('discovery (PEP 807)', () => {
  const own = serviceOf({ upload: 'https://upload.example/a/legacy/', simple: 'https://example/simple/' })
  const document = (more: object = {}): string =>
    JSON.stringify({
      'audience-endpoint': 'https://upload.example/tp/audience',
      'token-mint-endpoint': 'https://upload.example/tp/mint',
      ...more
    })

  it('takes places on the host of the uploads', () => {
    const found = readDiscovery(document(), own)
    expect([found?.audience.href, found?.mint.href, found?.singleUse]).toEqual([
      'https://upload.example/tp/audience',
      'https://upload.example/tp/mint',
      false
    ])
  })

  it.each<[object, readonly string[], boolean]>([
    [{}, [], false],
    [{ features: ['single-use-token', 'multi-use-token'] }, ['multi-use-token'], false],
    [{ features: ['single-use-token'], 'default-features': ['single-use-token'] }, [], true],
    [{ features: 'multi-use-token' }, [], false]
  ])('%j', (more, features, singleUse) => {
    expect(readDiscovery(document(more), own)).toMatchObject({ features, singleUse })
  })

  it.each([
    'https://elsewhere.example/mint',
    'http://upload.example/mint',
    'https://user:pass@upload.example/mint',
    'nonsense'
  ])('hands no identity to %s', (mint) => {
    const error = thrownBy(() => readDiscovery(document({ 'token-mint-endpoint': mint }), own))
    expect(error).toMatchObject({ code: 'login-refused' })
    expect(JSON.stringify(error)).not.toContain('pass')
  })

  it.each(['<html>', 'null', '[]', '{}', '{"audience-endpoint":1}'])('is not in %s', (text) => {
    expect(readDiscovery(text, own)).toBeNull()
  })

  it('falls back to the places of PyPI, at the root of the host', () => {
    const { audience, mint, burn } = usualEndpoints(own)
    expect([audience.pathname, mint.pathname, burn.pathname]).toEqual([
      '/_/oidc/audience',
      '/_/oidc/mint-token',
      '/_/oidc/burn-token'
    ])
    expect(mint.host).toBe('upload.example')
  })
})
