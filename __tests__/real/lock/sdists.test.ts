import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Lock, PythonLock } from '../../../src/documents/lock.ts'
import { lockPath } from '../../../src/documents/layout.ts'
import { formatLock } from '../../../src/lock/lock-file.ts'
import { sha256OfBytes } from '../../../src/platform/files.ts'
import { build } from '../../../src/stages/build.ts'
import { fetch } from '../../../src/stages/fetch.ts'
import { lock, type LockResult } from '../../../src/stages/lock.ts'
import { plan } from '../../../src/stages/plan.ts'
import { prove } from '../../../src/stages/prove.ts'
import { refusalOf } from '../source/git-project.ts'
import { makeRelease, resolveLock, withRelease, type TestRelease } from '../support/release.ts'
import { pythonRoot } from '../support/root.ts'
import { buildOutside, startDoor, startIndex, tinyBackend, type PackageIndex } from './package-index.ts'

/** A project whose backend is on the index as an sdist alone, and asks for more when it runs. */
const project = {
  'pyproject.toml': `[build-system]
requires = ["tinybackend>=1"]
build-backend = "tinybackend"

[project]
name = "user"
version = "1.2.3"
asks = "helper"
asks-for-sdist = "helper"
`,
  'user.py': 'ANSWER = 42\n'
}
const allowing = {
  '.github/tagproof.yml': 'targets:\n  - kind: python\n    allow-sdists: [tinybackend]\n'
}

let index: PackageIndex
let door: Awaited<ReturnType<typeof startDoor>>
let folder: string
let sdist: { name: string; bytes: Buffer }
let knocksOutside: number
let release: TestRelease
let leftBehind = ''
const before = { ...process.env }

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'tagproof-sdists-'))
  index = await startIndex()
  door = await startDoor()
  const backend = path.join(folder, 'backend')
  sdist = await buildOutside('build_sdist', await tinyBackend('1.0', door.port), backend)
  const helper = {
    'pyproject.toml': '[project]\nname = "helper"\nversion = "0.5"\n',
    'helper.py': '"""Helps."""\n'
  }
  const wheel = await buildOutside('build_wheel', helper, path.join(folder, 'helper'), backend)
  knocksOutside = door.knocks()
  for (const { name, bytes } of [sdist, wheel]) index.files.set(name, bytes)
  process.env.PIP_INDEX_URL = index.url
  delete process.env.PIP_FIND_LINKS
  delete process.env.PIP_EXTRA_INDEX_URL
  release = await makeRelease({ ...project, ...allowing })
  await commitLock({})
})
afterAll(async () => {
  await release.remove()
  Object.assign(process.env, { PIP_FIND_LINKS: '', PIP_INDEX_URL: '', ...before })
  await Promise.all([index.close(), door.close()])
  for (const each of [folder, leftBehind]) await rm(each, { recursive: true, force: true })
})

/** Commits a lock with the root that all tests share; `text` in place of a made one. */
async function commitLock(python: Lock['python'], text?: string): Promise<void> {
  const { lock: root } = await pythonRoot()
  const made = formatLock({ schema: 'tagproof/lock/1', roots: { python: root }, python })
  await release.project.write({ [lockPath]: text ?? made })
  await release.project.commit()
}

/** `tagproof lock` on HEAD. */
async function lockAgain(upgrade: boolean): Promise<LockResult & { text: string; locked: PythonLock }> {
  const to = path.join(folder, 'again.lock')
  const made = await lock(release.context, { to, upgrade })
  const locked = made.lock.python.python
  if (locked === undefined) throw new Error('nothing is locked for the target')
  return { ...made, text: await readFile(to, 'utf8'), locked }
}

/** One project, locked again and again: each test goes on where the one before has ended. */
describe('a build requirement that has no wheel', () => {
  let committed: LockResult & { text: string; locked: PythonLock }

  it('is refused unless it is allowed by name, and the message says how', async () => {
    await withRelease(project, async (other) => {
      // The lock with the root alone, that this starts from.
      leftBehind = `${other.out}.lock`
      expect(await refusalOf(resolveLock(other))).toMatchObject({
        code: 'lock-unresolvable',
        message: 'There is no wheel of tinybackend>=1 for the interpreter of the root.',
        detail: { fix: expect.stringContaining('targets[].allow-sdists: [tinybackend]') as unknown }
      })
    })
  })

  it('is locked as its sdist with its hash, and what backends ask for with the name of the hook', async () => {
    committed = await lockAgain(false)
    expect(committed.locked.packages).toMatchObject([
      {
        name: 'helper',
        file: 'helper-0.5-py3-none-any.whl',
        because: ['get_requires_for_build_sdist', 'get_requires_for_build_wheel']
      },
      {
        name: 'tinybackend',
        version: '1.0',
        file: 'tinybackend-1.0.tar.gz',
        sha256: sha256OfBytes(sdist.bytes),
        size: sdist.bytes.length,
        because: ['build-system.requires']
      }
    ])
    expect(committed.locked.sdists).toEqual({ 'tinybackend-1.0.tar.gz': { requested: [], packages: [] } })
    expect(committed.explanation).toEqual(
      expect.arrayContaining([
        '  tinybackend 1.0 (sdist, built in the sandbox): asked for by build-system.requires',
        '  helper 0.5: asked for by get_requires_for_build_sdist, get_requires_for_build_wheel'
      ])
    )
  })

  it('is built in the sandbox, and what it builds is proven', async () => {
    await commitLock({}, committed.text)
    await release.project.git('tag', '-f', 'v1.2.3')
    const planned = await plan(release.context, {})
    await fetch(release.context, planned)
    await build(release.context, { worlds: ['a', 'b'] })
    expect(await prove(release.context, {})).toMatchObject({ verdict: 'proven' })
  })

  it('is kept as the tree of HEAD has it, byte for byte, whatever is newer and whatever lies in the workspace', async () => {
    const files = await tinyBackend('2.0', door.port)
    const newer = await buildOutside('build_sdist', files, path.join(folder, 'newer'))
    knocksOutside += 1
    index.files.set(newer.name, newer.bytes)
    await release.project.write({ [lockPath]: 'this is no lock\n' })
    const again = await lockAgain(false)
    expect(again.text).toBe(committed.text)
    expect(again.changes).toEqual([])
  })

  it('is the newest with --upgrade', async () => {
    const upgraded = await lockAgain(true)
    expect(upgraded.locked.packages.map((entry) => entry.file)).toEqual([
      'helper-0.5-py3-none-any.whl',
      'tinybackend-2.0.tar.gz'
    ])
    expect(upgraded.changes).toContain('python python: tinybackend 1.0 → 2.0')
  })

  it('reached nobody while it was locked and built, although the same code did outside', () => {
    expect(knocksOutside).toBe(3)
    expect(door.knocks()).toBe(knocksOutside)
  })
})
