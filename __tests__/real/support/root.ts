import { mkdir, readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import path from 'node:path'
import type { Lock, RootLock } from '../../../src/documents/lock.ts'
import { resolveRoot } from '../../../src/lock/debian.ts'
import { fetchInputs, type Inputs } from '../../../src/lock/inputs.ts'
import { writeFileAtomic } from '../../../src/platform/files.ts'
import { silentLog } from '../../../src/platform/log.ts'
import { prepareRoot, pythonRootPackages, type PreparedRoot } from '../../../src/worlds/root.ts'

export interface TestRoot {
  root: PreparedRoot
  lock: RootLock
  inputs: Inputs
}

/** A list older than this may name files that the mirror has dropped. */
const oldestListHours = 12

/** The cache that the command would use. */
export const testCache =
  process.env.TAGPROOF_CACHE ??
  path.join(process.env.XDG_CACHE_HOME ?? path.join(homedir(), '.cache'), 'tagproof')

let prepared: Promise<TestRoot> | undefined

/**
 * The `python` root, resolved, fetched and made by the real parts. Test files run side by side; all share one list
 * and so one root, which is made once per machine.
 */
export function pythonRoot(): Promise<TestRoot> {
  prepared ??= prepare()
  return prepared
}

async function prepare(): Promise<TestRoot> {
  const lock = await sharedLock()
  const whole: Lock = { schema: 'tagproof/lock/1', roots: { python: lock }, python: {} }
  const inputs = await fetchInputs(whole, {
    store: path.join(testCache, 'inputs'),
    sources: {},
    log: silentLog
  })
  const root = await prepareRoot('python', lock, inputs, { cache: testCache, log: silentLog })
  return { root, lock, inputs }
}

async function sharedLock(): Promise<RootLock> {
  return keptLock('test-root.json', pythonRootPackages, () =>
    resolveRoot({ packages: pythonRootPackages, log: silentLog })
  )
}

/** The lock that an earlier test file has resolved for the same packages, or a new one. */
export async function keptLock(
  name: string,
  asked: readonly string[],
  resolve: () => Promise<RootLock>
): Promise<RootLock> {
  const file = path.join(testCache, name)
  const kept = await readFile(file, 'utf8').then(
    (text) => JSON.parse(text) as { made: number; asked: string[]; lock: RootLock },
    () => undefined
  )
  const fresh = kept !== undefined && Date.now() - kept.made < oldestListHours * 3_600_000
  if (fresh && kept.asked.join() === asked.join()) return kept.lock
  const lock = await resolve()
  await mkdir(testCache, { recursive: true })
  await writeFileAtomic(file, JSON.stringify({ made: Date.now(), asked, lock }))
  return lock
}
