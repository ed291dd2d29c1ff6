import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { pipArguments, pipInRoot } from '../../../src/lock/pip-run.ts'
import { resolvePython } from '../../../src/lock/python.ts'
import { silentLog } from '../../../src/platform/log.ts'
import { plainEnvironment, run } from '../../../src/platform/process.ts'
import { pythonRoot } from '../support/root.ts'
import { buildOutside, startDoor, startIndex, tinyBackend, type PackageIndex } from './package-index.ts'

/** An sdist that is asked for by address: pip takes it whatever `--only-binary` says, and would run its backend. */
let index: PackageIndex
let door: Awaited<ReturnType<typeof startDoor>>
let folder: string
let requirement: string

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'tagproof-foreign-'))
  // On a new machine this is what makes the root.
  await pythonRoot()
  index = await startIndex()
  door = await startDoor()
  const { name, bytes } = await buildOutside(
    'build_sdist',
    await tinyBackend('1.0', door.port),
    path.join(folder, 'backend')
  )
  index.files.set(name, bytes)
  requirement = `tinybackend @ ${index.url.replace(/simple$/, `files/${name}`)}`
}, 600_000)

afterAll(async () => {
  await Promise.all([index.close(), door.close()])
  await rm(folder, { recursive: true, force: true })
})

describe('code of an sdist that is asked for by address', () => {
  it('is run by a plain pip, with the network: the control', async () => {
    const before = door.knocks()
    await run('python3', ['-m', 'pip', 'install', ...pipArguments([requirement], '/dev/null')], {
      env: {
        ...plainEnvironment,
        PATH: process.env.PATH ?? '',
        HOME: folder,
        PIP_NO_INDEX: '1',
        PIP_BREAK_SYSTEM_PACKAGES: '1'
      }
    })
    expect(door.knocks()).toBeGreaterThan(before)
  }, 120_000)

  it('is not run by the resolver, wherever the address came from', async () => {
    const { root } = await pythonRoot()
    const before = door.knocks()
    const result = await pipInRoot(root)({
      requirements: [requirement],
      constraints: [],
      configuration: {
        indexUrl: index.url,
        ...{ extraIndexUrls: [], findLinks: [], trustedHosts: [], noIndex: false },
        ...{ proxy: null, cert: null, timeout: null, retries: null }
      },
      netrc: new Map()
    })
    expect(result.code).not.toBe(0)
    expect(result.output).toContain('the resolver starts no other program')
    expect(door.knocks()).toBe(before)
  }, 120_000)

  it('is refused before anything is asked of the index', async () => {
    const { root } = await pythonRoot()
    const asked = resolvePython({ root, requested: [requirement], allowSdists: [], log: silentLog })
    await expect(asked).rejects.toMatchObject({
      code: 'lock-unresolvable',
      message: 'A build requirement is not a name with versions.'
    })
  })
})
