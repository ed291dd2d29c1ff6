import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { Destination } from '../../../../src/destinations/destination.ts'
import type { PypiRequest } from '../../../../src/destinations/pypi/destination.ts'
import { tokenLogin } from '../../../../src/destinations/pypi/login.ts'
import { uploadFile } from '../../../../src/destinations/pypi/upload.ts'
import { filesForUsers } from '../../support/pypi/judge.ts'
import { makeTinyRelease } from '../../support/pypi/tiny-release.ts'
import { makeBench, openIndex, publishOnce, type Bench, type Change } from './rig.ts'
import { judgeFault } from './violations.ts'

/** Each protection, and the harm that is seen without it: the matrix would notice. */

const mode = { trusted: false, attest: null }
let bench: Bench
let uploads: number[]

beforeAll(async () => {
  bench = await makeBench()
  const index = await openIndex(bench)
  const { seen } = await publishOnce(bench, index, mode, 'none')
  await index.close()
  // The first of them proves the login, and sends no file.
  uploads = [...seen.keys()].filter((at) => seen[at]?.line === 'POST /legacy/').slice(1)
})
afterAll(() => bench.close())

/** Whatever becomes of an answer, the file is sent again: what other clients do. */
const sendsBlindly: Change = (destination, request) => ({
  ...destination,
  commit: async (missing, onWritten) => {
    for (const upload of request.uploads.filter(({ name }) => missing.includes(name)))
      await onWritten({ name: upload.name, outcome: await send(upload, request) })
  }
})

function send(upload: PypiRequest['uploads'][number], request: PypiRequest): Promise<'sent' | 'there'> {
  const { service, http, packages, log, onSecret } = request
  const login = tokenLogin('pypi-secret', service, onSecret)
  const ask = (): Promise<{ name: string; state: 'absent' }> =>
    Promise.resolve({ name: upload.name, state: 'absent' })
  return uploadFile(upload, null, { service, http, login, packages, log, ask })
}

/** Takes a file of the same name for the file. */
const skipsByName: Change = (destination) => ({
  ...destination,
  state: async () =>
    (await destination.state()).map(({ name, state }) => ({
      name,
      state: state === 'absent' ? 'absent' : 'identical'
    }))
})

/** Takes the word of the server. */
const believes: Change = (destination: Destination) => ({
  ...destination,
  readBack: () =>
    Promise.resolve(destination.artifacts.map(({ name, sha256 }) => ({ name, sha256, checks: [] })))
})

describe('the hash is asked for after an answer that may hide a success', () => {
  it.each(['lost-answer', 'error-after', 'cut-head'] as const)('%s', async (kind) => {
    const request = uploads[1] ?? 0
    expect((await judgeFault(bench, mode, { kind, request })).broken).toEqual([])
    const { broken } = await judgeFault(bench, mode, { kind, request }, sendsBlindly)
    expect(broken).toEqual([expect.stringMatching(/was sent again$/)])
  })
})

describe('another file of the same name stops everything', () => {
  it('before anything is sent; skipped by its name, it is what users get', async () => {
    const other = await makeTinyRelease({ text: 'other' })
    const { project, version, uploads: files } = bench.release
    const name = files[0]?.name ?? ''
    for (const [change, sent] of [
      [undefined, 0],
      [(...both: Parameters<Change>) => believes(skipsByName(...both), both[1]), 2]
    ] as const) {
      const index = await openIndex(bench)
      index.put(project, version, name, other.bytes.get(name) ?? Buffer.alloc(0))
      const { error, publication } = await publishOnce(bench, index, mode, null, change)
      expect(index.requests.filter(({ stored }) => stored).length).toBe(sent)
      if (sent === 0) expect(error).toMatchObject({ code: 'destination-different' })
      else {
        expect(publication?.receipt.complete).toBe(true)
        await expect(filesForUsers(index.simpleUrl, bench.release)).rejects.toThrow('is not the file')
      }
      await index.close()
    }
    await other.remove()
  })
})

describe('what was published is read back', () => {
  it('a server that says yes and keeps nothing is noticed; taken by its word, it is not', async () => {
    for (const request of uploads) {
      const fault = { kind: 'false-success', request } as const
      const index = await openIndex(bench)
      const { error } = await publishOnce(bench, index, mode, fault)
      expect(error).toMatchObject({ code: 'readback-missing' })
      await index.close()
      const { files, broken } = await judgeFault(bench, mode, fault, believes)
      expect(files.length).toBe(2)
      expect(broken).toEqual([expect.stringContaining('called complete, and is not')])
    }
  })

  it('other bytes than those that were sent are noticed; taken by its word, they are not', async () => {
    const name = bench.release.uploads[2]?.name ?? ''
    for (const change of [undefined, believes]) {
      const index = await openIndex(bench)
      index.state.lies.set(name, { bytes: Buffer.from('other bytes') })
      const { error, publication } = await publishOnce(bench, index, mode, null, change)
      if (change === undefined) expect(error).toMatchObject({ code: 'hash-mismatch' })
      else expect(publication?.receipt.complete).toBe(true)
      await expect(filesForUsers(index.simpleUrl, bench.release)).rejects.toThrow('is not the file')
      await index.close()
    }
  })
})
