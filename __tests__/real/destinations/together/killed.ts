import { spawn } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { startFaultProxies } from '../../support/pypi/fault-proxy.ts'
import type { Order } from './child.ts'
import { openServers, publishOnce, throughProxies, type Bench } from './rig.ts'
import { isWhole, judgeOrder, judgeRecord, viewOf, type View } from './violations.ts'

/** When the process is killed: a request has come, or was served and its answer is on the way, or so long after that. */
export interface Moment {
  request: number
  at: 'came' | 'served' | 'later'
  /** Milliseconds, for `later`. */
  wait: number
}

const program = fileURLToPath(new URL('child.ts', import.meta.url))

/** @returns what everybody saw after the kill; whether it came in time; what should not be */
export async function judgeKill(
  bench: Bench,
  moment: Moment,
  compiled: string
): Promise<{ view: View; killed: boolean; broken: string[] }> {
  const servers = await openServers(bench)
  const broken: string[] = []
  const tell = (what: string): void =>
    void broken.push(`killed at ${moment.request} (${moment.at} ${moment.wait}): ${what}`)
  let stop: () => void = () => undefined
  let timer: NodeJS.Timeout | undefined
  const onRequest = (number: number, at: 'came' | 'served'): void => {
    if (number !== moment.request) return
    if (moment.at === at) stop()
    else if (moment.at === 'later' && at === 'served') timer = setTimeout(() => stop(), moment.wait)
  }
  const proxies = await startFaultProxies({ upstreams: servers.origins, fault: null, onRequest })
  try {
    const { parcel } = bench.release
    const addresses = throughProxies(servers.addresses, proxies)
    const receipt = servers.receipt(parcel)
    const order: Order = { parcel, addresses, receipt, signed: servers.nextSigned() }
    const file = path.join(path.dirname(receipt), 'order.json')
    await writeFile(file, JSON.stringify(order))
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', program, file], {
      env: { PATH: process.env.PATH ?? '', NODE_COMPILE_CACHE: compiled },
      stdio: ['ignore', 'ignore', 'pipe']
    })
    let said = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text))
    stop = () => void child.kill('SIGKILL')
    const signal = await new Promise<string | null>((resolve, reject) =>
      child.once('error', reject).once('close', (code, by) => {
        if (code !== 0 && by === null) tell(`it fails by itself: ${said}`)
        resolve(by)
      })
    )
    clearTimeout(timer)
    // What had arrived is served to its end: nobody takes it back.
    await new Promise((resolve) => setImmediate(resolve))
    const view = await viewOf(servers, bench, tell)
    judgeOrder(view, tell)
    const second = await publishOnce(servers, bench.release)
    if (second.error !== null) tell(`the next run fails: ${(second.error as Error).message}`)
    const after = await viewOf(servers, bench, tell)
    if (!isWhole(after)) tell(`the next run leaves ${JSON.stringify(after)}`)
    await judgeRecord(servers, tell)
    return { view, killed: signal === 'SIGKILL', broken }
  } finally {
    await proxies.close()
    await servers.close()
  }
}
