import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Build } from '../../../src/documents/build.ts'
import type { World } from '../../../src/documents/identifiers.ts'
import type { Lock } from '../../../src/documents/lock.ts'
import type { Plan } from '../../../src/documents/plan.ts'
import type { Proof } from '../../../src/documents/proof.ts'
import { formatLock, parseLock } from '../../../src/lock/lock-file.ts'
import { writeFileAtomic } from '../../../src/platform/files.ts'
import { silentLog } from '../../../src/platform/log.ts'
import { build } from '../../../src/stages/build.ts'
import { stageContext, type StageContext } from '../../../src/stages/context.ts'
import { fetch } from '../../../src/stages/fetch.ts'
import { lock } from '../../../src/stages/lock.ts'
import { plan } from '../../../src/stages/plan.ts'
import { prove } from '../../../src/stages/prove.ts'
import { makeProject, type Content, type GitProject } from '../source/git-project.ts'
import { readBuildSystem } from '../../../src/targets/python/requires.ts'
import { sharedPython } from './packages.ts'
import { pythonRoot, testCache } from './root.ts'

/** A project with one tag, and the folder its release is made in. */
export interface TestRelease {
  project: GitProject
  context: StageContext
  /** Folder `--out`. */
  out: string
  /** What each target states as its build requirements, by name. */
  requires: Record<string, string[]>
  remove: () => Promise<void>
}

export interface Made {
  lock: Lock
  plan: Plan
  builds: Record<World, Build>
  proof: Proof
}

/** A git repository with these files, committed and tagged. */
export async function makeRelease(files: Record<string, Content>, tag = 'v1.2.3'): Promise<TestRelease> {
  const project = await makeProject(files)
  await project.git('tag', '-a', '-m', tag, tag)
  const out = await mkdtemp(path.join(tmpdir(), 'tagproof-out-'))
  const context = stageContext({ repository: project.folder, out, cache: testCache, log: silentLog })
  return {
    project,
    context,
    out,
    requires: statedBy(files),
    remove: async () => {
      await project.remove()
      await rm(out, { recursive: true, force: true })
    }
  }
}

/** By target: `python` at the top, or each folder by its last part, as the projects of these tests name them. */
function statedBy(files: Record<string, Content>): Record<string, string[]> {
  const found: Record<string, string[]> = {}
  for (const [name, content] of Object.entries(files)) {
    const match = /^(?:(?:.*\/)?([^/]+)\/)?(pyproject\.toml|setup\.py)$/.exec(name)
    if (match === null) continue
    const text = match[2] === 'pyproject.toml' && typeof content === 'string' ? content : null
    const target = match[1] ?? 'python'
    if (text !== null || found[target] === undefined) found[target] = readBuildSystem(text).requires
  }
  return found
}

/** What the real parts resolve: the root is the one that all tests share, the Python packages come from the index. */
export async function resolveLock(release: TestRelease): Promise<string> {
  const file = path.join(release.project.room, 'tagproof.lock')
  await writeLock(file, {})
  await lock(release.context, { lock: file, to: file })
  return file
}

/** Locks a release from packages that were resolved once for all tests, with what each target states. */
export async function lockRelease(release: TestRelease): Promise<string> {
  const file = path.join(release.project.room, 'tagproof.lock')
  const python: Lock['python'] = {}
  for (const [target, stated] of Object.entries(release.requires)) python[target] = await sharedPython(stated)
  await writeLock(file, python)
  return file
}

async function writeLock(file: string, python: Lock['python']): Promise<void> {
  const { lock: root } = await pythonRoot()
  await writeFileAtomic(file, formatLock({ schema: 'tagproof/lock/1', roots: { python: root }, python }))
}

/** Plan, fetch, and build in both worlds side by side; all targets, or those that are named. */
export async function buildRelease(
  release: TestRelease,
  lockWith: (release: TestRelease) => Promise<string> = lockRelease,
  targets: readonly string[] = []
): Promise<Omit<Made, 'proof'>> {
  const file = await lockWith(release)
  try {
    const planned = await plan(release.context, { lock: file, targets })
    await fetch(release.context, planned)
    const [a, b] = await build(release.context, { worlds: ['a', 'b'] })
    if (a === undefined || b === undefined) throw new Error('a world is missing')
    return { lock: parseLock(await readFile(file, 'utf8'), file), plan: planned, builds: { a, b } }
  } finally {
    await rm(file, { force: true })
  }
}

/** The whole way to a proof. */
export async function proveRelease(
  release: TestRelease,
  lockWith: (release: TestRelease) => Promise<string> = lockRelease
): Promise<Made> {
  const made = await buildRelease(release, lockWith)
  return { ...made, proof: await prove(release.context, {}) }
}

/** Makes a release, hands it over, and removes it. */
export async function withRelease<T>(
  files: Record<string, Content>,
  use: (release: TestRelease) => Promise<T>,
  tag?: string
): Promise<T> {
  const release = await makeRelease(files, tag)
  try {
    return await use(release)
  } finally {
    await release.remove()
  }
}

/** Names in `packages/`: what would be published. */
export async function packages(release: TestRelease): Promise<string[]> {
  return (await readdir(release.context.out.packages).catch(() => [])).sort()
}
