import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { describeError, TagproofError } from '../../../../src/platform/errors.ts'
import { pypiDestination } from '../../../../src/destinations/pypi/destination.ts'
import { requestOf, runDestination, type Asked, type Run } from '../../support/pypi/destination-run.ts'
import { startFakeIndex, type FakeIndex } from '../../support/pypi/fake-index.ts'
import { interpose, type Interposed, type Script } from '../../support/pypi/interposed.ts'
import { makeTinyRelease, type TinyRelease } from '../../support/pypi/tiny-release.ts'

let index: FakeIndex
let between: Interposed | null
let release: TinyRelease

beforeEach(async () => {
  index = await startFakeIndex({ tokens: { 'pypi-secret': { projects: 'all' } } })
  index.project('tiny-demo', { owners: ['maintainer'] })
  release = await makeTinyRelease()
  between = null
})
afterEach(async () => {
  await between?.close()
  await index.close()
  await release.remove()
})

const publish = (more: Partial<Asked> = {}): Promise<Run> =>
  runDestination({ index: between ?? index, release, ...more })
const names = (): string[] => release.uploads.map(({ name }) => name)
const first = (): string => names()[0] ?? ''
const stored = (): string[] => index.state.writes.filter((write) => write.startsWith('file '))

async function refusal(more: Partial<Asked> = {}): Promise<TagproofError> {
  const error: unknown = await publish(more).then(
    () => new Error('it was published'),
    (thrown: unknown) => thrown
  )
  if (error instanceof TagproofError) return error
  throw error
}

/** Does something to one upload of the first file; the proof of the login is the first request to that address. */
async function atUpload(script: Script, count = 2): Promise<void> {
  between = await interpose(index, (request, forward) =>
    request.path === '/legacy/' && request.count === count ? script(request, forward) : null
  )
}

describe('an upload that goes wrong', () => {
  it.each<[string, Script]>([
    ['502 after it was stored', async (_request, forward) => (await forward(), { status: 502 })],
    ['500 after it was stored', async (_request, forward) => (await forward(), { status: 500 })],
    [
      'a connection that breaks after it was stored',
      (_request, forward) => forward().then(() => 'broken' as const)
    ],
    ['409 after it was stored', async (_request, forward) => (await forward(), { status: 409 })]
  ])('is not sent again: %s', async (_what, script) => {
    await atUpload(script)
    const { written } = await publish()
    expect(written).toEqual(names().map((name, at) => `${at === 0 ? 'there' : 'sent'} ${name}`))
    expect(index.requests.filter(({ file }) => file?.name === first())).toHaveLength(1)
  })

  it.each<[string, Script]>([
    ['503 before it was stored', () => ({ status: 503, headers: { 'retry-after': '0' } })],
    ['429', () => ({ status: 429, headers: { 'retry-after': '0' } })],
    ['a connection that breaks before', () => 'broken']
  ])('is sent again after the hash was asked for: %s', async (_what, script) => {
    await atUpload(script)
    const { written } = await publish()
    expect(written).toEqual(names().map((name) => `sent ${name}`))
    expect(stored()).toHaveLength(3)
  })

  it('waits as long as Retry-After says', async () => {
    await atUpload(() => ({ status: 429, headers: { 'retry-after': '1' } }))
    const started = Date.now()
    await publish()
    expect(Date.now() - started).toBeGreaterThanOrEqual(990)
  })

  it('is given up after its attempts, with what the server said; a rerun sends the rest', async () => {
    between = await interpose(index, ({ path: at, count }) =>
      at === '/legacy/' && count > 2
        ? { status: 503, body: Buffer.from('{"message":"Down for repairs"}') }
        : null
    )
    const error = await refusal()
    expect([error.code, error.detail.found]).toEqual(['upload-refused', '503: Down for repairs'])
    expect(stored()).toHaveLength(1)
    await between.close()
    between = null
    const { states, written } = await publish()
    expect(states.map(({ state }) => state)).toEqual(['identical', 'absent', 'absent'])
    expect(written).toHaveLength(2)
    expect(stored()).toHaveLength(3)
  })

  it('stops where another file took the name meanwhile', async () => {
    const other = await makeTinyRelease({ text: 'other' })
    const error = await refusal({
      attest: async () => {
        await runDestination({ index, release: other })
        return new Map()
      }
    })
    await other.remove()
    expect(error.code).toBe('destination-different')
    expect(error.detail).toMatchObject({
      found: other.uploads[0]?.sha256,
      expected: release.uploads[0]?.sha256
    })
    expect(stored()).toHaveLength(3)
  })

  it('counts as done where the same file came meanwhile', async () => {
    const { written } = await publish({
      attest: async () => {
        await runDestination({ index, release })
        return new Map()
      }
    })
    expect(written).toHaveLength(3)
    expect(stored()).toHaveLength(3)
  })

  it('tells a name that a deleted file has used up', async () => {
    await publish()
    index.remove(first())
    const error = await refusal()
    expect(error.code).toBe('upload-refused')
    expect(error.detail.found).toMatch(/previously used by a file that has since been deleted/)
    expect(error.detail.fix).toMatch(/new version/)
  })

  it('never completes another file than the proven one', async () => {
    const error = await refusal({
      attest: async () => {
        const content = Buffer.from(release.bytes.get(first()) ?? [])
        content.writeUInt8(content.readUInt8(content.length - 1) ^ 1, content.length - 1)
        await writeFile(path.join(release.folder, first()), content)
        return new Map()
      }
    })
    expect(error.code).toBe('hash-mismatch')
    expect(stored()).toEqual([])
    expect(index.requests.every(({ file }) => file === null)).toBe(true)
  })

  it.each([
    ['grew', (content: Buffer) => Buffer.concat([content, Buffer.from('x')])],
    ['shrank', (content: Buffer) => content.subarray(1)]
  ])('never completes a file that %s', async (_how, change) => {
    const error = await refusal({
      attest: async () => {
        await writeFile(
          path.join(release.folder, first()),
          change(release.bytes.get(first()) ?? Buffer.alloc(0))
        )
        return new Map()
      }
    })
    expect(error.code).toBe('hash-mismatch')
    expect(stored()).toEqual([])
  })
})

describe('before the first upload', () => {
  it('a wrong token is found, and not shown even if the server shows it', async () => {
    const token = 'pypi-wrong'
    between = await interpose(index, ({ path: at, headers }) =>
      at === '/legacy/'
        ? { status: 403, body: Buffer.from(`no: ${headers.authorization ?? ''} ${token}`) }
        : null
    )
    const error = await refusal({ credentials: { kind: 'token', token } })
    expect(error.code).toBe('login-refused')
    expect(error.detail.found).toBe('403: Forbidden: no: Basic *** ***')
    expect(describeError(error)).not.toContain(Buffer.from(`__token__:${token}`).toString('base64'))
    expect(index.state.writes).toEqual([])
  })

  it('an index that takes nothing at this time is found', async () => {
    between = await interpose(index, ({ path: at }) =>
      at === '/legacy/'
        ? {
            status: 403,
            body: Buffer.from('{"code":"403 Read-only mode: Uploads are temporarily disabled."}')
          }
        : null
    )
    expect((await refusal()).detail.fix).toMatch(/takes no uploads at this time/)
  })

  it('an address that sends us elsewhere is found, and gets no token there', async () => {
    const uploadUrl = new URL('/legacy', index.uploadUrl)
    const error = await refusal({ index: { ...index, uploadUrl } })
    expect(error.code).toBe('upload-refused')
    expect(error.detail.fix).toMatch(/final address/)
    expect(index.requests.some(({ path: at }) => at === '/legacy/')).toBe(false)
  })

  it('other bytes under the name are told by their hash', async () => {
    const other = await makeTinyRelease({ text: 'other' })
    await runDestination({ index, release: other })
    const request = requestOf({ index, release })
    const destination = pypiDestination(request)
    index.requests.length = 0
    await destination.preflight()
    const states = await destination.state()
    // What stops everything needs no login.
    expect(index.requests.every(({ method }) => method === 'GET')).toBe(true)
    expect(states).toEqual(
      release.uploads.map(({ name }, at) => ({ name, state: 'different', found: other.uploads[at]?.sha256 }))
    )
    await destination.close()
    request.http.close()
    await other.remove()
  })

  it.each([
    ['archived', /Un-archive/],
    ['quarantined', /administrators/]
  ] as const)('a project that is %s is found', async (status, fix) => {
    const project = index.state.projects.get('tiny-demo')
    if (project !== undefined) project.status = status
    const error = await refusal()
    expect(error.code).toBe('project-refused')
    expect(error.detail.fix).toMatch(fix)
  })

  it('a project that is deprecated is told, and published', async () => {
    const project = index.state.projects.get('tiny-demo')
    if (project !== undefined) project.status = 'deprecated'
    const lines: string[] = []
    await publish({ lines })
    expect(lines.join()).toMatch(/shows tiny-demo as deprecated/)
  })

  it('a project that is not there is not made by a typing error', async () => {
    index.state.projects.clear()
    expect((await refusal()).code).toBe('project-refused')
    expect((await publish({ createProject: true })).written).toHaveLength(3)
  })

  it('a release that is too old is found; a complete one is still read back', async () => {
    await atUpload(() => ({ status: 400, body: Buffer.from('{"code":"400 no"}') }), 3)
    expect((await refusal()).code).toBe('upload-refused')
    const lines: string[] = []
    await between?.close()
    between = null
    await refusal({ lines, attest: () => Promise.reject(new TagproofError('signing-failed', 'no')) })
    expect(lines.join()).toMatch(/has a part of tiny-demo 1\.0, and takes the rest until/)
    index.advance(14 * 86_400_000 + 60_000)
    const error = await refusal()
    expect(error.code).toBe('project-refused')
    expect(error.detail.fix).toMatch(/can no longer be completed/)
    index.advance(-14 * 86_400_000)
    await publish()
    index.advance(20 * 86_400_000)
    expect((await publish()).written).toEqual([])
  })
})
