import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { PythonLock } from '../../src/documents/lock.ts'
import { formatLock } from '../../src/lock/lock-file.ts'
import { resolvePython } from '../../src/lock/python.ts'
import { writeFileAtomic } from '../../src/platform/files.ts'
import { silentLog } from '../../src/platform/log.ts'
import { build } from '../../src/stages/build.ts'
import { stageContext, type StageContext } from '../../src/stages/context.ts'
import { fetch } from '../../src/stages/fetch.ts'
import { plan } from '../../src/stages/plan.ts'
import { startIndex, type PackageIndex } from '../real/lock/package-index.ts'
import { refusalOf } from '../real/source/git-project.ts'
import { makeRelease, type TestRelease } from '../real/support/release.ts'
import { pythonRoot, testCache } from '../real/support/root.ts'
import { miniProject } from './harness/packages.ts'
import { printedByIsolatedBuild, wheelOf } from './harness/plain.ts'
import { foreignRequirement } from './foreign-requirement.ts'

const requirement = 'victimhelper'
const honest = 'text = "honest"\n'
const evil = 'print("fired: requirement")\n'
const before = { ...process.env }

describe(foreignRequirement.title, () => {
  let own: PackageIndex
  let other: PackageIndex
  let release: TestRelease
  let locked: PythonLock
  let folder: string

  beforeAll(async () => {
    ;[own, other] = [await startIndex(), await startIndex()]
    folder = await mkdtemp(path.join(tmpdir(), 'tagproof-requirement-'))
    await publish(own, '1.0', honest)
    process.env.PIP_INDEX_URL = own.url
    delete process.env.PIP_FIND_LINKS
    const files = await miniProject('asking', { variant: 'import victim_helper\n' })
    const pyproject = files['pyproject.toml']
    if (typeof pyproject !== 'string') throw new Error('no pyproject.toml')
    release = await makeRelease({
      ...files,
      'pyproject.toml': pyproject.replace('requires = []', `requires = ["${requirement}"]`)
    })
    locked = await resolve([])
  })
  afterAll(async () => {
    Object.assign(process.env, { PIP_FIND_LINKS: '', PIP_INDEX_URL: '', ...before })
    await Promise.all([own.close(), other.close(), release.remove()])
    await rm(folder, { recursive: true, force: true })
  })

  async function publish(index: PackageIndex, version: string, text: string): Promise<void> {
    const { name, bytes } = await wheelOf(requirement, version, { 'victim_helper.py': text })
    index.files.set(name, bytes)
  }

  async function resolve(extraIndexUrls: string[]): Promise<PythonLock> {
    const { root } = await pythonRoot()
    return resolvePython({
      root,
      requested: [requirement],
      allowSdists: [],
      log: silentLog,
      netrc: new Map(),
      configuration: {
        ...{ indexUrl: own.url, extraIndexUrls, findLinks: [], trustedHosts: [], noIndex: false },
        ...{ proxy: null, cert: null, timeout: null, retries: null }
      }
    })
  }

  /** What the build of world a prints, with a lock and a store of its own inputs. */
  async function logWith(python: PythonLock, context: StageContext = release.context): Promise<string> {
    const { lock: root } = await pythonRoot()
    const lock = path.join(folder, 'tagproof.lock')
    await writeFileAtomic(
      lock,
      formatLock({ schema: 'tagproof/lock/1', roots: { python: root }, python: { python } })
    )
    await fetch(context, await plan(context, { lock }))
    await build(context, { worlds: ['a'] })
    return readFile(path.join(context.out.build('a'), 'log.txt'), 'utf8')
  }

  it('a higher version on a second index: a plain build runs it, ours does not, and a lock made today does', async () => {
    await publish(other, '9.0', evil)
    expect(await printedByIsolatedBuild(release, [own.url, other.url])).toContain('fired: requirement')
    expect(await logWith(locked)).not.toContain('fired')
    process.env.PIP_EXTRA_INDEX_URL = other.url
    expect(await logWith(await resolve([other.url]))).toContain('fired: requirement')
    delete process.env.PIP_EXTRA_INDEX_URL
  })

  it('a higher version on the same index: the same', async () => {
    await publish(own, '8.0', evil)
    expect(await printedByIsolatedBuild(release, [own.url])).toContain('fired: requirement')
    expect(await logWith(locked)).not.toContain('fired')
    expect(await logWith(await resolve([]))).toContain('fired: requirement')
    own.files.delete('victimhelper-8.0-py3-none-any.whl')
  })

  it('other bytes under the same name: a plain build runs them, ours is refused before it begins', async () => {
    await publish(own, '1.0', evil)
    expect(await printedByIsolatedBuild(release, [own.url])).toContain('fired: requirement')
    const context = stageContext({
      repository: release.project.folder,
      out: path.join(folder, 'out'),
      cache: testCache,
      log: silentLog
    })
    const replaced = {
      ...locked,
      packages: locked.packages.map((entry) => ({ ...entry, sha256: 'ab'.repeat(32) as typeof entry.sha256 }))
    }
    expect((await refusalOf(logWith(replaced, context))).code).toMatch(
      /^(hash-mismatch|index-answer|input-missing)$/
    )
    await publish(own, '1.0', honest)
  })

  it('one more requirement than the lock has is refused before anything is fetched', async () => {
    const fewer = { ...locked, requested: [], packages: [] }
    expect((await refusalOf(logWith(fewer))).code).toBe('lock-incomplete')
  })
})
