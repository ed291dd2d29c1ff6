import { describe, expect, it } from '@jest/globals'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { objectId } from '../../../src/documents/identifiers.ts'
import { TagproofError } from '../../../src/platform/errors.ts'
import { refuseUnfitRun, requireCommitOfRun } from '../../../src/platform/github-run.ts'

const tagged = { GITHUB_EVENT_NAME: 'push', GITHUB_REF_TYPE: 'tag', GITHUB_REF_NAME: 'v1.0.0' }

function codeOf(act: () => void): string {
  try {
    act()
    return 'accepted'
  } catch (error) {
    return error instanceof TagproofError ? error.code : String(error)
  }
}

describe('a run', () => {
  it.each([
    ['push of a tag', 'publish', tagged, 'accepted'],
    ['dispatch on a tag', 'publish', { ...tagged, GITHUB_EVENT_NAME: 'workflow_dispatch' }, 'accepted'],
    ['push of a branch', 'build', { ...tagged, GITHUB_REF_TYPE: 'branch' }, 'event-refused'],
    [
      'dispatch on a branch',
      'plan',
      { GITHUB_EVENT_NAME: 'workflow_dispatch', GITHUB_REF_TYPE: 'branch' },
      'event-refused'
    ],
    ['schedule', 'prove', { GITHUB_EVENT_NAME: 'schedule', GITHUB_REF_TYPE: 'branch' }, 'event-refused'],
    ['no event at all', 'publish', {}, 'event-refused'],
    [
      'rehearsal on a branch',
      'rehearse',
      { GITHUB_EVENT_NAME: 'push', GITHUB_REF_TYPE: 'branch' },
      'accepted'
    ],
    ['rehearsal of a pull request', 'rehearse', { GITHUB_EVENT_NAME: 'pull_request' }, 'accepted'],
    [
      'rehearsal with the rights of the repository',
      'rehearse',
      { GITHUB_EVENT_NAME: 'pull_request_target' },
      'event-refused'
    ]
  ])('%s: %s', (_name, stage, environment, code) => {
    expect(codeOf(() => refuseUnfitRun({ stage: stage as 'plan' }, environment, '24.1.0'))).toBe(code)
  })

  it('of a pull request is refused, that of a fork by its own name; a plan may look', () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'tagproof-event-'))
    try {
      const event = (repository: string): Record<string, string> => {
        const file = path.join(folder, repository.replace('/', '-'))
        writeFileSync(file, JSON.stringify({ pull_request: { head: { repo: { full_name: repository } } } }))
        return {
          GITHUB_EVENT_NAME: 'pull_request',
          GITHUB_EVENT_PATH: file,
          GITHUB_REPOSITORY: 'octo/project'
        }
      }
      const code = (stage: 'plan' | 'build' | 'publish', environment: Record<string, string>): string =>
        codeOf(() => refuseUnfitRun({ stage }, environment, '24.1.0'))
      expect(code('build', event('octo/project'))).toBe('event-refused')
      expect(code('build', event('eve/project'))).toBe('fork-refused')
      expect(code('plan', event('octo/project'))).toBe('accepted')
      expect(code('plan', event('eve/project'))).toBe('accepted')
      expect(code('publish', event('eve/project'))).toBe('fork-refused')
      expect(code('build', { GITHUB_EVENT_NAME: 'pull_request' })).toBe('fork-refused')
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })

  it('on a runner without Node 24 is refused', () => {
    expect(codeOf(() => refuseUnfitRun({ stage: 'rehearse' }, tagged, '20.19.0'))).toBe('runner-too-old')
  })

  it('is of the commit that the tag names, or of the tag object', () => {
    const tag = { name: 'v1.0.0', commit: objectId('a'.repeat(40)), object: objectId('b'.repeat(40)) }
    const code = (sha: string): string => codeOf(() => requireCommitOfRun(tag, { GITHUB_SHA: sha }))
    expect([code(tag.commit), code(tag.object)]).toEqual(['accepted', 'accepted'])
    expect([code('c'.repeat(40)), code('')]).toEqual(['tag-moved', 'tag-moved'])
  })
})
