import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { main } from '../../../src/cli.ts'
import { parseDocument } from '../../../src/documents/reading.ts'
import type { Receipt } from '../../../src/documents/receipt.ts'
import { folderStore } from '../../../src/platform/artifacts/folder-store.ts'
import type { Log } from '../../../src/platform/log.ts'
import { plainEnvironment, run as runProgram } from '../../../src/platform/process.ts'
import { keepReceipt } from '../../../src/stages/keep-receipt.ts'
import { publish } from '../../../src/stages/publish.ts'
import type { Credentials } from '../../../src/stages/publish-destinations.ts'
import { withdraw, type Withdrawal, type WithdrawOptions } from '../../../src/stages/withdraw.ts'
import { startFakeGithub, type FakeGithub } from '../support/github/fake-github.ts'
import { createRelease } from '../support/github/releases.ts'
import { latestOf } from '../support/github/state.ts'
import { startFakeIndex, type FakeIndex } from '../support/pypi/fake-index.ts'
import { makeProvenRelease, noCredentials, type ProvenRelease } from '../support/proven-release.ts'

const pypiToken = 'pypi-token-of-the-project-0123456789'

let index: FakeIndex
let host: FakeGithub
/** Flat files. */
let folder: string
let earlier: ProvenRelease
let release: ProvenRelease
let lines: string[]

const log: Log = {
  info: (line) => void lines.push(line),
  warn: (line) => void lines.push(line),
  begin: () => ({ line: () => undefined, done: () => undefined, failed: () => undefined })
}
const credentials: Credentials = {
  ...noCredentials,
  given: new Map([
    ['pypi-token', pypiToken],
    ['github-token', 'ghs_writer']
  ])
}
const receipt = (): Receipt =>
  parseDocument('receipt', readFileSync(release.context.out.receipt), 'receipt.json')
const run = (options: Partial<WithdrawOptions> = {}): Promise<Withdrawal> =>
  withdraw({ ...release.context, log }, { dryRun: false, ...options }, credentials)
/** What users get under the names that move: the tag of the latest release, and the version of the alias. */
const latest = (): string[] => {
  const bytes = readFileSync(path.join(folder, 'tiny-latest.tar.gz'))
  const alias = [earlier, release].find(({ tiny }) => tiny.bytes.get(sdistOf(tiny))?.equals(bytes))
  return [latestOf(host.state)?.tag ?? 'none', alias?.tiny.version ?? 'none']
}
const sdistOf = ({ version }: { version: string }): string => `tiny_demo-${version}.tar.gz`
const moves = (): string[] =>
  receipt().destinations.flatMap(({ name, names }) => names.map((one) => `${name} ${one.name} ${one.moved}`))

beforeEach(async () => {
  lines = []
  index = await startFakeIndex({ tokens: { [pypiToken]: {} } })
  index.project('tiny-demo')
  host = await startFakeGithub()
  folder = await mkdtemp(path.join(tmpdir(), 'tagproof-flat-'))
  const config = [
    'destinations:',
    `  - { kind: pypi, index: { upload: '${index.uploadUrl.href}', simple: '${index.simpleUrl.href}' } }`,
    `  - { kind: github, api: '${host.api}', repository: octo/project }`,
    `  - { kind: files, store: { kind: directory, path: '${folder}' }, aliases: { tiny-latest.tar.gz: '*.tar.gz' } }`,
    ''
  ].join('\n')
  earlier = await publishOne(config, '0.9')
  release = await publishOne(config, '1.0')
})
afterEach(async () => {
  await index.close()
  await host.close()
  await earlier.remove()
  await release.remove()
  await rm(folder, { recursive: true })
})

async function publishOne(config: string, version: string): Promise<ProvenRelease> {
  const made = await makeProvenRelease(config, { version, text: version })
  const commit = (await made.project.git('rev-parse', `v${version}^{commit}`)).trim()
  host.state.tags.set(`v${version}`, { type: 'commit', sha: commit })
  // As prove leaves them.
  mkdirSync(made.context.out.origins)
  for (const { name } of made.tiny.artifacts)
    writeFileSync(path.join(made.context.out.origins, `${name}.jsonl`), `{"member":"${name}"}\n`)
  await publish(made.context, credentials)
  return made
}

describe('withdraw', () => {
  const there = ['v1.0', '1.0']
  const back = ['v0.9', '0.9']

  it('moves back what was moved, in reverse, and tells what is to be done by hand', async () => {
    expect(latest()).toEqual(there)
    const filesBefore = readdirSync(folder, { recursive: true }).sort()
    const { text, names } = await run()
    expect(latest()).toEqual(back)
    expect(names.map(({ destination, name }) => `${destination.name} ${name.name}`)).toEqual([
      'github latest',
      'github release v1.0',
      'files tiny-latest.tar.gz'
    ])
    expect([receipt().withdrawn, moves()]).toEqual([
      true,
      ['files tiny-latest.tar.gz withdrawn', 'github release v1.0 withdrawn', 'github latest withdrawn']
    ])
    expect(text).toContain('github: latest  back to v0.9')
    expect(text).toContain('tiny-demo 1.0: with the tools of this index')
    for (const { name } of release.tiny.artifacts) expect(text).toContain(name)
    // Nothing was deleted.
    expect(index.files.size).toBe(6)
    expect(readdirSync(folder, { recursive: true }).sort()).toEqual(filesBefore)
    const draft = host.state.releases.find(({ tag }) => tag === 'v1.0')
    const files = release.tiny.artifacts.flatMap(({ name }) => [name, `${name}.origins.jsonl`])
    const evidence = ['SHA256SUMS', 'proof.json', 'release.json', 'summary.md']
    expect(draft?.assets.map(({ name }) => name).sort()).toEqual([...files, ...evidence].sort())
    expect([draft?.draft, host.state.madeTags]).toEqual([true, []])

    // Again: nothing is left to do.
    const before = [...host.state.writes]
    expect((await run()).text).toContain('No name of this release is to be moved back.')
    expect([host.state.writes, latest()]).toEqual([before, back])

    // The release may come back, and go again.
    await publish(release.context, credentials)
    expect([latest(), receipt().withdrawn]).toEqual([there, false])
    await run()
    expect(latest()).toEqual(back)
  })

  it('that was cut off is finished by the next', async () => {
    host.state.tokens.set('ghs_writer', 'read')
    await expect(run()).rejects.toMatchObject({ code: 'permission-missing' })
    // The other one was asked all the same.
    expect([latest(), receipt().withdrawn]).toEqual([['v1.0', '0.9'], false])
    host.state.tokens.set('ghs_writer', 'write')
    const { names } = await run()
    expect([latest(), names.length, receipt().withdrawn]).toEqual([back, 2, true])
  })

  it('tells what is there already, where the receipt does not know it', async () => {
    const kept = readFileSync(release.context.out.receipt)
    await run()
    writeFileSync(release.context.out.receipt, kept)
    const { names } = await run()
    expect(names.map((one) => ('outcome' in one ? one.outcome : ''))).toEqual(['there', 'there', 'there'])
    expect(latest()).toEqual(back)
  })

  it('leaves what a newer release has taken', async () => {
    host.state.tags.set('v2', { type: 'commit', sha: 'b'.repeat(40) })
    createRelease(host.state, { tag_name: 'v2' })
    writeFileSync(path.join(folder, 'tiny-latest.tar.gz'), 'newer')
    const { text } = await run()
    expect(latest()).toEqual(['v2', 'none'])
    expect(text).toContain('github: latest  stays: it stands for something newer by now')
    expect(text).toContain('files: tiny-latest.tar.gz  stays: it stands for something newer by now')
  })

  it('tried only tells, without a credential', async () => {
    const before = host.requests.length
    const { text } = await withdraw({ ...release.context, log }, { dryRun: true }, noCredentials)
    expect(text).toContain('Would be moved back:')
    expect(text).toContain('github: latest  v1.0 → v0.9')
    expect(host.requests.length).toBe(before)
    expect(moves().every((line) => line.endsWith(' moved'))).toBe(true)
    const real = withdraw({ ...release.context, log }, { dryRun: false }, noCredentials)
    await expect(real).rejects.toMatchObject({ code: 'login-refused' })
    expect(host.requests.length).toBe(before)

    const { project, context } = release
    const args = ['--repository', project.folder, '--out', context.out.folder]
    const write = process.stdout.write.bind(process.stdout)
    let said = ''
    process.stdout.write = (written: string | Uint8Array): boolean => {
      said += String(written)
      return true
    }
    try {
      expect(await main(['withdraw', '--dry-run', '--json', ...args])).toBe(0)
    } finally {
      process.stdout.write = write
    }
    expect(JSON.parse(said)).toMatchObject({
      schema: 'tagproof/withdrawal/1',
      dryRun: true,
      names: { length: 2 }
    })
    expect(latest()).toEqual(['v1.0', '0.9'])
  })

  it('takes the receipt from where it was kept, with the documents beside it', async () => {
    const kept = await mkdtemp(path.join(tmpdir(), 'tagproof-kept-'))
    const store = folderStore(path.join(kept, 'artifacts'))
    const place = { store, needs: {}, attempt: 2, machine: null }
    await keepReceipt({ ...release.context, log }, place)
    const [artifact] = await store.list()
    expect(artifact?.name).toMatch(/^tagproof-receipt-2-[0-9a-f]{12}$/)
    expect(lines.join('\n')).toContain(`kept as the artifact ${artifact?.name ?? ''}`)
    const packed = path.join(kept, 'artifacts', artifact?.name ?? '')
    await runProgram('tar', ['-xf', packed, '-C', kept], { env: plainEnvironment, timeoutSeconds: 20 })
    for (const file of ['receipt', 'release', 'proof', 'uploads'] as const) rmSync(release.context.out[file])
    await run({ receipt: path.join(kept, 'receipt.json') })
    expect(latest()).toEqual(back)
    await rm(kept, { recursive: true })
  })

  it('takes no receipt of another release, and none of elsewhere', async () => {
    const file = release.context.out.receipt
    const good = receipt()
    writeFileSync(file, JSON.stringify({ ...good, release: 'f'.repeat(64) }))
    await expect(run()).rejects.toMatchObject({ code: 'document-mismatch' })
    const elsewhere = good.destinations.map((one) => ({ ...one, address: `${one.address}x` }))
    writeFileSync(file, JSON.stringify({ ...good, destinations: elsewhere }))
    await expect(run()).rejects.toMatchObject({ code: 'document-mismatch' })
    rmSync(file)
    await expect(run()).rejects.toMatchObject({ code: 'input-missing' })
    expect(latest()).toEqual(there)
  })
})
