import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { main } from '../../../src/cli.ts'
import { destinationChecks } from '../../../src/doctor/destination-checks.ts'
import { readConfig } from '../../../src/documents/config-reading.ts'
import { destinationSettings } from '../../../src/documents/destination-settings.ts'
import { parseDocument } from '../../../src/documents/reading.ts'
import type { Receipt } from '../../../src/documents/receipt.ts'
import { TagproofError } from '../../../src/platform/errors.ts'
import { identityToken } from '../../../src/platform/github-identity.ts'
import { credentialVariable } from '../../../src/platform/secrets.ts'
import { askDestinations } from '../../../src/stages/doctor-destinations.ts'
import { publish, type Published } from '../../../src/stages/publish.ts'
import type { Credentials } from '../../../src/stages/publish-destinations.ts'
import { startIdentityProvider, type IdentityServer } from '../support/pypi/identity-provider.ts'
import { startFakeIndex, type FakeIndex } from '../support/pypi/fake-index.ts'
import { makeProvenRelease, noCredentials, type ProvenRelease } from '../support/proven-release.ts'

const token = 'pypi-token-of-the-project-0123456789'

let identity: IdentityServer
let index: FakeIndex
let release: ProvenRelease

const config = (more = ''): string =>
  `destinations:\n  - kind: pypi\n    index: { upload: '${index.uploadUrl.href}', simple: '${index.simpleUrl.href}' }\n${more}`
const tokenVariable = credentialVariable('pypi-token')
const run = (changes: Partial<Credentials> = {}): Promise<Published> =>
  publish(release.context, { ...noCredentials, given: new Map([['pypi-token', token]]), ...changes })
const names = (): string[] => release.tiny.artifacts.map(({ name }) => name)
const onIndex = (): string[] => [...index.files.keys()].sort()
const receipt = (): Receipt =>
  parseDocument('receipt', readFileSync(release.context.out.receipt), 'receipt.json')

beforeAll(async () => {
  identity = await startIdentityProvider()
})
afterAll(() => identity.close())
beforeEach(async () => {
  index = await startFakeIndex({ tokens: { [token]: {} }, issuers: [identity.provider.issuer] })
  index.project('tiny-demo')
})
afterEach(async () => {
  await index.close()
  await release.remove()
})

describe('publish', () => {
  it('sends what was proven where the tag says, reads it back, and says so in receipt and summary', async () => {
    release = await makeProvenRelease(config('  - { kind: directory, path: given }\n'))
    const { artifacts } = await run()
    expect(onIndex()).toEqual(names().sort())
    expect(artifacts.map(({ destination, found, written }) => [destination, found, written])).toEqual([
      ...names().map(() => ['index', 'absent', 'sent']),
      ...names().map(() => ['directory', 'absent', 'sent'])
    ])
    expect(receipt()).toMatchObject({
      complete: true,
      destinations: [{ name: 'index' }, { name: 'directory' }]
    })
    for (const folder of [release.project.folder + '/given', release.context.out.local + '/simple'])
      expect(readFileSync(path.join(folder, 'tiny-demo', names()[0] ?? ''))).toEqual(
        release.tiny.bytes.get(names()[0] ?? '')
      )
    const files = path.join(release.context.out.local, 'files', release.tiny.version)
    expect(readFileSync(path.join(files, 'SHA256SUMS'), 'utf8').trim().split('\n')).toEqual(
      release.tiny.files.map(({ name, sha256 }) => `${sha256}  ${name}`).sort()
    )
    const page = readFileSync(release.context.out.publishSummary, 'utf8')
    expect(page).toContain('All written. Every file was read back')
    expect(page).toMatch(/\| `tiny_demo-1\.0-py3-none-any\.whl` \| index .* \| absent \| yes \| /)
  })

  it('twice writes nothing the second time, and without a receipt neither', async () => {
    release = await makeProvenRelease(config())
    await run()
    const uploads = (): number => index.requests.filter(({ method }) => method === 'POST').length
    const before = uploads()
    rmSync(release.context.out.receipt)
    const { artifacts } = await run()
    expect(artifacts.map(({ written }) => written)).toEqual(names().map(() => 'no'))
    expect(uploads()).toBe(before)
    expect(readFileSync(release.context.out.publishSummary, 'utf8')).toContain('nothing was written')
  })

  it('without destinations leaves the machine alone', async () => {
    release = await makeProvenRelease('')
    const { artifacts } = await publish(release.context, noCredentials)
    expect(artifacts).toEqual([])
    expect(receipt()).toMatchObject({ complete: true, destinations: [] })
    expect(readFileSync(release.context.out.publishSummary, 'utf8')).toContain('nothing left this machine')
    expect(index.requests).toEqual([])
  })

  it('goes by the tag alone: a configuration in the work tree, and one that was committed later, change nothing', async () => {
    release = await makeProvenRelease('')
    await release.project.write({ '.github/tagproof.yml': config() })
    await release.project.commit()
    expect((await publish(release.context, noCredentials)).artifacts).toEqual([])
    expect(index.requests).toEqual([])
  })

  it.each([
    [
      'a configuration from outside the tag',
      { trust: { config: 'outside' as const, lock: 'tag' as const, singleJob: false } },
      'release-refused'
    ],
    ['a refusal', { verdict: 'refused' as const, artifacts: [] }, 'release-refused']
  ])('refuses %s, and asks no server', async (_what, changes, code) => {
    release = await makeProvenRelease(config())
    await release.prove(changes)
    expect((await failure(run())).code).toBe(code)
    expect(index.requests).toEqual([])
  })

  it('refuses an uploads.json that is not the one of the proof, a package that was changed, and a tag that has moved', async () => {
    release = await makeProvenRelease(config())
    const { out } = release.context
    const text = readFileSync(out.uploads, 'utf8')
    writeFileSync(out.uploads, text.replace('"first"', '"other"'))
    expect((await failure(run())).code).toBe('document-mismatch')
    writeFileSync(out.uploads, text)
    for (const page of [out.sums, out.summary]) {
      const said = readFileSync(page, 'utf8')
      writeFileSync(page, said.replace(/[0-9a-f]{64}/, '0'.repeat(64)))
      expect((await failure(run())).code).toBe('document-mismatch')
      writeFileSync(page, said)
    }
    const file = path.join(out.packages, names()[0] ?? '')
    writeFileSync(file, 'other bytes')
    expect((await failure(run())).code).toBe('hash-mismatch')
    writeFileSync(file, release.tiny.bytes.get(names()[0] ?? '') ?? '')
    await release.project.commit('another')
    await release.project.git('tag', '-f', 'v1.0')
    expect((await failure(run())).code).toBe('tag-moved')
    expect(index.requests).toEqual([])
  })

  it('says where a token comes from when there is none, before anything is written', async () => {
    release = await makeProvenRelease(config('  - { kind: directory, path: given }\n'))
    const { status, stderr } = await command(['publish'])
    expect(status).toBe(3)
    expect(stderr).toMatch(/login-refused: .*\n(.*\n)* {2}fix {7}Set TAGPROOF_PYPI_TOKEN/)
    expect(onIndex()).toEqual([])
    expect(() => readFileSync(path.join(release.project.folder, 'given/index.html'))).toThrow('ENOENT')
  })

  it('publishes without any secret, by the identity of the workflow', async () => {
    index.publisher('tiny-demo')
    release = await makeProvenRelease(config())
    const environment = identity.environment
    const said: string[] = []
    const onSecret = (secret: string): void => void said.push(secret)
    await run({
      given: new Map(),
      identityToken: (http, audience) => identityToken(http, environment, audience, onSecret),
      onSecret
    })
    expect(onIndex()).toEqual(names().sort())
    expect(receipt().complete).toBe(true)
    // The token that the index had minted does not outlive the run.
    expect([...index.state.tokens.values()].filter(({ kind }) => kind === 'publisher')).toEqual([])
    expect(said.length).toBeGreaterThan(1)
  })

  it('takes the token of the command out of the environment, and prints it nowhere', async () => {
    release = await makeProvenRelease(config())
    const { status, stdout, stderr, left } = await command(['publish', '--json'], token)
    expect([status, left]).toEqual([0, undefined])
    expect(parseDocument('receipt', Buffer.from(stdout), 'stdout')).toEqual(receipt())
    expect(onIndex()).toEqual(names().sort())
    expect(stderr).toMatch(/index: tiny_demo-1\.0-py\d-none-any\.whl sent, \d+ bytes \(1 of 3\)/)
    for (const text of [stdout, stderr, readFileSync(release.context.out.receipt, 'utf8')])
      expect(text).not.toContain(token)
  })

  it('stopped by Ctrl-C between two files leaves a receipt that is right, and goes on from there', async () => {
    release = await makeProvenRelease(config())
    const stopped = await command(['publish'], token, (line) => {
      if (line.includes('(1 of 3)')) process.emit('SIGINT')
    })
    expect([stopped.status, onIndex().length]).toEqual([130, 1])
    expect(stopped.stderr).toContain('cancelled: Stopped on request.')
    const written = (): string[] => receipt().destinations[0]?.artifacts.map((one) => one.written) ?? []
    expect([written(), receipt().complete]).toEqual([['sent', 'no', 'no'], false])
    const { status, stdout } = await command(['publish'], token)
    expect(status).toBe(0)
    expect(stdout).toContain('2 of 3 written; the others were there already, with the same bytes.')
    expect([written(), receipt().complete]).toEqual([['sent', 'sent', 'sent'], true])
    expect(index.requests.filter(({ stored }) => stored)).toHaveLength(3)
  })

  it('refuses a token that nothing needs', async () => {
    release = await makeProvenRelease('')
    const { status, stderr } = await command(['publish'], token)
    expect(status).toBe(2)
    expect(stderr).toMatch(/usage: The variable TAGPROOF_PYPI_TOKEN was handed over, and no destination/)
    expect(stderr).not.toContain(token)
  })
})

describe('doctor --publish', () => {
  const ask = async (given: Partial<Credentials> = {}): Promise<string[]> => {
    const settings = readConfig(config(), 'c').destinations.map(destinationSettings)
    const facts = await askDestinations(release.context, settings, new Map(), { ...noCredentials, ...given })
    return destinationChecks(facts).map(({ state, what }) => `${state} ${what}`)
  }

  it('asks whether the release would be taken, and sends nothing', async () => {
    release = await makeProvenRelease(config())
    expect(await ask({ given: new Map([['pypi-token', token]]) })).toEqual([
      `ok index (${index.simpleUrl.href}) takes this release`
    ])
    expect(await ask({ given: new Map([['pypi-token', 'pypi-of-nobody-0123456789']]) })).toEqual([
      `fail index (${index.simpleUrl.href}) would refuse this release (login-refused)`
    ])
    const refuse = (): Promise<never> => Promise.reject(new TagproofError('login-refused', 'No workflow.'))
    expect(await ask({ identityToken: refuse })).toEqual([
      `warn index (${index.simpleUrl.href}): login not tried, the rest is in order`
    ])
    index.project('tiny-demo', { status: 'archived' })
    expect(await ask({ given: new Map([['pypi-token', token]]) })).toEqual([
      `fail index (${index.simpleUrl.href}) would refuse this release (project-refused)`
    ])
    expect([onIndex(), index.requests.filter(({ stored }) => stored)]).toEqual([[], []])
    rmSync(release.context.out.release)
    expect(await ask()).toEqual([`warn Not asked: ${release.context.out.folder} holds no proven release`])
  })
})

/** Runs the command as a terminal would, in this process. */
async function command(
  args: readonly string[],
  given?: string,
  onLine: (text: string) => void = () => undefined
): Promise<{ status: number; stdout: string; stderr: string; left: string | undefined }> {
  const [out, error] = [process.stdout.write.bind(process.stdout), process.stderr.write.bind(process.stderr)]
  const said = { stdout: '', stderr: '' }
  process.stdout.write = (text: string | Uint8Array) => ((said.stdout += String(text)), true)
  process.stderr.write = (text: string | Uint8Array) => {
    said.stderr += String(text)
    onLine(String(text))
    return true
  }
  if (given !== undefined) process.env[tokenVariable] = given
  try {
    const { project, context } = release
    const status = await main([...args, '--repository', project.folder, '--out', context.out.folder])
    return { status, ...said, left: process.env[tokenVariable] }
  } finally {
    Reflect.deleteProperty(process.env, tokenVariable)
    process.stdout.write = out
    process.stderr.write = error
  }
}

async function failure(done: Promise<unknown>): Promise<TagproofError> {
  const thrown = await done.then(
    () => null,
    (error: unknown) => error
  )
  if (thrown instanceof TagproofError) return thrown
  throw new Error('nothing was refused', { cause: thrown })
}
