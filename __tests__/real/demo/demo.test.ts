import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { makeRepository } from '../../../scripts/demo.mjs'

const run = promisify(execFile)

/** The demo as a whole is run, and what it leaves looked at, by scripts/check-demo.mjs: a step of its own in .ci/run. */
describe('the repository of npm run demo', () => {
  let work: string
  beforeAll(async () => {
    work = await mkdtemp(path.join(tmpdir(), 'tagproof-demo-test-'))
  })
  afterAll(() => rm(work, { recursive: true, force: true }))

  it('is the same commit under any umask', async () => {
    const commits: string[] = []
    for (const umask of [0o022, 0o077]) {
      const folder = path.join(work, `repository-${umask}`)
      const before = process.umask(umask)
      try {
        await makeRepository(folder)
      } finally {
        process.umask(before)
      }
      commits.push((await run('git', ['-C', folder, 'rev-parse', 'HEAD'])).stdout.trim())
    }
    expect(commits[0]).toMatch(/^[0-9a-f]{40}$/)
    expect(commits[1]).toBe(commits[0])
  })
})
