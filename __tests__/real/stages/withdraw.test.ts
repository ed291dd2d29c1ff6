import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
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
/** Two code hosts: one of the project, and one with a copy. */
let hosts: FakeGithub[]
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
    ['github-token', 'own: ghs_writer\ncopy: ghs_writer']
  ])
}
const receipt = (): Receipt =>
  parseDocument('receipt', readFileSync(release.context.out.receipt), 'receipt.json')
const run = (options: Partial<WithdrawOptions> = {}): Promise<Withdrawal> =>
  withdraw({ ...release.context, log }, { dryRun: false, ...options }, credentials)
const latest = (): (string | undefined)[] => hosts.map(({ state }) => latestOf(state)?.tag)
const moves = (): string[] =>
  receipt().destinations.flatMap(({ name, names }) => names.map((one) => `${name} ${one.name} ${one.moved}`))

beforeEach(async () => {
  lines = []
  index = await startFakeIndex({ tokens: { [pypiToken]: {} } })
  index.project('tiny-demo')
  hosts = [await startFakeGithub(), await startFakeGithub({ name: 'copy' })]
  const [own, copy] = hosts
  release = await makeProvenRelease(
    [
      'destinations:',
      `  - { kind: pypi, index: { upload: '${index.uploadUrl.href}', simple: '${index.simpleUrl.href}' } }`,
      `  - { kind: github, name: own, api: '${own?.api ?? ''}', repository: octo/project }`,
      `  - { kind: github, name: copy, api: '${copy?.api ?? ''}', repository: octo/copy }`,
      ''
    ].join('\n')
  )
  const commit = (await release.project.git('rev-parse', 'v1.0^{commit}')).trim()
  for (const { state } of hosts) {
    state.tags.set('v1.0', { type: 'commit', sha: commit })
    state.tags.set('v0.9', { type: 'commit', sha: 'a'.repeat(40) })
    createRelease(state, { tag_name: 'v0.9' })
  }
  // As prove leaves them.
  mkdirSync(release.context.out.origins)
  for (const { name } of release.tiny.artifacts)
    writeFileSync(path.join(release.context.out.origins, `${name}.jsonl`), `{"member":"${name}"}\n`)
  await publish(release.context, credentials)
})
afterEach(async () => {
  await index.close()
  for (const host of hosts) await host.close()
  await release.remove()
})

describe('withdraw', () => {
  it('moves back what was moved, in reverse, and tells what is to be done by hand', async () => {
    expect(latest()).toEqual(['v1.0', 'v1.0'])
    const { text, names } = await run()
    expect(latest()).toEqual(['v0.9', 'v0.9'])
    expect(names.map(({ destination, name }) => `${destination.name} ${name.name}`)).toEqual([
      'copy latest',
      'copy release v1.0',
      'own latest',
      'own release v1.0'
    ])
    expect([receipt().withdrawn, moves()]).toEqual([
      true,
      [
        'own release v1.0 withdrawn',
        'own latest withdrawn',
        'copy release v1.0 withdrawn',
        'copy latest withdrawn'
      ]
    ])
    expect(text).toContain('own: latest  back to v0.9')
    expect(text).toContain('tiny-demo 1.0: with the tools of this index')
    for (const { name } of release.tiny.artifacts) expect(text).toContain(name)
    // Nothing was deleted.
    expect([...index.files.keys()].sort()).toEqual(release.tiny.artifacts.map(({ name }) => name).sort())
    for (const { state } of hosts) {
      const draft = state.releases.find(({ tag }) => tag === 'v1.0')
      const files = release.tiny.artifacts.flatMap(({ name }) => [name, `${name}.origins.jsonl`])
      const evidence = ['SHA256SUMS', 'proof.json', 'release.json', 'summary.md']
      expect(draft?.assets.map(({ name }) => name).sort()).toEqual([...files, ...evidence].sort())
      expect([draft?.draft, state.madeTags]).toEqual([true, []])
    }
  })

  it('again does nothing', async () => {
    await run()
    const before = hosts.map(({ state }) => [...state.writes])
    const { text } = await run()
    expect(text).toContain('No name of this release is to be moved back.')
    expect(hosts.map(({ state }) => state.writes)).toEqual(before)
  })

  it('that was cut off is finished by the next', async () => {
    const [own] = hosts
    own?.state.tokens.set('ghs_writer', 'read')
    await expect(run()).rejects.toMatchObject({ code: 'permission-missing' })
    // The other one was asked all the same.
    expect([latest(), receipt().withdrawn]).toEqual([['v1.0', 'v0.9'], false])
    own?.state.tokens.set('ghs_writer', 'write')
    const { names } = await run()
    expect([latest(), names.length, receipt().withdrawn]).toEqual([['v0.9', 'v0.9'], 2, true])
  })

  it('by a lost receipt that is found again on the servers changes nothing', async () => {
    const kept = readFileSync(release.context.out.receipt)
    await run()
    writeFileSync(release.context.out.receipt, kept)
    const { names } = await run()
    expect(names.map((one) => ('outcome' in one ? one.outcome : ''))).toEqual([
      'there',
      'there',
      'there',
      'there'
    ])
    expect(latest()).toEqual(['v0.9', 'v0.9'])
  })

  it('leaves what a newer release has taken', async () => {
    for (const { state } of hosts) {
      state.tags.set('v2', { type: 'commit', sha: 'b'.repeat(40) })
      createRelease(state, { tag_name: 'v2' })
    }
    const { text } = await run()
    expect(latest()).toEqual(['v2', 'v2'])
    expect(text).toContain('own: latest  stays: it stands for something newer by now')
  })

  it('tried only tells, without a credential', async () => {
    const before = hosts.map(({ requests }) => requests.length)
    const { text } = await withdraw({ ...release.context, log }, { dryRun: true }, noCredentials)
    expect(text).toContain('Would be moved back:')
    expect(text).toContain('own: latest  v1.0 → v0.9')
    expect(hosts.map(({ requests }) => requests.length)).toEqual(before)
    expect(moves().every((line) => line.endsWith(' moved'))).toBe(true)
  })

  it('can be published again, and withdrawn again', async () => {
    await run()
    await publish(release.context, credentials)
    expect([latest(), receipt().withdrawn]).toEqual([['v1.0', 'v1.0'], false])
    await run()
    expect(latest()).toEqual(['v0.9', 'v0.9'])
  })

  it('takes the receipt from where it was kept, with the documents beside it', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'tagproof-kept-'))
    const store = folderStore(path.join(folder, 'artifacts'))
    const place = { store, needs: {}, attempt: 2, machine: null }
    await keepReceipt({ ...release.context, log }, place)
    const [kept] = await store.list()
    expect(kept?.name).toMatch(/^tagproof-receipt-2-[0-9a-f]{12}$/)
    expect(lines.join('\n')).toContain(`kept as the artifact ${kept?.name ?? ''}`)
    const packed = path.join(folder, 'artifacts', kept?.name ?? '')
    await runProgram('tar', ['-xf', packed, '-C', folder], { env: plainEnvironment, timeoutSeconds: 20 })
    for (const file of ['receipt', 'release', 'proof', 'uploads'] as const) rmSync(release.context.out[file])
    await run({ receipt: path.join(folder, 'receipt.json') })
    expect(latest()).toEqual(['v0.9', 'v0.9'])
    await rm(folder, { recursive: true })
  })

  it('takes no receipt of another release, and none of elsewhere', async () => {
    const file = release.context.out.receipt
    const good = receipt()
    writeFileSync(file, JSON.stringify({ ...good, release: 'f'.repeat(64) }))
    await expect(run()).rejects.toMatchObject({ code: 'document-mismatch' })
    const elsewhere = good.destinations.map((one) => ({
      ...one,
      address: one.address.replace('127.0.0.1', 'host')
    }))
    writeFileSync(file, JSON.stringify({ ...good, destinations: elsewhere }))
    await expect(run()).rejects.toMatchObject({ code: 'document-mismatch' })
    rmSync(file)
    await expect(run()).rejects.toMatchObject({ code: 'input-missing' })
    expect(latest()).toEqual(['v1.0', 'v1.0'])
  })

  it('is a command, with its exit status', async () => {
    const { project, context } = release
    const args = ['--repository', project.folder, '--out', context.out.folder]
    const write = process.stdout.write.bind(process.stdout)
    let said = ''
    process.stdout.write = (text: string | Uint8Array): boolean => {
      said += String(text)
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
      names: { length: 4 }
    })
  })
})
