import { execFile } from 'node:child_process'
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'

/** The real .ci/run, with programs that end as they are told. */
describe('.ci/run counts every step', () => {
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'tagproof-ci-'))
    for (const name of ['.ci', 'bin', 'node_modules/.bin'])
      await mkdir(path.join(folder, name), { recursive: true })
    await copyFile('.ci/run', path.join(folder, '.ci/run'))
    for (const name of ['bin/node', 'node_modules/.bin/node']) await program(name, 'exit 0')
  })
  afterEach(() => rm(folder, { recursive: true, force: true }))

  function program(name: string, script: string): Promise<void> {
    return writeFile(path.join(folder, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 })
  }

  function ci(npm: string): Promise<{ status: number; last: string }> {
    return program('bin/npm', npm).then(
      () =>
        new Promise((resolve) => {
          execFile(
            path.join(folder, '.ci/run'),
            { cwd: '/', env: { PATH: `${path.join(folder, 'bin')}:/usr/bin:/bin` } },
            (error, stdout) =>
              resolve({
                status: error === null ? 0 : Number(error.code),
                last: stdout.trimEnd().split('\n').at(-1) ?? ''
              })
          )
        })
    )
  }

  it('all is well', async () => {
    expect(await ci('[ "$1" = test ] && echo "40 passed, 0 failed"; exit 0')).toEqual({
      status: 0,
      last: '48 passed, 0 failed'
    })
  })

  it('a failed lint is one failure, and the rest still runs', async () => {
    const npm = 'case "$*" in test) echo "40 passed, 0 failed";; *lint) exit 1;; esac'
    expect(await ci(npm)).toEqual({ status: 1, last: '47 passed, 1 failed' })
  })

  it('failed tests are counted one by one', async () => {
    expect(await ci('[ "$1" = test ] && echo "38 passed, 2 failed" && exit 1; exit 0')).toEqual({
      status: 1,
      last: '46 passed, 2 failed'
    })
  })

  it('tests that do not say how many they were have failed', async () => {
    expect(await ci('exit 0')).toEqual({ status: 1, last: '8 passed, 1 failed' })
  })

  it('a status that the count does not explain is a failure', async () => {
    expect(await ci('[ "$1" = test ] && echo "40 passed, 0 failed" && exit 1; exit 0')).toEqual({
      status: 1,
      last: '48 passed, 1 failed'
    })
  })

  it('stops where nothing can be installed', async () => {
    expect(await ci('[ "$1" = ci ] && exit 1; exit 0')).toEqual({ status: 1, last: '0 passed, 1 failed' })
  })
})
