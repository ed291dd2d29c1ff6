import { afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import path from 'node:path'
import type { Handover } from '../../src/documents/handover.ts'
import { seeded } from '../support/seeded.ts'
import { sampled } from '../support/whole.ts'
import { copyStore, KilledStep, treeOf } from './harness/killed-steps.ts'
import type { Lantern } from './harness/lantern.ts'
import type { Alone, Attempt, RanJob } from './harness/workflow.ts'

/** Kills of one lane, and how many follow each other before a run is let go on to its end. */
const killsOfALane = sampled(100, 30)
const killsInARow = 10
const minutes = 60_000

const handoverOf = (text: string | undefined): Handover => JSON.parse(text ?? '') as Handover
const hashesOf = ({ files }: Handover): string[] => files.map(({ sha256 }) => sha256)
const story = ({ ran }: RanJob): string => (ran?.conclusion === 'success' ? '' : (ran?.log ?? 'skipped'))

/** Reruns of a release that has been through once: what every one of them must end with. */
export function describeReruns(given: () => { lantern: Lantern; first: Attempt }): void {
  describe('a rerun of the job that plans', () => {
    beforeAll(() => given().lantern.services.keep())
    afterEach(() => given().lantern.services.back())

    const planAgain = (change: Alone = {}): Promise<RanJob> =>
      given().lantern.workflow.only('plan', given().first, change)
    const expectSame = (job: RanJob): Handover => {
      expect(story(job)).toBe('')
      const handover = handoverOf(job.outputs.handover)
      expect(hashesOf(handover)).toEqual(hashesOf(handoverOf(given().first.plan?.outputs.handover)))
      return handover
    }

    it('hands the same bytes over under names of its own attempt', async () => {
      const { attempt, files } = expectSame(await planAgain())
      for (const { name } of files) expect(name).toMatch(new RegExp(`-${attempt}-[0-9a-f]{12}$`))
    })

    it('finds its own upload where the name is taken (409)', async () => {
      const before = (await given().lantern.services.artifacts()).length
      const { files } = expectSame(await planAgain({ job: (made) => ({ run: { ...made.run, attempt: 1 } }) }))
      expect(files).toEqual(handoverOf(given().first.plan?.outputs.handover).files)
      // The service had taken all three; none is there twice.
      expect((await given().lantern.services.artifacts()).length).toBe(before)
    })

    it('takes another name where an upload failed at its end and keeps the name', async () => {
      const { services } = given().lantern
      await services.fault({ method: 'FinalizeArtifact', kind: 'refuse' })
      // In a run that holds nothing yet: the same bytes of an earlier attempt would do.
      const { files } = expectSame(await planAgain({ newRun: true }))
      expect(files[0]?.name).toMatch(/-[0-9a-f]{12}-1$/)
      expect((await services.artifacts()).filter(({ finalised }) => !finalised)).toHaveLength(1)
    })

    it('counts an upload as done whose answer was lost', async () => {
      const { services } = given().lantern
      const before = (await services.artifacts()).length
      await services.fault({ method: 'FinalizeArtifact', kind: 'lose' })
      expectSame(await planAgain())
      expect((await services.artifacts()).length).toBe(before + 3)
    })

    it('is refused where the service takes nothing, and goes through the next time', async () => {
      await given().lantern.services.fault({ method: 'CreateArtifact', kind: 'refuse' })
      const job = await planAgain()
      expect(Object.values(job.ran?.annotations ?? {}).flat()[0]?.message).toMatch(
        /^handover-failed: .* Fix: /
      )
      expectSame(await planAgain())
    })
  })

  describe(`SIGKILL at ${2 * killsOfALane} moments`, () => {
    it(
      'ends complete and identical after the rerun, for publishing and for planning with its hand-over',
      async () => {
        const { lantern, first } = given()
        const { services, origin } = lantern
        const publishing = first.publish?.machine
        if (publishing === undefined) throw new Error('nothing was published')
        const published = (): string[][] => ['local', 'packages'].map((name) => treeOf(publishing.out(name)))
        const expected = published()
        expect(expected.every((tree) => tree.length > 0)).toBe(true)
        const store = await copyStore(services, path.join(origin.folder, 'store'))
        const lanes = [
          {
            step: new KilledStep(first.publish, services, store),
            seed: 20261129,
            check: () => expect(published()).toEqual(expected)
          },
          {
            step: new KilledStep(first.plan, services, path.join(origin.folder, 'other store')),
            seed: 8143,
            check: (outputs: Record<string, string>) =>
              expect(hashesOf(handoverOf(outputs.handover))).toEqual(
                hashesOf(handoverOf(first.plan?.outputs.handover))
              )
          }
        ]
        const killed = await Promise.all(lanes.map((lane) => killOften(lane)))
        // Some come too late, and end by themselves; all the others were killed.
        for (const count of killed) expect(count).toBeGreaterThan(killsOfALane / 2)
      },
      10 * minutes
    )

    it(
      'ends complete and identical for the job that proves, killed at five moments',
      async () => {
        const { lantern, first } = given()
        const moments = [/^take over/, /^prove/, /^✓ prove/, /^try /, /^hand over/]
        for (const moment of moments) {
          let killed = false
          const broken = await lantern.workflow.only('prove', first, {
            job: ({ kill }) => ({
              onLine: (line, child) => {
                if (moment.test(line)) killed = kill(child) || killed
              }
            })
          })
          expect([moment.source, killed, broken.ran?.conclusion, broken.outputs.handover ?? '']).toEqual([
            moment.source,
            true,
            'failure',
            ''
          ])
        }
        const again = await lantern.workflow.only('prove', first)
        expect(story(again)).toBe('')
        const before = handoverOf(first.prove?.outputs.handover)
        expect(hashesOf(handoverOf(again.outputs.handover))).toEqual(hashesOf(before))
      },
      10 * minutes
    )
  })
}

interface Lane {
  step: KilledStep
  seed: number
  check: (outputs: Record<string, string>) => void
}

/** Kills a step at seeded moments between its start and its end. @returns how often it was alive until then */
async function killOften({ step, seed, check }: Lane): Promise<number> {
  const random = seeded(seed)
  const whole = async (): Promise<number> => {
    const began = Date.now()
    check((await step.start(10 * minutes)) ?? {})
    return Date.now() - began
  }
  // The first start fills the cache of compiled code.
  await whole()
  let duration = await whole()
  let killed = 0
  for (let kill = 1; kill <= killsOfALane; kill += 1) {
    const outputs = await step.start(random() * duration)
    if (outputs === null) killed += 1
    else check(outputs)
    if (kill % killsInARow === 0) duration = await whole()
  }
  return killed
}
