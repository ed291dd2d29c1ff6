import { rm } from 'node:fs/promises'
import path from 'node:path'
import { stageContext } from '../src/stages/context.ts'
import { resolveRoot } from '../src/lock/debian.ts'
import { fetchInputs } from '../src/lock/inputs.ts'
import { silentLog } from '../src/platform/log.ts'
import { prepareRoot } from '../src/worlds/root.ts'
import { pythonRootPackages } from '../src/worlds/root-packages.ts'
import { timed, type Figure } from './measure.ts'

/** A root made offline from fetched inputs, against `mmdebstrap` making the like from the network. */
export async function* rootFromInputs(folder: string): AsyncIterable<Figure> {
  const { cache } = stageContext({ log: silentLog })
  const locked = await resolveRoot({ packages: [...pythonRootPackages], log: silentLog })
  const inputs = await fetchInputs(
    { schema: 'tagproof/lock/1', roots: { python: locked }, python: {} },
    { store: path.join(cache, 'inputs'), sources: {}, log: silentLog }
  )
  const fresh = path.join(folder, 'cache')
  const since = performance.now()
  await prepareRoot('python', locked, inputs, { cache: fresh, log: silentLog })
  const ours = (performance.now() - since) / 1000
  await rm(fresh, { recursive: true, force: true })
  const theirs = await timed('mmdebstrap', [
    '--quiet',
    '--variant=minbase',
    `--include=${pythonRootPackages.join(',')}`,
    locked.suite,
    path.join(folder, 'root.tar')
  ])
  yield {
    name: 'root from inputs against mmdebstrap from the network',
    value: ours / theirs.seconds,
    goal: 1,
    detail: `${ours.toFixed(1)} s against ${theirs.seconds.toFixed(1)} s`
  }
}
