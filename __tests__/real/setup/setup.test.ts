import { execFile } from 'node:child_process'
import { chmod, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { planSetup, systemOf } from '../../../scripts/setup.mjs'

interface Ended {
  status: number
  stderr: string
}

/** The real script in a child, with a PATH of our own: a machine that lacks some programs and has an apt-get that obeys. */
describe('scripts/setup.mjs on a machine without git and mmdebstrap', () => {
  let machine: string
  const there = ['python3', 'runc', 'dpkg-scanpackages', 'apt-ftparchive', 'gpgv', 'mount']

  beforeEach(async () => {
    machine = await mkdtemp(path.join(tmpdir(), 'tagproof-machine-'))
    await chmod(machine, 0o777)
    await mkdir(path.join(machine, 'bin'))
    await chmod(path.join(machine, 'bin'), 0o777)
    for (const name of ['env', 'sh', 'chmod', 'true'])
      await symlink(`/usr/bin/${name}`, path.join(machine, 'bin', name))
    for (const name of there) await program(name, 'exit 0')
    await program(
      'apt-get',
      `echo "$@" >> ${machine}/asked; case "$*" in *install*) for p in git mmdebstrap; do echo '#!/bin/sh' > ${machine}/bin/$p; chmod 755 ${machine}/bin/$p; done;; esac`
    )
  })

  afterEach(() => rm(machine, { recursive: true, force: true }))

  async function program(name: string, script: string): Promise<void> {
    await writeFile(path.join(machine, 'bin', name), `#!/bin/sh\n${script}\n`, { mode: 0o755 })
  }

  function setup(environment: Record<string, string> = {}, uid?: number): Promise<Ended> {
    return new Promise((resolve) => {
      execFile(
        process.execPath,
        [path.resolve('scripts/setup.mjs')],
        {
          env: { PATH: path.join(machine, 'bin'), ...environment },
          cwd: '/',
          ...(uid === undefined ? {} : { uid, gid: uid })
        },
        (error, _stdout, stderr) => resolve({ status: error === null ? 0 : Number(error.code), stderr })
      )
    })
  }

  const asked = (): Promise<string> => readFile(path.join(machine, 'asked'), 'utf8').catch(() => '')
  const asRoot = process.getuid?.() === 0
  const other = asRoot ? 65534 : undefined

  it('as an ordinary user without sudo: prints the one line to run, ends with 3, and installs nothing', async () => {
    const ended = await setup({}, other)
    expect(ended.status).toBe(3)
    expect(ended.stderr).toContain('missing: git mmdebstrap')
    expect(ended.stderr.split('\n').filter((line) => line.includes('apt-get'))).toEqual([
      '  sudo apt-get update && sudo apt-get install -y --no-install-recommends git mmdebstrap'
    ])
    expect(await asked()).toBe('')
  })

  it('as an ordinary user with sudo that asks for no password: says so and installs', async () => {
    await program('sudo', '[ "$1" = -n ] && shift; exec "$@"')
    const ended = await setup({}, other)
    expect(ended).toMatchObject({
      status: 0,
      stderr: expect.stringContaining(
        'Installing system packages with apt-get (sudo): git mmdebstrap'
      ) as unknown
    })
    expect(await asked()).toMatch(/install -y --no-install-recommends git mmdebstrap/)
  })

  it('as an ordinary user whose sudo wants a password: prints the line', async () => {
    await program('sudo', 'exit 1')
    expect((await setup({}, other)).status).toBe(3)
  })

  it('TAGPROOF_NO_INSTALL=1 forbids it to whoever runs it', async () => {
    await program('sudo', '[ "$1" = -n ] && shift; exec "$@"')
    const ended = await setup({ TAGPROOF_NO_INSTALL: '1' })
    expect(ended.status).toBe(3)
    expect(ended.stderr).toContain('TAGPROOF_NO_INSTALL forbids')
    expect(await asked()).toBe('')
  })

  it('an apt-get that fails: its last lines, and status 3', async () => {
    await program('sudo', '[ "$1" = -n ] && shift; exec "$@"')
    await program(
      'apt-get',
      'case "$*" in *install*) echo "E: Unable to locate package mmdebstrap"; exit 100;; esac'
    )
    const ended = await setup()
    expect(ended.status).toBe(3)
    expect(ended.stderr).toContain('E: Unable to locate package mmdebstrap')
  })

  it('an apt-get that says yes and installs nothing is not believed', async () => {
    await program('sudo', '[ "$1" = -n ] && shift; exec "$@"')
    await program('apt-get', 'exit 0')
    const ended = await setup()
    expect(ended.status).toBe(3)
    expect(ended.stderr).toContain('still missing: git, mmdebstrap')
  })

  it('does nothing, silently, where everything is there', async () => {
    await program('git', 'exit 0')
    await program('mmdebstrap', 'exit 0')
    expect(await setup()).toEqual({ status: 0, stderr: '' })
    expect(await asked()).toBe('')
  })
})

describe('what set-up would do, as data', () => {
  const missing = [
    { package: 'runc', program: 'runc' },
    { package: { debian: 'debian-archive-keyring', ubuntu: 'ubuntu-keyring' }, keyring: true }
  ]
  const base = { missing, user: 'root', allowed: true, apt: true }

  it('reads the name of the system', () => {
    expect(systemOf('PRETTY_NAME="Ubuntu 24.04.3 LTS"\nID=ubuntu\nVERSION_ID="24.04"\n')).toEqual({
      id: 'ubuntu',
      version: '24.04',
      name: 'Ubuntu 24.04.3 LTS'
    })
    expect(systemOf('').id).toBe('unknown')
  })

  it('takes the keyring of the system', () => {
    const ubuntu = { id: 'ubuntu', version: '24.04', name: 'Ubuntu 24.04' }
    expect(planSetup({ ...base, system: ubuntu })).toMatchObject({
      action: 'install',
      packages: ['runc', 'ubuntu-keyring'],
      note: null
    })
    const debian = { id: 'debian', version: '13', name: 'Debian 13' }
    expect(planSetup({ ...base, system: debian })).toMatchObject({
      packages: ['runc', 'debian-archive-keyring'],
      note: expect.stringContaining('not tested') as unknown
    })
  })

  it('tells on another system what is missing and where it runs', () => {
    const plan = planSetup({ ...base, system: { id: 'fedora', version: '42', name: 'Fedora Linux 42' } })
    expect(plan).toMatchObject({
      action: 'foreign',
      message: expect.stringMatching(
        /^This is Fedora Linux 42\. .*Debian 12 and Ubuntu 24\.04.*missing: runc, debian-archive-keyring/
      ) as unknown
    })
  })

  it('has nothing to do where nothing is missing, on any system', () => {
    expect(planSetup({ ...base, missing: [], system: systemOf('') })).toEqual({ action: 'nothing' })
  })
})
