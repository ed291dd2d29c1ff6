import { build } from 'esbuild'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Order } from '../__tests__/real/destinations/together/child.ts'
import { makeBench, openServers, publishOnce } from '../__tests__/real/destinations/together/rig.ts'
import { median, timed, type Figure } from './measure.ts'
import { rounds } from './projects.ts'

const mebibytes = Number(process.env.TAGPROOF_BENCH_IMAGE_MEBIBYTES ?? 60)
const source = fileURLToPath(new URL('../__tests__/real/destinations/together/child.ts', import.meta.url))

/**
 * A release that is finished, published once more: package index, folder, registry, apt repository and flat files in a bucket, release
 * on a code host. Everything is asked, read back as users do (by apt too), and nothing is written. The servers are those of the
 * tests, on the loopback; the process is one of its own, bundled as the committed program is.
 */
export async function* noOpRerun(folder: string): AsyncIterable<Figure> {
  const room = path.join(folder, 'no-op-rerun')
  await mkdir(room, { recursive: true })
  const program = path.join(room, 'rerun.mjs')
  await build({
    entryPoints: [source],
    outfile: program,
    bundle: true,
    platform: 'node',
    format: 'esm',
    logLevel: 'error'
  })
  const bench = await makeBench({ noise: mebibytes * 2 ** 20 })
  const servers = await openServers(bench)
  try {
    const { parcel } = bench.release
    const first = await publishOnce(servers, bench.release, { apt: true })
    if (first.error !== null) throw new Error('the release cannot be published', { cause: first.error })
    const writes = (await servers.writes()).length
    const runs: { seconds: number; peakMib: number }[] = []
    for (let round = 0; round < rounds; round += 1) {
      const file = path.join(await mkdtemp(path.join(room, 'order-')), 'order.json')
      const { addresses } = servers
      const order: Order = {
        parcel,
        addresses,
        receipt: servers.receipt(parcel),
        signed: servers.nextSigned(),
        apt: true
      }
      await writeFile(file, JSON.stringify(order))
      runs.push(await timed(process.execPath, [program, file]))
    }
    if ((await servers.writes()).length !== writes) throw new Error('a rerun has written something')
    const seconds = median(runs.map((run) => run.seconds))
    const peak = Math.max(...runs.map(({ peakMib }) => peakMib))
    const of = `an image of ${mebibytes} MiB, 2 Python packages and 2 debs, at six destinations`
    yield {
      name: 'no-op rerun of a release / 5 s',
      value: seconds / 5,
      goal: 1,
      detail: `${seconds.toFixed(2)} s; ${of}`
    }
    yield {
      name: 'no-op rerun of a release, peak memory / 150 MiB',
      value: peak / 150,
      goal: 1,
      detail: `${peak.toFixed(0)} MiB`
    }
  } finally {
    await servers.close()
    await bench.remove()
    await rm(room, { recursive: true, force: true })
  }
}
