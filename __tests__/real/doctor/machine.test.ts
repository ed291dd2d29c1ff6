import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Check } from '../../../src/doctor/check.ts'
import { installMissing } from '../../../src/doctor/install.ts'
import { machineChecks } from '../../../src/doctor/machine-checks.ts'
import { gatherClock, gatherDisks } from '../../../src/doctor/machine.ts'
import { sandboxChecks } from '../../../src/doctor/sandbox-checks.ts'
import { trySandbox } from '../../../src/doctor/sandbox.ts'
import { toolChecks } from '../../../src/doctor/tool-checks.ts'
import { gatherTools } from '../../../src/doctor/tools.ts'
import { silentLog } from '../../../src/platform/log.ts'
import { privileged } from '../../../src/platform/privilege.ts'
import { plainEnvironment, runChecked } from '../../../src/platform/process.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'tagproof-doctor-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const asRoot = (command: string, ...args: string[]): Promise<string> => {
  const words = privileged(command, args)
  return runChecked(words.command, words.args, { env: plainEnvironment })
}
const failed = (checks: readonly Check[]): string[] =>
  checks.filter(({ state }) => state === 'fail').map(({ what }) => what)

describe('a machine that lacks some programs', () => {
  beforeEach(async () => {
    await chmod(folder, 0o755)
    await mkdir(path.join(folder, 'bin'))
    const names = ['python3', 'mmdebstrap', 'dpkg-scanpackages', 'apt-ftparchive', 'gpgv', 'mount', 'env']
    for (const name of names)
      await symlink(await which(name), path.join(folder, 'bin', name)).catch(() => undefined)
    for (const name of ['runc', 'buildah']) await program(name, 'echo runc version 1.1.5')
  })

  async function which(name: string): Promise<string> {
    return (await runChecked('sh', ['-c', `command -v ${name}`], { env: plainEnvironment })).trim()
  }
  async function program(name: string, script: string): Promise<void> {
    const file = path.join(folder, 'bin', name)
    // Never through a link to a program of this machine.
    await rm(file, { force: true })
    await writeFile(file, `#!/bin/sh\n${script}\n`, { mode: 0o755, flag: 'wx' })
  }
  const gather = (environment = {}): ReturnType<typeof gatherTools> =>
    gatherTools({ dockerfile: true, environment, searchPath: path.join(folder, 'bin') })

  it('is told what is missing, and how to get it', async () => {
    await program('apt-get', 'exit 0')
    const checks = toolChecks(await gather({ TAGPROOF_NO_INSTALL: '1' }))
    expect(failed(checks)).toEqual(['git is missing'])
    expect(checks.find(({ state }) => state === 'fail')?.fix).toMatch(
      /apt-get install -y --no-install-recommends git$/
    )
  })

  it('a program that is there and too old counts as a fault', async () => {
    await program('git', 'echo git version 2.30.2')
    expect(failed(toolChecks(await gather()))).toEqual(['git 2.30.2 is too old'])
  })

  it('is given it by --install, and what apt-get says yes to without doing it is not believed', async () => {
    const log = path.join(folder, 'asked')
    await program('sudo', '[ "$1" = -n ] && shift; exec "$@"')
    await program('true', 'exit 0')
    await program('apt-get', `echo "$@" >> ${log}`)
    const { setup } = await gather()
    expect(await installMissing(setup, { log: silentLog }, {}, path.join(folder, 'bin'))).toBe(true)
    expect(await readFile(log, 'utf8')).toMatch(/ update\n.* install -y --no-install-recommends git\n$/)
    expect(failed(toolChecks(await gather()))).toEqual(['git is missing'])
    await program('git', 'echo git version 2.39.5')
    expect(failed(toolChecks(await gather()))).toEqual([])
  })

  it('an apt-get that fails ends it, with what it said', async () => {
    await program('sudo', '[ "$1" = -n ] && shift; exec "$@"')
    await program('true', 'exit 0')
    await program(
      'apt-get',
      'case "$*" in *install*) echo "E: Unable to locate package git"; exit 100;; esac'
    )
    const { setup } = await gather()
    await expect(
      installMissing(setup, { log: silentLog }, {}, path.join(folder, 'bin'))
    ).rejects.toMatchObject({
      code: 'tool-missing',
      detail: { output: expect.stringContaining('Unable to locate package git') as unknown }
    })
  })

  it('nothing is installed where it is forbidden', async () => {
    const log = path.join(folder, 'asked')
    await program('apt-get', `echo "$@" >> ${log}`)
    const { setup } = await gather({ TAGPROOF_NO_INSTALL: '1' })
    expect(await installMissing(setup, { log: silentLog }, {}, path.join(folder, 'bin'))).toBe(false)
    expect(await readdir(folder)).toEqual(['bin'])
  })
})

it('a full disk, and one without room for more files, are told', async () => {
  const mounted = path.join(folder, 'disk')
  await mkdir(mounted)
  const state = {
    memoryBytes: 1e12,
    cpus: 2,
    wantedBytes: 1,
    clock: { here: 0, server: { at: 0 }, head: null }
  }
  for (const [options, what] of [
    ['size=64k', /left$/],
    ['size=20g,nr_inodes=16', /room for \d+ files only$/]
  ] as const) {
    await asRoot('mount', '-t', 'tmpfs', '-o', `${options},mode=0755`, 'tmpfs', mounted)
    try {
      // The folder itself is not there yet: the one above it decides.
      const disks = await gatherDisks({ output: path.join(mounted, 'a/b') })
      expect(failed(machineChecks({ ...state, disks }))).toEqual([expect.stringMatching(what)])
    } finally {
      await asRoot('umount', mounted)
    }
  }
  const disks = await gatherDisks({ output: folder })
  expect(machineChecks({ ...state, disks }).filter(({ name }) => name === 'disk')).toHaveLength(1)
})

describe('the clock', () => {
  async function beside(date: string | null): Promise<string[]> {
    const server = createServer((_request, response) => {
      response.sendDate = false
      response.writeHead(200, date === null ? {} : { date })
      response.end()
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const index = `http://127.0.0.1:${(server.address() as AddressInfo).port}/simple/`
    try {
      const clock = await gatherClock(null, { offline: false, index })
      return machineChecks({ disks: [], memoryBytes: 1e12, cpus: 1, wantedBytes: 1, clock })
        .filter(({ name }) => name === 'clock')
        .map(({ state, what }) => `${state} ${what}`)
    } finally {
      await new Promise((resolve) => server.close(resolve))
    }
  }

  it('is compared with what a server says', async () => {
    expect(await beside(new Date().toUTCString())).toEqual([expect.stringMatching(/^ok /)])
    expect(await beside(new Date(Date.now() + 3600_000).toUTCString())).toEqual([
      expect.stringMatching(/^fail The clock is 3\d{3} s behind/)
    ])
  })

  it('that could not be compared is not in order', async () => {
    expect(await beside(null)).toEqual([
      expect.stringMatching(/^warn .*not compared: .*does not say its time/)
    ])
    const nobody = await gatherClock(null, { offline: false, index: 'http://127.0.0.1:1/' })
    expect(nobody.server).toMatchObject({ unread: expect.stringContaining('cannot be reached') as unknown })
    expect((await gatherClock(null, { offline: true })).server).toHaveProperty('unread')
  })
})

describe('the sandbox', () => {
  it('is set up for real in both worlds, and leaves nothing behind', async () => {
    // A user whose files nobody else may read has no other sandbox.
    const before = process.umask(0o077)
    try {
      expect(sandboxChecks(await trySandbox(folder)).map(({ state }) => state)).toEqual(['ok', 'ok'])
    } finally {
      process.umask(before)
    }
    expect(await readdir(folder)).toEqual([])
  })
})
