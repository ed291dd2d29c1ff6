import { beforeAll, describe, expect, it } from '@jest/globals'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { parseDocument } from '../../src/documents/reading.ts'
import type { Receipt } from '../../src/documents/receipt.ts'
import type { Release } from '../../src/documents/release.ts'
import { sha256OfBytes } from '../../src/platform/files.ts'
import type { Lantern } from './harness/lantern.ts'
import { indexToken, type IndexView } from './harness/run-index.ts'
import type { Alone, Attempt, RanJob } from './harness/workflow.ts'

const minutes = 60_000

const story = ({ ran }: RanJob): string => (ran?.conclusion === 'success' ? '' : (ran?.log ?? 'skipped'))
const outputsOf = (job: RanJob | undefined): Record<string, string> => job?.ran?.outputs.publish ?? {}
const receiptOf = (job: RanJob | undefined): Receipt =>
  parseDocument('receipt', Buffer.from(outputsOf(job).receipt ?? ''), 'the output receipt')
const writtenBy = (job: RanJob): string[] =>
  receiptOf(job)
    .destinations.filter(({ kind }) => kind === 'pypi')
    .flatMap(({ artifacts }) => artifacts.map((one) => `${one.found} ${one.written}`))
const posts = ({ requests }: IndexView): string[] =>
  requests.filter(({ method }) => method === 'POST').map(({ path, status }) => `${path} ${status}`)

/** The step that publishes is handed one more credential. */
const withSecret = (input: string, secret: string): Alone => ({
  job: ({ steps }) => ({
    steps: steps.map((step) =>
      step.with?.stage === 'publish'
        ? { ...step, with: { ...step.with, [input]: `\${{ secrets.${secret} }}` } }
        : step
    )
  })
})
const byToken = withSecret('pypi-token', 'PYPI')
/** For GnuPG, whose clock is a month behind in tests. */
const later = (): string => String(Math.floor(Date.now() / 1000) + 60)

/** What the index got of a release that has been through once, and what it gets of publishing again. */
export function describePublishing(given: () => { lantern: Lantern; first: Attempt }): void {
  const publishAgain = (change: Alone = {}): Promise<RanJob> =>
    given().lantern.workflow.only('publish', given().first, change)

  describe('publishing to the index', () => {
    let proven: { name: string; sha256: string }[]
    const expectAll = ({ files }: IndexView): void =>
      expect([...files].sort((one, other) => (one.name < other.name ? -1 : 1))).toEqual(proven)

    beforeAll(() => {
      const { machine } = given().first.publish ?? {}
      const { artifacts } = JSON.parse(readFileSync(machine?.out('release.json') ?? '', 'utf8')) as Release
      proven = artifacts
        .map(({ name, sha256 }) => ({ name, sha256: String(sha256) }))
        .sort((one, other) => (one.name < other.name ? -1 : 1))
    })

    it('by trusted publishing: what was proven is there, wheels first, read back, in receipt and summary', async () => {
      const { publish } = given().first
      const index = await given().lantern.services.index()
      expect(proven).toHaveLength(2)
      // What it had minted counts no more.
      expect(index.minted).toBe(0)
      expectAll(index)
      const stored = index.requests.filter((request) => request.stored).map(({ file }) => file?.name)
      expect(stored.map((name) => name?.endsWith('.whl'))).toEqual([true, false])
      expect(receiptOf(publish)).toMatchObject({
        complete: true,
        tag: 'v1.0.0',
        destinations: [{ kind: 'pypi' }, { kind: 'files' }]
      })
      const machine = publish?.machine
      expect(receiptOf(publish)).toEqual(
        parseDocument('receipt', readFileSync(machine?.out('receipt.json') ?? ''), 'receipt.json')
      )
      const summary = publish?.ran?.records.map((record) => record.summary).join('') ?? ''
      for (const { name } of proven) expect(summary).toContain(`| \`${name}\` | index `)
      expect(summary).toContain('All written. 1 of 1 names moved. Every file was read back')
      expect(publish?.ran?.log).toMatch(
        /index: lantern-1\.0\.0-py2\.py3-none-any\.whl sent, \d+ bytes \(1 of 2\)/
      )
    })

    it('and as files, with their hashes; the alias was moved once all was there', () => {
      const { files } = given().lantern
      const sums = proven.map(({ name, sha256 }) => `${sha256}  ${name}`)
      expect(readFileSync(path.join(files, '1.0.0/SHA256SUMS'), 'utf8').trim().split('\n')).toEqual(sums)
      const wheel = proven.find(({ name }) => name.endsWith('.whl'))
      expect(sha256OfBytes(readFileSync(path.join(files, 'lantern-1.0.whl')))).toBe(wheel?.sha256)
      expect(receiptOf(given().first.publish).destinations[1]).toMatchObject({
        names: [{ name: 'lantern-1.0.whl', before: null, moved: 'moved' }]
      })
    })

    it('a key that is handed over later signs the list, and no other step sees it', async () => {
      const { files, gpg } = given().lantern
      const sums = path.join(files, '1.0.0/SHA256SUMS')
      const job = await publishAgain(withSecret('apt-signing-key', 'SIGNING'))
      expect(story(job)).toBe('')
      await expect(
        gpg.gpg('--faked-system-time', later(), '--verify', `${sums}.asc`, sums)
      ).resolves.toBeDefined()
      const secret = 'BEGIN PGP PRIVATE KEY BLOCK'
      const records = job.ran?.records ?? []
      const holders = records.filter(({ environment }) => JSON.stringify(environment).includes(secret))
      expect(new Set(holders.map(({ id }) => id))).toEqual(new Set(['publish/publish']))
      expect(
        JSON.stringify([job.ran?.log, records.map(({ summary, outputs }) => [summary, outputs])])
      ).not.toContain(secret)
    })

    it('is told by the plan before anything is built: nothing of the version is there yet', () => {
      const { ran } = given().first.plan ?? {}
      const summary = ran?.records.map((record) => record.summary).join('') ?? ''
      expect(summary).toContain('| index: absent |')
      expect(summary).toMatch(/Destination index \(.*\): has no file of version 1\.0\.0 yet\./)
    })

    it('a rerun finds all of it, and writes nothing', async () => {
      const { services } = given().lantern
      const before = posts(await services.index())
      const again = await publishAgain()
      expect(story(again)).toBe('')
      expect(writtenBy(again)).toEqual(['identical no', 'identical no'])
      expect(receiptOf(again).complete).toBe(true)
      expect(posts(await services.index())).toEqual(before)
    })

    it('the same by a token, which only the step that publishes sees', async () => {
      const { services } = given().lantern
      await services.emptyIndex()
      const job = await publishAgain(byToken)
      expect(story(job)).toBe('')
      expectAll(await services.index())
      // Nothing tells whether a token counts but an upload that cannot be one (400).
      expect(posts(await services.index())).toEqual(['/legacy/ 400', '/legacy/ 200', '/legacy/ 200'])
      const holders = (job.ran?.records ?? []).filter(({ environment }) =>
        JSON.stringify(environment).includes(indexToken)
      )
      // The runner gives the inputs of a step to its last part as well, which removes the temporary folder.
      expect(holders.map(({ id, phase }) => `${id} ${phase}`)).toEqual([
        'publish/publish main',
        'publish/publish post'
      ])
      expect(JSON.stringify([job.ran?.log, job.outputs, job.ran?.outputs])).not.toContain(indexToken)
      expect(
        JSON.stringify(job.ran?.records.map(({ summary, outputs }) => [summary, outputs]))
      ).not.toContain(indexToken)
      expect(story(await publishAgain(byToken))).toBe('')
      expect(posts(await services.index())).toHaveLength(3)
    })

    it(
      'killed after the first file, the rerun sends the other one, and nothing twice',
      async () => {
        const { services } = given().lantern
        await services.emptyIndex()
        let killed = false
        const broken = await publishAgain({
          job: ({ kill }) => ({
            onLine: (line, child) => {
              if (/: lantern\S+ sent, /.test(line)) killed = kill(child)
            }
          })
        })
        expect([killed, broken.ran?.conclusion]).toEqual([true, 'failure'])
        const again = await publishAgain()
        expect(story(again)).toBe('')
        const index = await services.index()
        expectAll(index)
        const sent = index.requests.filter(({ stored }) => stored).map(({ file }) => file?.name)
        expect(new Set(sent).size).toBe(sent.length)
        expect(sent).toHaveLength(2)
        expect(writtenBy(again)[0]).toBe('identical no')
      },
      2 * minutes
    )

    it('no other job, and no other step, sees a credential in its environment', () => {
      const { first } = given()
      const holders: string[] = []
      for (const [id, { ran }] of Object.entries(first))
        for (const { id: step, phase, environment } of ran?.records ?? []) {
          const text = JSON.stringify(environment)
          expect(text).not.toContain(indexToken)
          if (text.includes('ACTIONS_ID_TOKEN_REQUEST')) holders.push(`${id}: ${step} ${phase}`)
          const credentials = Object.entries(environment).filter(
            ([name, value]) => /^INPUT_.*(TOKEN|PASSWORD|KEY)/.test(name) && !/^(unset)?$/.test(value)
          )
          if (id !== 'plan' && id !== 'publish') expect(credentials).toEqual([])
        }
      // What the runner gives to a job with id-token: write: to each of its steps, and there is no project code in it.
      expect(new Set(holders.map((holder) => holder.split(':')[0]))).toEqual(new Set(['publish']))
    })

    it('what the index mints is told nowhere', () => {
      for (const { ran } of Object.values(given().first))
        expect(JSON.stringify([ran?.log, ran?.outputs, ran?.records])).not.toMatch(/pypi-[A-Za-z0-9_-]{20,}/)
    })
  })
}
