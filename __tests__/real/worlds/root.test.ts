import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { access, mkdir, mkdtemp, readdir, readFile, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { RootLock } from '../../../src/documents/lock.ts'
import { resolveRoot } from '../../../src/lock/debian.ts'
import { fetchInputs, type Inputs } from '../../../src/lock/inputs.ts'
import { silentLog, type Log } from '../../../src/platform/log.ts'
import { privileged } from '../../../src/platform/privilege.ts'
import { plainEnvironment, run, runChecked } from '../../../src/platform/process.ts'
import { prepareRoot, type PreparedRoot } from '../../../src/worlds/root.ts'
import { testCache } from '../support/root.ts'

let folder = ''
const elsewhere = 'another place'
let lock: RootLock
let inputs: Inputs
let one: PreparedRoot
/** Made elsewhere, where a killed maker has left something, by two that want it at the same time. */
let others: PreparedRoot[] = []
let lines: string[] = []
let otherLines: string[] = []

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "tagproof root's test-"))
  lock = await resolveRoot({ packages: ['python3', 'locales', 'ca-certificates'], log: silentLog })
  const whole = { schema: 'tagproof/lock/1' as const, roots: { small: lock }, python: {} }
  inputs = await fetchInputs(whole, { store: path.join(testCache, 'inputs'), sources: {}, log: silentLog })
  one = await make('one', loggingTo((lines = [])))
  const left = path.join(folder, elsewhere, 'roots', `.making-${one.hash}`)
  await mkdir(path.join(left, 'root', 'half'), { recursive: true })
  const log = loggingTo((otherLines = []))
  others = await Promise.all([1, 2].map(() => make(elsewhere, log)))
}, 900_000)
afterAll(() => asRoot('rm', ['-rf', '--one-file-system', folder]))

function make(cache: string, log: Log = silentLog, signal?: AbortSignal): Promise<PreparedRoot> {
  const options = { cache: path.join(folder, cache), log, ...(signal === undefined ? {} : { signal }) }
  return prepareRoot('small', lock, inputs, options)
}

function loggingTo(into: string[]): Log {
  const begin = (title: string): ReturnType<Log['begin']> => {
    into.push(title)
    return {
      line: (text) => into.push(text),
      done: () => into.push('done'),
      failed: () => into.push('failed')
    }
  }
  return { ...silentLog, begin }
}

async function asRoot(command: string, args: string[]): Promise<string> {
  const wrapped = privileged(command, args)
  return runChecked(wrapped.command, wrapped.args, { env: plainEnvironment })
}

/** Every path with kind, mode, owner, time, link target and SHA-256. */
async function listing(root: string): Promise<string[]> {
  const script = String.raw`cd "$1"
    find . -printf '%P\t%y\t%m\t%U:%G\t%T@\t%l\n' | sort
    find . -type f -print0 | sort -z | xargs -0 sha256sum`
  return (await asRoot('sh', ['-c', script, 'sh', root])).split('\n')
}

describe('a root', () => {
  it('is the same bits when it is made again, elsewhere', async () => {
    const [other] = others
    expect(other?.hash).toBe(one.hash)
    const [first, second] = await Promise.all([listing(one.path), listing(other?.path ?? '')])
    expect(first.length).toBeGreaterThan(5000)
    expect(second.filter((line, at) => line !== first[at])).toEqual([])
    expect(second.length).toBe(first.length)
  }, 600_000)

  it('says what it is doing while it is made', () => {
    expect(lines[0]).toBe(`root small: ${lock.packages.length} packages`)
    expect(lines).toEqual(expect.arrayContaining(['indexing the packages', 'cleaning the root', 'done']))
  })

  it('is taken from the cache the next time, without a word', async () => {
    const said: string[] = []
    expect(await make('one', loggingTo(said))).toEqual(one)
    expect(said).toEqual([])
  })

  it('belongs to root, holds no set-id program and no secret, and does not tell where it was made', async () => {
    expect((await stat(one.path)).uid).toBe(0)
    expect(await asRoot('find', [one.path, '-perm', '/6000', '-type', 'f'])).toBe('')
    expect(await readFile(path.join(one.path, 'etc/machine-id'), 'utf8')).toBe('')
    for (const name of [
      'etc/hostname',
      'etc/resolv.conf',
      'etc/apt/sources.list',
      'var/cache/ldconfig/aux-cache'
    ])
      await expect(access(path.join(one.path, name))).rejects.toMatchObject({ code: 'ENOENT' })
    const traces = privileged('grep', ['-rlF', "root's test", one.path])
    expect((await run(traces.command, traces.args, { env: plainEnvironment })).stdout.toString()).toBe('')
  })

  it('has its interpreter, and the locale of world b', async () => {
    expect(one.python).toBe('/usr/bin/python3')
    await access(path.join(one.path, 'usr/lib/locale/et_EE.utf8/LC_COLLATE'))
  })

  it('is made once when several want it at the same time', () => {
    expect(new Set(others.map((maker) => maker.path)).size).toBe(1)
    expect(otherLines.filter((line) => line === 'indexing the packages')).toHaveLength(1)
    expect(otherLines).toContain('waiting for another run that makes the same root')
  })

  it('is thrown away half-made when it is stopped', async () => {
    const controller = new AbortController()
    const stopping = loggingTo([])
    const begin: Log['begin'] = (title) => ({
      ...stopping.begin(title),
      line: (text) => {
        if (text.startsWith('extracting archives')) controller.abort()
      }
    })
    const making = make('stopped', { ...stopping, begin }, controller.signal)
    await expect(making).rejects.toMatchObject({ code: 'cancelled' })
    expect(
      (await readdir(path.join(folder, 'stopped/roots'))).filter((name) => !name.endsWith('.lock'))
    ).toEqual([])
    const mounts = await readFile('/proc/self/mounts', 'utf8')
    expect(mounts).not.toContain(folder)
  }, 600_000)

  it('replaces what a killed maker left', async () => {
    const roots = path.join(folder, elsewhere, 'roots')
    expect((await readdir(roots)).sort()).toEqual([one.hash, `${one.hash}.lock`])
  })

  it('is not made when a package is not what it should be', async () => {
    const wrong: RootLock = { ...lock, packages: lock.packages.filter((entry) => entry.name !== 'libc6') }
    const options = { cache: path.join(folder, 'wrong'), log: silentLog }
    await expect(prepareRoot('small', wrong, inputs, options)).rejects.toMatchObject({
      code: 'sandbox-unavailable',
      detail: { output: expect.stringMatching(/libc6/) }
    })
    const left = await readdir(path.join(folder, 'wrong/roots'))
    expect(left.filter((name) => !name.endsWith('.lock'))).toEqual([])
  }, 600_000)
})
