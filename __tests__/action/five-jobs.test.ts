import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { sha256 } from '../../src/documents/identifiers.ts'
import type { Handover } from '../../src/documents/handover.ts'
import type { Proof } from '../../src/documents/proof.ts'
import { alterMember } from './harness/altered-parcel.ts'
import type { Machine } from './harness/fixture.ts'
import type { Job } from './harness/job.ts'
import { makeLantern, original, type Lantern } from './harness/lantern.ts'
import { canIsolate } from './harness/run-services.ts'
import type { Alone, Attempt, RanJob } from './harness/workflow.ts'
import { describePublishing } from './publishing.ts'
import { describeReruns } from './reruns.ts'

const minutes = 60_000

let lantern: Lantern
let first: Attempt

const story = ({ result, ran }: RanJob): string =>
  result === 'success' ? '' : `${result}\n${JSON.stringify(ran?.annotations)}\n${ran?.log ?? ''}`
const handoverOf = (job: RanJob | undefined): Handover => JSON.parse(job?.outputs.handover ?? '') as Handover
const machineOf = (job: RanJob | undefined): Machine => {
  if (job?.machine === undefined) throw new Error('the job did not run')
  return job.machine
}

beforeAll(async () => {
  lantern = await makeLantern()
  first = await lantern.workflow.runAll()
}, 10 * minutes)
afterAll(() => lantern.remove())

describe('the five jobs of the documentation', () => {
  it('run on machines without any way out, where this machine allows that', () => {
    expect(canIsolate || process.getuid?.() !== 0).toBe(true)
  })

  it.each(['plan', 'build-a', 'build-b', 'prove', 'publish'])('%s succeeds', (id) => {
    const job = first[id]
    expect(job === undefined ? 'no such job' : story(job)).toBe('')
  })

  it('prove on two machines what is published, and say so', () => {
    const proof = JSON.parse(readFileSync(machineOf(first.publish).out('proof.json'), 'utf8')) as Proof
    expect(proof).toMatchObject({ verdict: 'proven', trust: { lock: 'tag', singleJob: false } })
    const machines = [handoverOf(first['build-a']).machine, handoverOf(first['build-b']).machine]
    if (canIsolate) expect(new Set(machines).size).toBe(2)
    expect(existsSync(machineOf(first.publish).out('local/simple/lantern'))).toBe(true)
    expect(existsSync(machineOf(first.publish).out('try.json'))).toBe(true)
  })

  it('give world b no original: neither the export of world a nor git', () => {
    const { workspace } = machineOf(first['build-b'])
    expect(existsSync(path.join(workspace, '.git'))).toBe(false)
    expect(readdirSync(machineOf(first['build-b']).out('exports'))).not.toContain('export-a.tar')
    const held = filesBelow(workspace).filter((file) => readFileSync(file).includes(original))
    expect(held).toEqual([])
  })

  it('name each artifact by stage, attempt and digest, and hand on its SHA-256 as an output', async () => {
    const all = await lantern.services.artifacts()
    // The receipt of the publication is for people, and handed to no job.
    const stored = all.filter(({ name }) => !name.startsWith('tagproof-receipt-'))
    expect(stored.map(({ name }) => name.replace(/[0-9a-f]{12}$/, 'HASH')).sort()).toEqual([
      'tagproof-build-a-1-HASH',
      'tagproof-build-b-1-HASH',
      'tagproof-plan-build-a-1-HASH',
      'tagproof-plan-build-b-1-HASH',
      'tagproof-plan-prove-1-HASH',
      'tagproof-prove-1-HASH'
    ])
    const said = ['plan', 'build-a', 'build-b', 'prove'].flatMap((id) => handoverOf(first[id]).files)
    expect(said.map(({ sha256 }) => `sha256:${sha256}`).sort()).toEqual(
      stored.map(({ digest }) => digest).sort()
    )
  })

  it('arrive at the same plan, whose digest each step tells', () => {
    const digest = createHash('sha256')
      .update(readFileSync(machineOf(first.prove).out('plan.json')))
      .digest('hex')
    expect(first.plan?.ran?.outputs.plan?.digest).toBe(digest)
    const build = readFileSync(machineOf(first['build-a']).out('build-a/build.json'))
    expect(first['build-a']?.ran?.outputs.build?.digest).toBe(
      createHash('sha256').update(build).digest('hex')
    )
  })

  it('tell nobody the addresses and tokens of the service', () => {
    for (const job of Object.values(first)) {
      const records = job.ran?.records ?? []
      const told = `${job.ran?.log ?? ''}${records.map(({ summary }) => summary).join('')}${JSON.stringify(job.outputs)}`
      expect(told).not.toContain('secret-signature')
    }
  })
})

describePublishing(() => ({ lantern, first }))

/** The code and sentence of the first error of a job. */
const errorOf = ({ ran }: RanJob): string =>
  Object.values(ran?.annotations ?? {})
    .flat()
    .find(({ kind }) => kind === 'error')?.message ?? ''

/** Runs one job again after the first attempt, and gives what it says. */
async function refusal(id: string, change: Alone = {}, done: Attempt = first): Promise<string> {
  const job = await lantern.workflow.only(id, done, change)
  expect(job.ran?.conclusion).toBe('failure')
  expect(job.outputs.handover ?? '').toBe('')
  for (const name of ['packages', 'local'])
    if (id === 'publish') expect(existsSync(machineOf(job).out(name, 'simple'))).toBe(false)
  return errorOf(job)
}

const withOutput = (id: string, change: (said: Handover) => Partial<Handover>): Attempt => {
  const job = first[id]
  if (job === undefined) throw new Error(`no job ${id}`)
  const said = handoverOf(job)
  return { ...first, [id]: { ...job, outputs: { handover: JSON.stringify({ ...said, ...change(said) }) } } }
}
const run = (changes: Partial<Job['run']>): Alone => ({ job: (job) => ({ run: { ...job.run, ...changes } }) })

describe('a job that must not go on', () => {
  beforeAll(() => lantern.services.keep())
  afterEach(() => lantern.services.back())

  it.each(['failure', 'cancelled', 'skipped'] as const)(
    'after a sibling that ended as %s',
    async (result) => {
      const done = { ...first, 'build-b': { result, outputs: {}, attempt: 1 } }
      const said = await refusal('prove', { text: { if: 'always()' } }, done)
      expect(said).toMatch(/^job-failed: The earlier job build-b did not succeed\. Fix: /)
      // Without always() the runner does not even start it.
      expect((await lantern.workflow.only('prove', done)).result).toBe('skipped')
    }
  )

  it.each(['build-a', 'prove', 'publish'])('for a ref that is no tag: %s', async (id) => {
    const job: Alone['job'] = () => ({ ref: { type: 'branch', name: 'v1.0.0' } })
    expect(await refusal(id, { job, text: { if: 'always()' } })).toMatch(
      /^event-refused: The stage \w+ does not run for a tag\. Fix: /
    )
  })

  it.each([
    ['pull_request_target', /^event-refused: /],
    ['schedule', /^event-refused: /],
    ['pull_request', /^fork-refused: The stage publish runs on a pull request of a fork\. Fix: /]
  ])('on the event %s', async (event, sentence) => {
    expect(await refusal('publish', run({ event }))).toMatch(sentence)
  })

  it.each(['build-b', 'prove', 'publish'])('for another commit than the tag has: %s', async (id) => {
    expect(await refusal(id, run({ sha: 'a'.repeat(40) }))).toMatch(
      /^tag-moved: .* is not at the commit of this run\. Fix: /
    )
  })

  it('for a tag that has moved on the server, though the clone does not know', async () => {
    const { origin } = lantern
    const before = origin.git('rev-parse', 'refs/tags/v1.0.0').trim()
    const job: Alone['job'] = (made) => {
      // After the checkout: the clone has the tag as it was.
      const foreign: Job['foreign'] = (uses) => {
        const checkOut = made.foreign?.(uses)
        return checkOut === undefined
          ? undefined
          : () => {
              checkOut()
              origin.git('tag', '-f', 'v1.0.0', 'v0.0.1^{commit}')
              origin.git('update-server-info')
            }
      }
      return { foreign }
    }
    try {
      expect(await refusal('publish', { job })).toMatch(
        /^tag-moved: The tag "v1\.0\.0" has moved on the server\. Fix: /
      )
    } finally {
      origin.git('update-ref', 'refs/tags/v1.0.0', before)
      origin.git('update-server-info')
    }
  })

  it('after two builds on one machine, unless that is accepted', async () => {
    const { machine } = handoverOf(first['build-a'])
    const said = await refusal(
      'prove',
      {},
      withOutput('build-b', () => ({ machine }))
    )
    expect(said).toMatch(/^same-machine: Both worlds were built on one machine\. Fix: /)
  })

  it.each([
    [
      'other bytes under the name',
      false,
      /^handover-changed: What was given as tagproof-build-b-1-\w+ is something else\./
    ],
    [
      'another artifact under the name',
      true,
      /^handover-changed: The artifact tagproof-build-b-1-\w+ is not what was/
    ]
  ])('after %s', async (_name, relabel, sentence) => {
    await lantern.services.change('tagproof-build-b-1', 'other bytes', relabel)
    expect(await refusal('prove')).toMatch(sentence)
  })

  it('after a build of other documents: their hashes are those of the plan job', async () => {
    const before = readFileSync(machineOf(first['build-b']).out('plan.json'), 'utf8')
    await lantern.services.change('tagproof-plan-prove-1', before.replace('1.0.0', '1.0.1'), true)
    expect(await refusal('prove')).toMatch(/^handover-changed: /)
  })

  it.each([
    ['brief.json', 'another commit in the brief', /"commit": "[0-9a-f]/],
    ['proof.json', 'another commit in the proof', /"commit": "[0-9a-f]/],
    ['SHA256SUMS', 'another hash for people', /^[0-9a-f]/],
    ['packages/lantern-1.0.0.tar.gz', 'another byte in a package', /[\s\S]{100}/]
  ])(
    'after a prove that hands over another %s, and says so in its output: %s',
    async (file, _what, place) => {
      const [said] = handoverOf(first.prove).files
      const stored = (await lantern.services.artifacts()).find(({ name }) => name === said?.name)
      const parcel = await lantern.services.bytes(stored?.id ?? 0)
      const altered = alterMember(parcel, file, place)
      await lantern.services.change(said?.name ?? '', altered, true)
      const hash = sha256(createHash('sha256').update(altered).digest('hex'))
      const done = withOutput('prove', ({ files }) => ({
        files: files.map((one) => ({ ...one, sha256: hash }))
      }))
      expect(await refusal('publish', {}, done)).toMatch(
        /^(document-mismatch|document-invalid|hash-mismatch|tag-moved): /
      )
    }
  )

  it('with an artifact under our names that no job handed over', async () => {
    const attempt = 99
    await lantern.services.add(
      `tagproof-build-b-${attempt}-0123456789ab`,
      lantern.workflow.backendId,
      'planted'
    )
    expect(await refusal('prove')).toMatch(
      /^handover-extra: The run holds an artifact that no job handed over\. Fix: /
    )
    expect(await refusal('publish')).toMatch(/^handover-extra: /)
  })

  it('without an artifact that has expired, or is out of reach after all jobs were run again', async () => {
    await lantern.services.expire('tagproof-prove-1')
    expect(await refusal('publish')).toMatch(
      /^handover-missing: The artifact tagproof-prove-1-\w+ is not in this run any more\. Fix: /
    )
    expect(await refusal('build-b', { newRun: true })).toMatch(/^handover-missing: /)
  })

  it('without the outputs of the earlier jobs', async () => {
    const done = { ...first, prove: { ...first.prove, outputs: {} } } as Attempt
    expect(await refusal('publish', {}, done)).toMatch(
      /^handover-missing: No single job hands the prove over to publish\. Fix: /
    )
  })

  it('without id-token: write, and without an environment', async () => {
    expect(await refusal('publish', { text: { permissions: { contents: 'read' } } })).toMatch(
      /^permission-missing: The job that publishes may not ask for an id token\. Fix: /
    )
    expect(await refusal('publish', { job: withoutEnvironment })).toMatch(
      /^environment-missing: The job that publishes runs in no environment\. Fix: /
    )
  })

  it('with a secret that is not set', async () => {
    const job: Alone['job'] = ({ steps }) => ({
      steps: steps.map((step) =>
        step.with?.stage === 'publish'
          ? { ...step, with: { ...step.with, 'pypi-token': '${{ secrets.PYPI }}' } }
          : step
      ),
      secrets: { OTHER: 'another secret' }
    })
    expect(await refusal('publish', { job })).toMatch(
      /^secret-empty: The credential pypi-token is empty\. Fix: /
    )
  })

  it('beside an id token, where project code runs', async () => {
    const permissions = { contents: 'read', 'id-token': 'write' }
    for (const id of ['build-a', 'prove'])
      expect(await refusal(id, { text: { permissions } })).toMatch(/^single-job: /)
  })
})

describeReruns(() => ({ lantern, first }))

/** The token of a job that names none. */
function withoutEnvironment(job: Job): Partial<Job> {
  const [head, payload, tail] = job.runtimeToken.split('.')
  const { environment, ...claims } = JSON.parse(
    Buffer.from(payload ?? '', 'base64url').toString('utf8')
  ) as Record<string, unknown>
  expect(environment).toBe('release')
  return {
    runtimeToken: `${head ?? ''}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.${tail ?? ''}`
  }
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
}
