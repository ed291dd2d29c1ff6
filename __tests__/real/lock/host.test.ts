import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { Lock, PythonLock } from '../../../src/documents/lock.ts'
import { lockChanges } from '../../../src/lock/changes.ts'
import { resolveRoot } from '../../../src/lock/debian.ts'
import { fetchInputs } from '../../../src/lock/inputs.ts'
import { formatLock, parseLock } from '../../../src/lock/lock-file.ts'
import { pipArguments, pipEnvironment, type PipRunner } from '../../../src/lock/pip-run.ts'
import { resolvePython, type ResolvePythonOptions } from '../../../src/lock/python.ts'
import { TagproofError } from '../../../src/platform/errors.ts'
import { silentLog } from '../../../src/platform/log.ts'
import { plainEnvironment, run } from '../../../src/platform/process.ts'

/** These use the archive and the index that this machine is configured for, whichever they are. */
let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'tagproof-host-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** The pip of this machine in place of the root's. */
const pipOfMachine: PipRunner = async (request) => {
  const report = path.join(folder, 'report.json')
  const constraints = path.join(folder, 'constraints.txt')
  await rm(report, { force: true })
  await writeFile(constraints, request.constraints.join('\n'))
  const result = await run(
    'python3',
    ['-m', 'pip', 'install', '--report', report, ...pipArguments(request.requirements, constraints)],
    {
      env: {
        ...plainEnvironment,
        PATH: process.env.PATH ?? '',
        ...pipEnvironment(request, request.configuration.cert)
      }
    }
  )
  const text = await readFile(report, 'utf8').catch(() => null)
  return { code: result.code, report: text, output: `${result.stdout.toString()}${result.stderr.toString()}` }
}

const resolve = (requested: string[], options: Partial<ResolvePythonOptions> = {}): Promise<PythonLock> =>
  resolvePython({
    root: { path: '/', hash: '' as never, python: '/usr/bin/python3' },
    requested,
    allowSdists: [],
    log: silentLog,
    pip: pipOfMachine,
    ...options
  })

async function failure(work: Promise<unknown>): Promise<TagproofError> {
  const error: unknown = await work.then(
    () => new Error('it succeeded'),
    (thrown: unknown) => thrown
  )
  if (error instanceof TagproofError) return error
  throw error
}

describe('the suite of this machine', () => {
  it('is resolved for a few packages, locked, fetched, and fetched again without a network', async () => {
    const root = await resolveRoot({ packages: ['python3-minimal'], log: silentLog })
    expect(root.packages.map((entry) => entry.name)).toEqual(
      expect.arrayContaining(['dpkg', 'libc6', 'python3-minimal', 'tar'])
    )
    const few = root.packages.filter((entry) =>
      ['tar', 'sed', 'python3-minimal', 'gzip'].includes(entry.name)
    )
    const lock: Lock = {
      schema: 'tagproof/lock/1',
      roots: { python: { ...root, packages: few } },
      python: {}
    }
    expect(parseLock(formatLock(lock), 'tagproof.lock')).toEqual(lock)
    const options = { store: path.join(folder, 'store'), sources: {}, log: silentLog }
    await fetchInputs(lock, options)
    await fetchInputs(lock, { ...options, offline: true })
  })
})

describe('Python requirements from the index of this machine', () => {
  it('are resolved to wheels with size, hash and reason, and fetched', async () => {
    const python = await resolve(['setuptools<81', 'wheel==0.45.1'], {
      backendRequested: { get_requires_for_build_wheel: ['wheel'] }
    })
    const [setuptools, wheel] = python.packages
    expect(setuptools).toMatchObject({ name: 'setuptools', because: ['build-system.requires'] })
    expect(wheel).toMatchObject({
      name: 'wheel',
      version: '0.45.1',
      file: 'wheel-0.45.1-py3-none-any.whl',
      because: ['build-system.requires', 'get_requires_for_build_wheel']
    })
    const lock: Lock = { schema: 'tagproof/lock/1', roots: {}, python: { python } }
    expect(parseLock(formatLock(lock), 'tagproof.lock')).toEqual(lock)
    await fetchInputs(lock, { store: path.join(folder, 'store'), sources: {}, log: silentLog })
  })

  it('keep the versions of the previous lock where those still satisfy, and say what changed', async () => {
    const before = await resolve(['setuptools==75.8.0', 'wheel==0.44.0'])
    const kept = await resolve(['setuptools', 'wheel>=0.45'], { previous: before })
    expect(kept.packages.find((entry) => entry.name === 'setuptools')?.version).toBe('75.8.0')
    expect(kept.packages.find((entry) => entry.name === 'wheel')?.version).not.toBe('0.44.0')
    const lock = (python: PythonLock): Lock => ({ schema: 'tagproof/lock/1', roots: {}, python: { python } })
    expect(lockChanges(lock(before), lock(kept)).some((line) => line.includes('wheel 0.44.0 → '))).toBe(true)
    const upgraded = await resolve(['setuptools', 'wheel>=0.45'])
    expect(upgraded.packages.find((entry) => entry.name === 'setuptools')?.version).not.toBe('75.8.0')
  })

  it.each<[string, string[], RegExp, RegExp]>([
    [
      'a project that is not there',
      ['tagproof-no-such-project-at-all'],
      /no wheel of tagproof-no-such-project-at-all/,
      /pip wheel tagproof-no-such-project-at-all/
    ],
    ['a conflict', ['wheel<0.40', 'wheel>0.41'], /cannot be resolved together/, /exclude each other/],
    ['an option in the place of a requirement', ['--pre'], /not a name with versions/, /ask for it by name/]
  ])('name %s', async (_what, requested, message, fix) => {
    const error = await failure(resolve(requested))
    expect(error.code).toBe('lock-unresolvable')
    expect(error.message).toMatch(message)
    expect(error.detail.fix).toMatch(fix)
  })

  it('do not take a requirement by address, nor an sdist from a folder', async () => {
    const links = await mkdtemp(path.join(folder, 'links-'))
    await chmod(links, 0o755)
    await writeFile(path.join(links, 'onlysource-1.0.tar.gz'), '')
    const configuration = {
      indexUrl: null,
      extraIndexUrls: [],
      findLinks: [links],
      noIndex: true,
      trustedHosts: [],
      proxy: null,
      cert: null,
      timeout: null,
      retries: null
    }
    const error = await failure(resolve(['onlysource'], { configuration }))
    expect(error.message).toMatch(/no wheel of onlysource/)
  })

  it('tell an index that is not there', async () => {
    const configuration = {
      indexUrl: 'http://me:secret@127.0.0.1:9/simple',
      extraIndexUrls: [],
      findLinks: [],
      noIndex: false,
      trustedHosts: [],
      proxy: null,
      cert: null,
      timeout: '2',
      retries: '1'
    }
    const error = await failure(resolve(['wheel'], { configuration }))
    expect(error.code).toBe('network')
    expect(JSON.stringify([error.message, error.detail])).not.toMatch(/secret/)
  })
})
