import { readFile } from 'node:fs/promises'
import path from 'node:path'
import type { RootLock } from '../../../src/documents/lock.ts'
import { readAptHost } from '../../../src/lock/apt-host.ts'
import { debRootRequest } from '../../../src/lock/build-depends.ts'
import { resolveRoot } from '../../../src/lock/debian.ts'
import { fetchInputs } from '../../../src/lock/inputs.ts'
import { silentLog } from '../../../src/platform/log.ts'
import { debRootPackages } from '../../../src/worlds/root-packages.ts'
import { prepareRoot } from '../../../src/worlds/root.ts'
import { keptLock, testCache, type TestRoot } from './root.ts'

/** Which other suite the archive of a machine holds, whose keys every release of it knows. */
const others: Readonly<Record<string, string>> = {
  bookworm: 'trixie',
  trixie: 'bookworm',
  jammy: 'noble',
  noble: 'jammy'
}

const minimal = `Source: x
Build-Depends: debhelper-compat (= 13)

Package: x
Architecture: all
`

const prepared = new Map<string, Promise<TestRoot>>()

/**
 * A root for packages with a `debian/` folder: that of the example on this machine's own suite, which the demo makes
 * too; or the smallest with debhelper and fakeroot on the other suite of its archive.
 */
export function debRoot(suite: 'own' | 'other'): Promise<TestRoot> {
  const root = prepared.get(suite) ?? (suite === 'own' ? ownRoot() : otherRoot())
  prepared.set(suite, root)
  return root
}

async function ownRoot(): Promise<TestRoot> {
  const control = path.resolve(import.meta.dirname, '../../../examples/herald/debian/control')
  const { packages, relations } = debRootRequest(await readFile(control, 'utf8'), control)
  const request = { packages: [...debRootPackages, ...packages], relations }
  const lock = await keptLock('test-deb-root.json', [...request.packages, ...relations], () =>
    resolveRoot({ ...request, log: silentLog })
  )
  return make(lock, {})
}

async function otherRoot(): Promise<TestRoot> {
  const host = await readAptHost()
  const suite = others[host.codename ?? '']
  const mirror = host.sources.find((source) => source.suites.includes(host.codename ?? ''))?.uris[0]
  if (suite === undefined || mirror === undefined)
    throw new Error(`no other suite is known for ${String(host.codename)}`)
  const { packages, relations } = debRootRequest(minimal, 'debian/control')
  const request = { packages: [...debRootPackages, ...packages], relations, suite, mirror }
  const lock = await keptLock(`test-deb-root-${suite}.json`, [...request.packages, ...relations], () =>
    resolveRoot({ ...request, log: silentLog })
  )
  return make(lock, { mirror })
}

async function make(lock: RootLock, sources: { mirror?: string }): Promise<TestRoot> {
  const inputs = await fetchInputs(
    { schema: 'tagproof/lock/1', roots: { deb: lock }, python: {} },
    { store: path.join(testCache, 'inputs'), sources, log: silentLog }
  )
  const root = await prepareRoot('deb', lock, inputs, { cache: testCache, log: silentLog })
  return { root, lock, inputs }
}
