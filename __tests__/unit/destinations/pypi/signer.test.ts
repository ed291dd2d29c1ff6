import { describe, expect, it } from '@jest/globals'
import { requireSigner, signerOfRun } from '../../../../src/destinations/pypi/signer.ts'
import { runFacts } from '../../../../src/platform/github-run-facts.ts'

const environment = {
  GITHUB_SERVER_URL: 'https://github.com/',
  GITHUB_REPOSITORY: 'herald-org/herald',
  GITHUB_REPOSITORY_ID: '4711',
  GITHUB_REPOSITORY_OWNER_ID: '42',
  GITHUB_WORKFLOW_REF: 'herald-org/herald/.github/workflows/release.yml@refs/tags/v1.2.0',
  GITHUB_WORKFLOW_SHA: '1'.repeat(40),
  GITHUB_REF: 'refs/tags/v1.2.0',
  GITHUB_SHA: '1'.repeat(40),
  GITHUB_EVENT_NAME: 'push',
  GITHUB_RUN_ID: '900',
  GITHUB_RUN_ATTEMPT: '1',
  RUNNER_ENVIRONMENT: 'github-hosted'
}
const right = {
  '1.3.6.1.4.1.57264.1.8': 'https://token.actions.githubusercontent.com',
  '1.3.6.1.4.1.57264.1.12': 'https://github.com/herald-org/herald',
  '1.3.6.1.4.1.57264.1.13': '1'.repeat(40),
  '1.3.6.1.4.1.57264.1.14': 'refs/tags/v1.2.0',
  '1.3.6.1.4.1.57264.1.18':
    'https://github.com/herald-org/herald/.github/workflows/release.yml@refs/tags/v1.2.0'
}
const judge = (extensions: Record<string, string>) => (): void =>
  requireSigner({ subjectAlternativeName: '', extensions }, signerOfRun(runFacts(environment)))

describe('the signer of an attestation', () => {
  it('is this run', () => {
    expect(judge(right)).not.toThrow()
  })

  it.each(Object.keys(right))('with another text in the extension %s is refused, and with none', (oid) => {
    expect(judge({ ...right, [oid]: 'another' })).toThrow('certified for somebody else')
    const rest = Object.entries(right).filter(([name]) => name !== oid)
    expect(judge(Object.fromEntries(rest))).toThrow('certified for somebody else')
  })
})

describe('the facts of a run', () => {
  it.each(Object.keys(environment))('must have %s', (name) => {
    expect(() => runFacts({ ...environment, [name]: '' })).toThrow('what an attestation must hold')
  })

  it('must not be of a workflow elsewhere, or hold control characters', () => {
    const elsewhere = 'mallory/herald/.github/workflows/release.yml@refs/heads/main'
    expect(() => runFacts({ ...environment, GITHUB_WORKFLOW_REF: elsewhere })).toThrow()
    expect(() => runFacts({ ...environment, GITHUB_RUN_ID: '9\n0' })).toThrow()
  })
})
