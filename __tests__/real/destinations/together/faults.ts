import { TagproofError } from '../../../../src/platform/errors.ts'
import { passes, type Fault } from '../../support/pypi/fault-proxy.ts'
import { openServers, publishOnce, type Bench, type Change } from './rig.ts'
import { isWhole, judgeEnd, judgeOrder, judgeRecord, viewOf, type View } from './violations.ts'

export interface Verdict {
  /** What everybody saw after the fault. */
  view: View
  broken: string[]
}

/** Publishes to all with a fault, looks as users do, and publishes again without one. */
export async function judgeFault(bench: Bench, fault: Fault, change?: Change): Promise<Verdict> {
  const servers = await openServers(bench)
  const broken: string[] = []
  let line = ''
  const tell = (what: string): void =>
    void broken.push(`${fault.kind} at ${fault.request} (${line}): ${what}`)
  const way = change === undefined ? {} : { change }
  try {
    const first = await publishOnce(servers, bench.release, { fault, ...way })
    line = first.seen[fault.request]?.line ?? ''
    const view = await viewOf(servers, bench, tell)
    judgeEnd(first, view, tell)
    judgeOrder(view, tell)
    if (passes(fault.kind) && first.error !== null && !isWrongClock(fault, first.error))
      tell(`it fails: ${(first.error as Error).message}`)
    const second = await publishOnce(servers, bench.release, way)
    const after = await viewOf(servers, bench, tell)
    if (second.error !== null) tell(`the next run fails: ${(second.error as Error).message}`)
    if (!isWhole(after)) tell(`the next run leaves ${JSON.stringify(after)}`)
    await judgeRecord(servers, tell)
    return { view, broken }
  } finally {
    await servers.close()
  }
}

/** A bucket takes no signature of another time: the clock is then what is to be mended, and that is said. */
function isWrongClock({ kind }: Fault, error: unknown): boolean {
  return kind.startsWith('client-') && error instanceof TagproofError && error.message.includes('clock')
}
