import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { countsOf } from '../../../scripts/test.mjs'

describe('npm test ends with what was counted', () => {
  let folder: string
  // Inside __tests__, since jest looks nowhere else.
  beforeEach(async () => {
    folder = await mkdtemp(path.resolve('__tests__/real/setup/counted-'))
  })
  afterEach(() => rm(folder, { recursive: true, force: true }))

  function runTests(...args: string[]): Promise<{ status: number; last: string }> {
    return new Promise((resolve) => {
      execFile(
        process.execPath,
        ['scripts/test.mjs', ...args],
        { env: { ...process.env, TAGPROOF_NO_INSTALL: '1' } },
        (error, stdout) =>
          resolve({
            status: error === null ? 0 : Number(error.code),
            last: stdout.trimEnd().split('\n').at(-1) ?? ''
          })
      )
    })
  }

  it('one that passes and one that fails', async () => {
    await writeFile(
      path.join(folder, 'mixed.test.ts'),
      `import { expect, it } from '@jest/globals'\nit('a', () => expect(1).toBe(1))\nit('b', () => expect(1).toBe(2))\n`
    )
    expect(await runTests(folder)).toEqual({ status: 1, last: '1 passed, 1 failed' })
  })

  it('a suite that cannot be loaded counts as failed', async () => {
    await writeFile(path.join(folder, 'broken.test.ts'), `import './is-not-there.ts'\n`)
    await writeFile(
      path.join(folder, 'good.test.ts'),
      `import { it } from '@jest/globals'\nit('a', () => undefined)\n`
    )
    expect(await runTests(folder)).toEqual({ status: 1, last: '1 passed, 1 failed' })
  })

  it('no test at all is no success', async () => {
    expect(await runTests(path.join(folder, 'nothing-here'))).toEqual({
      status: 1,
      last: '0 passed, 1 failed'
    })
  })

  it('all passed', async () => {
    await writeFile(
      path.join(folder, 'good.test.ts'),
      `import { it } from '@jest/globals'\nit('a', () => undefined)\n`
    )
    expect(await runTests(folder)).toEqual({ status: 0, last: '1 passed, 0 failed' })
  })

  it('a report that is lost, or a status that nothing explains, is a failure', () => {
    expect(countsOf(undefined, 1)).toEqual({ passed: 0, failed: 1 })
    expect(countsOf({ numPassedTests: 3, numFailedTests: 0, testResults: [] }, 1)).toEqual({
      passed: 3,
      failed: 1
    })
  })
})
