import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { spawn, type ChildProcess } from 'node:child_process'
import { chmod, mkdir, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { makeRepository } from '../../../scripts/demo.mjs'
import type { Release } from '../../../src/documents/release.ts'
import { formatLock } from '../../../src/lock/lock-file.ts'
import { privileged, requirePrivilege } from '../../../src/platform/privilege.ts'
import { plainEnvironment, run, runChecked, type RunResult } from '../../../src/platform/process.ts'
import { sharedPython } from '../support/packages.ts'
import { pythonRoot, testCache, type TestRoot } from '../support/root.ts'
import { freshId, leftAfter, testLimits } from '../support/world.ts'

/**
 * What a hosted runner is: user 1001 with sudo, and user namespaces denied to that user (Ubuntu 24.04 does it by
 * AppArmor; here the user's count of them is used up). Elsewhere than as root the whole suite is that lane, and what
 * makes it so is tested in its place.
 */
const asRoot = process.getuid?.() === 0

const userName = 'tagproof-lane'
const rule = `/etc/sudoers.d/${userName}`
const limitFile = '/proc/sys/user/max_user_namespaces'
const allowed = 128
const repository = fileURLToPath(new URL('../../..', import.meta.url))
let folder = ''
let limit = ''
let holder: ChildProcess | undefined

function root(command: string, args: string[]): Promise<string> {
  return runChecked(command, args, { env: plainEnvironment })
}

function asUser(
  args: string[],
  { variables = {}, ...more }: { timeoutSeconds?: number; variables?: Record<string, string> } = {}
): Promise<RunResult> {
  const rest = ['--reuid', userName, '--regid', userName, '--init-groups', '--', ...args]
  const env = {
    ...plainEnvironment,
    HOME: path.join(folder, 'home'),
    GITHUB_TOKEN: 'ghs_secret',
    CI: 'true',
    ...variables
  }
  return run('setpriv', rest, { env, timeoutSeconds: 300, cwd: folder, ...more })
}

/**
 * Holds user namespaces until the kernel gives this user no more: each child nests them 30 deep, and a descriptor of
 * the innermost keeps them all. Root has a count of its own.
 */
const holdNamespaces = `
import ctypes, os, sys
libc = ctypes.CDLL(None)
me = os.getuid()
held = []
def write(name, text):
    try:
        with open("/proc/self/" + name, "w") as file: file.write(text)
    except OSError: pass
def nest():
    ready, tell = os.pipe()
    wait, go = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(go)
        depth = 0
        while depth < 30 and libc.unshare(0x10000000) == 0:
            depth += 1
            for name, text in (("setgroups", "deny"), ("uid_map", f"{me} {me} 1"), ("gid_map", f"{me} {me} 1")):
                write(name, text)
        os.write(tell, bytes([depth]))
        os.read(wait, 1)
        os._exit(0)
    os.close(tell)
    os.close(wait)
    depth = os.read(ready, 1)[0]
    if depth > 0: held.append(os.open(f"/proc/{pid}/ns/user", os.O_RDONLY))
    os.close(ready)
    os.close(go)
    os.waitpid(pid, 0)
    return depth
while nest() == 30: pass
print("held", flush=True)
sys.stdin.read()
`

async function denyNamespaces(): Promise<void> {
  limit = (await readFile(limitFile, 'utf8')).trim()
  // Fewer to hold, where that may be set; not every root may.
  await writeFile(limitFile, String(allowed)).catch(() => (limit = ''))
  const user = ['--reuid', userName, '--regid', userName, '--init-groups', '--']
  const child = spawn('setpriv', [...user, '/usr/bin/python3', '-c', holdNamespaces])
  holder = child
  await new Promise<void>((resolve, reject) => {
    child.stdout.once('data', () => resolve())
    child.once('exit', (code) =>
      reject(new Error(`the namespaces of the user were not used up: ${String(code)}`))
    )
  })
}

/** Where packages come from: whoever runs the tests has told. */
function indexVariables(): Record<string, string> {
  const names = /^(PIP_|UV_|https?_proxy$|no_proxy$|SSL_CERT_FILE$|REQUESTS_CA_BUNDLE$|NODE_EXTRA_CA_CERTS$)/i
  const chosen = Object.entries(process.env).filter(([name]) => names.test(name))
  return Object.fromEntries(chosen.map(([name, value]) => [name, value ?? '']))
}

/** What a run could leave on a machine: processes of the user, and mounts. */
async function traces(): Promise<string[]> {
  const processes = await run('pgrep', ['--uid', userName], { env: plainEnvironment })
  const mounts = (await readFile('/proc/self/mounts', 'utf8')).split('\n').sort()
  return [...processes.stdout.toString().split('\n'), ...mounts.filter((line) => line.includes(folder))]
}

const lane = (): void => {
  let made: TestRoot
  beforeAll(async () => {
    made = await pythonRoot()
    const { root: prepared } = made
    folder = await mkdtemp(path.join(tmpdir(), 'tagproof-lane-'))
    await chmod(folder, 0o755)
    const home = path.join(folder, 'home')
    await root('useradd', [
      '--uid',
      '1001',
      '--no-create-home',
      '--home-dir',
      home,
      '--shell',
      '/bin/sh',
      userName
    ])
    await writeFile(rule, `${userName} ALL=(ALL) NOPASSWD: ALL\n`, { mode: 0o440 })
    for (const name of ['home', 'root', 'source', 'out']) await mkdir(path.join(folder, name))
    await root('chown', [`${userName}:${userName}`, home, path.join(folder, 'out')])
    // Private, as temporary folders and homes are.
    await chmod(path.join(folder, 'out'), 0o700)
    await root('mount', ['--bind', prepared.path, path.join(folder, 'root')])
    await root('mount', ['--bind', '-o', 'ro', repository, path.join(folder, 'source')])
    await denyNamespaces()
  }, 900_000)

  afterAll(async () => {
    if (limit !== '') await writeFile(limitFile, limit)
    holder?.stdin?.end()
    const mounted = ['root', 'source', 'cache/inputs', `cache/roots/${made.root.hash}`]
    for (const name of mounted)
      await run('umount', ['--lazy', path.join(folder, name)], { env: plainEnvironment })
    await rm(rule, { force: true })
    for (let tries = 0; tries < 50; tries += 1) {
      const removed = await run('userdel', [userName], { env: plainEnvironment })
      if (removed.code === 0) break
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    await rm(folder, { recursive: true, force: true })
  }, 60_000)

  async function world(id: string, script: string, more: object = {}): Promise<RunResult> {
    const request = {
      ...{ id, world: 'b', root: { path: path.join(folder, 'root'), hash: '', python: '/usr/bin/python3' } },
      ...{ exportTar: null, binds: [], network: 'none', environment: {}, limits: testLimits },
      ...{ outputs: path.join(folder, 'out'), command: ['sh', '-c', script], ...more }
    }
    const file = path.join(folder, `${id}.json`)
    await writeFile(file, JSON.stringify(request))
    const source = path.join(folder, 'source')
    return asUser([process.execPath, path.join(source, '__tests__/real/support/world-child.ts'), file])
  }

  it('is denied a namespace of its own, and root is not', async () => {
    expect((await asUser(['unshare', '--user', 'true'])).code).not.toBe(0)
    expect((await asUser(['sudo', '-n', 'unshare', '--user', 'true'])).code).toBe(0)
  })

  it('builds in a world: the output is its own, the environment is not handed on', async () => {
    const id = freshId()
    const result = await world(id, 'id -u; env; mkdir -p /out/dist; echo made > /out/dist/x.whl')
    const answer = JSON.parse(result.stdout.toString('utf8')) as Record<string, unknown>
    expect(answer).toMatchObject({ code: 0, files: ['dist/x.whl'] })
    expect(answer.output).toMatch(/^2002\n/)
    expect(answer.output).not.toMatch(/ghs_secret|SUDO|^CI=/m)
    const file = path.join(folder, 'out/dist/x.whl')
    expect((await stat(file)).uid).toBe(1001)
    expect((await asUser(['rm', '-r', path.join(folder, 'out/dist')])).code).toBe(0)
    expect(await leftAfter(id, 5)).toEqual([])
  })

  it('is not shown what only root of the host may read through a link', async () => {
    const id = freshId()
    const result = await world(id, 'ln -s /etc/shadow /out/x.whl')
    expect(JSON.parse(result.stdout.toString('utf8'))).toMatchObject({ code: 'build-output' })
    expect(await leftAfter(id, 5)).toEqual([])
  })

  it('ends a build that does not end', async () => {
    const id = freshId()
    const result = await world(id, 'trap "" TERM; echo here; while :; do :; done', {
      limits: { ...testLimits, minutes: 0.05 }
    })
    expect(JSON.parse(result.stdout.toString('utf8'))).toMatchObject({ contained: 'timeout', output: 'here' })
    expect(await leftAfter(id, 5)).toEqual([])
  })

  it('leaves nothing when it is killed, though it cannot signal what sudo started', async () => {
    const id = freshId()
    const result = world(id, 'trap "" TERM; (setsid sleep 1000 &); while :; do sleep 1; done')
    for (let tries = 0; tries < 200 && (await leftAfter(id, 0)).length < 3; tries += 1)
      await new Promise((resolve) => setTimeout(resolve, 50))
    const node = await root('pgrep', ['--full', `world-child.ts ${path.join(folder, id)}.json`])
    for (const pid of node.trim().split('\n')) process.kill(Number(pid), 'SIGKILL')
    expect((await result).code).not.toBe(0)
    expect(await leftAfter(id, 10)).toEqual([])
  })

  it('rehearses the example from its tag to packages that are proven, and leaves nothing but them', async () => {
    const cache = await cacheOfUser()
    const project = path.join(folder, 'project')
    const temporary = path.join(folder, 'temporary')
    await makeRepository(project)
    const python = { python: await sharedPython(['setuptools>=66']) }
    const lock = path.join(folder, 'example.lock')
    await writeFile(lock, formatLock({ schema: 'tagproof/lock/1', roots: { python: made.lock }, python }))
    await mkdir(temporary)
    await root('chown', ['-R', `${userName}:${userName}`, project, temporary])
    const before = await traces()
    const words = [process.execPath, path.join(folder, 'source/dist/cli.cjs'), 'rehearse']
    const settings = ['--repository', project, '--target', 'python', '--lock', lock]
    const variables = { TAGPROOF_CACHE: cache, TMPDIR: temporary, ...indexVariables() }
    const ended = await asUser([...words, ...settings, '--out', path.join(project, 'out')], { variables })
    expect(ended.code === 0 ? '' : ended.stderr.toString()).toBe('')
    const text = await readFile(path.join(project, 'out/release.json'), 'utf8')
    const { verdict, artifacts } = JSON.parse(text) as Release
    expect([verdict, artifacts.map(({ kind }) => kind).sort()]).toEqual(['proven', ['sdist', 'wheel']])
    // All of it is the user's own, as the next checkout needs it; the rest of the machine is as it was.
    expect(await root('find', [project, temporary, '!', '-user', userName])).toBe('')
    expect(await readdir(temporary)).toEqual([])
    expect((await traces()).filter((line) => !before.includes(line))).toEqual([])
  }, 120_000)

  /** Roots and inputs that other tests have made, shown to a user who could not write to them. */
  async function cacheOfUser(): Promise<string> {
    const cache = path.join(folder, 'cache')
    const kept = path.join(cache, 'roots', made.root.hash)
    for (const name of [kept, path.join(cache, 'inputs')]) await mkdir(name, { recursive: true })
    for (const name of ['upper', 'work']) await mkdir(path.join(folder, name))
    await root('mount', ['--bind', made.root.path, kept])
    const layers = `lowerdir=${path.join(testCache, 'inputs')},upperdir=${folder}/upper,workdir=${folder}/work`
    await root('mount', ['-t', 'overlay', '-o', layers, 'overlay', path.join(cache, 'inputs')])
    await root('chown', [`${userName}:${userName}`, cache, path.join(cache, 'inputs')])
    return cache
  }

  it('is told what is missing where sudo asks for a password', async () => {
    await writeFile(rule, `${userName} ALL=(ALL) ALL\n`, { mode: 0o440 })
    try {
      const result = await world(freshId(), 'echo began')
      const answer = JSON.parse(result.stdout.toString('utf8')) as Record<string, unknown>
      expect(answer).toMatchObject({ code: 'privilege-missing' })
    } finally {
      await writeFile(rule, `${userName} ALL=(ALL) NOPASSWD: ALL\n`, { mode: 0o440 })
    }
  })
}

if (asRoot) describe('an ordinary user with sudo, without user namespaces', lane)
else
  describe('an ordinary user with sudo', () => {
    it('runs this whole suite: no root, and every world goes through sudo', async () => {
      await requirePrivilege()
      expect(privileged('true', []).command).toBe('sudo')
    })
  })
