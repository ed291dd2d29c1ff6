import { campaign, describeDisagreement } from '../__tests__/support/mutants/campaign.ts'
import type { Figure } from './measure.ts'

const count = Number(process.env.TAGPROOF_BENCH_MUTANTS ?? 1_000_000)
const seed = Number(process.env.TAGPROOF_BENCH_SEED ?? 20_240_329)
/** Mutants of one campaign: what was seen is remembered for that long. */
const part = 50_000

/**
 * The tests' mutants, twenty times as many: each that our readers accept is unpacked by Python and GNU tar. The figure is
 * how many of them came out otherwise than we saw them.
 */
export async function* mutants(): AsyncIterable<Figure> {
  const total = { mutants: 0, refused: 0, repeated: 0, unpacked: 0, disagreements: 0 }
  const since = performance.now()
  for (let done = 0; done < count; done += part) {
    const result = await campaign(seed + done / part, Math.min(part, count - done))
    for (const disagreement of result.disagreements)
      process.stderr.write(`seed ${seed + done / part}: ${describeDisagreement(disagreement)}\n`)
    for (const key of ['mutants', 'refused', 'repeated', 'unpacked'] as const) total[key] += result[key]
    total.disagreements += result.disagreements.length
    process.stderr.write(`${total.mutants} mutants, ${total.disagreements} disagreements\n`)
  }
  const minutes = (performance.now() - since) / 60_000
  yield {
    name: 'mutants that others unpack otherwise',
    value: total.disagreements,
    goal: 0,
    detail: `${total.mutants} mutants: ${total.refused} refused, ${total.unpacked} unpacked by Python and GNU tar, ${total.repeated} byte for byte as one before; ${minutes.toFixed(0)} min`
  }
}
