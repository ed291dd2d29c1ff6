// One assembled image in a process of its own: assemble-once.ts FOLDER [prepare]. `prepare` gathers what both ways of
// making the image are given, and prints where the base lies.
import { copyFile, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { pythonRoot, testCache } from '../__tests__/real/support/root.ts'
import { everyPythonPackage } from '../__tests__/real/support/packages.ts'
import { objectId } from '../src/documents/identifiers.ts'
import type { PythonLock, RootLock } from '../src/documents/lock.ts'
import { assembleField } from '../src/documents/target-settings.ts'
import { fetchInputs } from '../src/lock/inputs.ts'
import { silentLog } from '../src/platform/log.ts'
import { assembleImage } from '../src/targets/image/assemble.ts'
import type { PreparedRoot } from '../src/worlds/root.ts'
import { rootImage } from '../src/targets/image/root-image.ts'
import { exportOf } from '../__tests__/real/support/world.ts'

const folder = process.argv[2] ?? ''
const wheels = path.join(folder, 'context', 'wheels')
const kept = path.join(folder, 'given.json')

async function prepare(): Promise<void> {
  const { root, lock } = await pythonRoot()
  const locked = await everyPythonPackage()
  const all = { schema: 'tagproof/lock/1' as const, roots: {}, python: { all: locked } }
  const fetched = await fetchInputs(all, {
    store: path.join(testCache, 'inputs'),
    sources: {},
    log: silentLog
  })
  await mkdir(wheels, { recursive: true })
  for (const entry of locked.packages) await copyFile(fetched.python(entry), path.join(wheels, entry.file))
  await writeFile(path.join(folder, 'export.tar'), exportOf([['README', 'text\n']]))
  const base = await rootImage({ root, rootLock: lock, cache: testCache, log: silentLog })
  await writeFile(kept, JSON.stringify({ root, lock, locked }))
  process.stdout.write(JSON.stringify({ ...base, wheels: locked.packages.length }))
}

async function assemble(): Promise<void> {
  const { root, lock, locked } = JSON.parse(await readFile(kept, 'utf8')) as {
    root: PreparedRoot
    lock: RootLock
    locked: PythonLock
  }
  const out = path.join(folder, 'assembled')
  await rm(out, { recursive: true, force: true })
  // The root is warm, as for the builder. The layer of the dependencies is made anew, unless it is the second world.
  const cache = path.join(folder, 'cache')
  if (process.argv[3] !== 'again') await rm(cache, { recursive: true, force: true })
  await mkdir(cache, { recursive: true })
  await rm(path.join(cache, 'images'), { force: true })
  await symlink(path.join(testCache, 'images'), path.join(cache, 'images'))
  await assembleImage({
    target: {
      kind: 'image',
      name: 'image',
      path: '.',
      root: 'python',
      image: {
        mode: 'assemble',
        repository: 'bench',
        platforms: [],
        assemble: assembleField.parse({ entrypoint: ['python'] })
      }
    },
    world: 'a',
    tag: {
      name: 'v1',
      object: objectId('1'.repeat(40)),
      kind: 'annotated',
      commit: objectId('2'.repeat(40)),
      tree: objectId('3'.repeat(40)),
      epoch: 1_700_000_000
    },
    version: '1',
    exportTar: path.join(folder, 'export.tar'),
    root,
    rootLock: lock,
    limits: { minutes: 5, 'memory-mib': 2048, 'disk-mib': 2048, processes: 64 },
    folder: out,
    scrambled: 0,
    off: [],
    log: silentLog,
    wheel: null,
    locked,
    file: (entry) => path.join(wheels, entry.file),
    images: {},
    blob: () => '',
    debian: () => '',
    cache,
    clockLibrary: null
  })
}

await (process.argv[3] === 'prepare' ? prepare() : assemble())
