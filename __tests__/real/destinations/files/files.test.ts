import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { checkedSigner, type CheckedSigner } from '../../../../src/destinations/apt/checked-signer.ts'
import { ephemeralSigner } from '../../../../src/destinations/apt/signer.ts'
import type { Destination, MovedName } from '../../../../src/destinations/destination.ts'
import type { FilesRequest } from '../../../../src/destinations/files/destination.ts'
import { runPublication, type Publication } from '../../../../src/destinations/publication.ts'
import { directoryStore } from '../../../../src/destinations/stores/directory-store.ts'
import { sha256OfBytes } from '../../../../src/platform/files.ts'
import { silentLog } from '../../../../src/platform/log.ts'
import { plainEnvironment, run } from '../../../../src/platform/process.ts'
import { flatDestination, makeFlatRelease } from '../../support/files/release.ts'
import type { TinyRelease } from '../../support/pypi/tiny-release.ts'

let folder: string
let releases: TinyRelease[]
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'tagproof-files-'))
  releases = []
})
afterEach(async () => {
  await rm(folder, { recursive: true, force: true })
  for (const release of releases) await release.remove()
})

async function released(version: string, text = version): Promise<TinyRelease> {
  const release = await makeFlatRelease({ version, text })
  releases.push(release)
  return release
}

const destinationOf = (release: TinyRelease, more: Partial<FilesRequest> = {}): Destination =>
  flatDestination(release, directoryStore({ folder, address: 'the folder' }), more)

function publish(release: TinyRelease, more: Partial<FilesRequest> = {}): Promise<Publication> {
  const { version } = release
  return runPublication({
    release: { tag: `v${version}`, version, sha256: sha256OfBytes('release') },
    destinations: [destinationOf(release, more)],
    journal: { earlier: null, keep: () => Promise.resolve() },
    log: silentLog
  })
}

const textOf = (key: string): Promise<string> => readFile(path.join(folder, key), 'latin1')
const everything = async (): Promise<Record<string, string>> => {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
  return Object.fromEntries(
    await Promise.all(
      files.sort().map(async (file) => [path.relative(folder, file), sha256OfBytes(await readFile(file))])
    )
  ) as Record<string, string>
}

async function newSigner(): Promise<CheckedSigner> {
  const begin = Math.floor(Date.now() / 1000) - 60
  return checkedSigner({
    signer: await ephemeralSigner(begin),
    key: null,
    now: () => Math.floor(Date.now() / 1000)
  })
}

describe('what users do with it', () => {
  it('coreutils check the hashes, and gpg the list', async () => {
    const signer = await newSigner()
    await publish(await released('1.0'), { signer })
    const cwd = path.join(folder, '1.0')
    const env = { ...plainEnvironment, HOME: folder }
    const checked = await run('sha256sum', ['--check', '--strict', 'SHA256SUMS'], { cwd, env })
    expect([checked.code, checked.stdout.toString().split('\n').length]).toEqual([0, 4])
    await writeFile(path.join(folder, 'key.asc'), signer.publicKey)
    const dearmored = await run(
      'gpg',
      [
        '--batch',
        '--homedir',
        folder,
        '--output',
        path.join(folder, 'key.gpg'),
        '--dearmor',
        path.join(folder, 'key.asc')
      ],
      { cwd, env }
    )
    expect(dearmored.code).toBe(0)
    const verify = (): Promise<{ code: number | null }> =>
      run(
        'gpgv',
        ['--homedir', folder, '--keyring', path.join(folder, 'key.gpg'), 'SHA256SUMS.asc', 'SHA256SUMS'],
        { cwd, env }
      )
    expect((await verify()).code).toBe(0)
    await writeFile(path.join(cwd, 'SHA256SUMS'), (await textOf('1.0/SHA256SUMS')).replace('a', 'b'))
    expect((await verify()).code).not.toBe(0)
  })
})

describe('aliases', () => {
  it('go forwards alone, each within its series', async () => {
    const [first, next, other] = [await released('1.0'), await released('1.0.1'), await released('1.1')]
    await publish(first)
    await publish(other)
    const { names } = await publish(next)
    expect(names.map(({ name, outcome }) => [name, outcome])).toEqual([
      ['demo.tar.gz', 'ahead'],
      ['demo_1.0.whl', 'moved']
    ])
    const of = (release: TinyRelease, ending: string): Buffer | undefined =>
      [...release.bytes].find(([name]) => name.endsWith(ending))?.[1]
    expect(await readFile(path.join(folder, 'demo.tar.gz'))).toEqual(of(other, '.tar.gz'))
    expect(await readFile(path.join(folder, 'demo_1.0.whl'))).toEqual(of(next, '-py3-none-any.whl'))
    expect(await readFile(path.join(folder, 'demo_1.1.whl'))).toEqual(of(other, '-py3-none-any.whl'))
  })

  it('whose file no release has stay, and nothing is written; once the file has its own name, they move', async () => {
    const old = await released('0.9')
    const [name = '', bytes = Buffer.alloc(0)] = [...old.bytes].find(([one]) => one.endsWith('.tar.gz')) ?? []
    await writeFile(path.join(folder, 'demo.tar.gz'), bytes)
    const before = await everything()
    const release = await released('1.0')
    await expect(publish(release)).rejects.toMatchObject({
      code: 'alias-unknown',
      detail: { found: expect.stringContaining(sha256OfBytes(bytes)) as unknown }
    })
    expect(await everything()).toEqual(before)
    // As it was published before there were lists of hashes.
    await mkdir(path.join(folder, '0.9'))
    await writeFile(path.join(folder, '0.9', name), bytes)
    const { names } = await publish(release)
    expect(names.map(({ outcome }) => outcome)).toEqual(['moved', 'moved'])
  })

  it('of a newer release without a list of hashes stay as well', async () => {
    await publish(await released('2.0'), { sums: false })
    const { names } = await publish(await released('1.0'), { sums: false })
    expect(names.map(({ outcome }) => outcome)).toEqual(['ahead', 'moved'])
  })

  it('of another series are refused', async () => {
    await publish(await released('1.0'), { aliases: { 'demo.whl': '*-py3-none-any.whl' } })
    await writeFile(path.join(folder, 'demo_2.0.whl'), await readFile(path.join(folder, 'demo.whl')))
    await expect(publish(await released('2.0'))).rejects.toMatchObject({
      code: 'alias-unknown',
      detail: { found: 'the file of 1.0' }
    })
  })

  it('are not moved by a pre-release', async () => {
    const destination = destinationOf(await released('1.0rc1'), { moves: false })
    expect(destination.moving).toBeNull()
    await publish(await released('1.0rc1'), { moves: false })
    expect((await readdir(folder)).sort()).toEqual(['1.0rc1'])
  })

  it('that somebody moved further meanwhile stay there; back goes only what still stands for the release', async () => {
    const [first, second, third] = [await released('1.0'), await released('1.0.1'), await released('1.0.2')]
    await publish(first)
    const slow = destinationOf(second)
    await slow.moving?.state()
    await slow.commit(
      (await slow.state()).map(({ name }) => name),
      () => Promise.resolve()
    )
    await publish(third)
    const told: unknown[] = []
    await slow.moving?.move(['demo.tar.gz'], (event) => Promise.resolve(void told.push(event.outcome)))
    const moved: MovedName = {
      name: 'demo.tar.gz',
      before: sha256OfBytes(await readFile(path.join(folder, '1.0', 'tiny_demo-1.0.tar.gz'))),
      expected: sha256OfBytes(await readFile(path.join(folder, '1.0.1', 'tiny_demo-1.0.1.tar.gz')))
    }
    await slow.moving?.back([moved], (event) => Promise.resolve(void told.push(event.outcome)))
    await slow.close()
    expect(told).toEqual(['ahead', 'ahead'])
    expect(await textOf('demo.tar.gz')).toBe(await textOf('1.0.2/tiny_demo-1.0.2.tar.gz'))
  })

  it('cannot go back to a file that is gone', async () => {
    await publish(await released('1.0'))
    const second = await released('1.0.1')
    const { receipt } = await publish(second)
    await rm(path.join(folder, '1.0', 'tiny_demo-1.0.tar.gz'))
    const destination = destinationOf(second)
    const back = destination.moving?.back(receipt.destinations[0]?.names ?? [], () => Promise.resolve())
    await expect(back).rejects.toMatchObject({ code: 'input-missing' })
    await destination.close()
  })
})

describe('a list of hashes', () => {
  it('without its signature is not whole, and gets one; with one of another key it stops the release', async () => {
    const [signer, other] = [await newSigner(), await newSigner()]
    const release = await released('1.0')
    await publish(release)
    const missing = (await destinationOf(release, { signer }).state()).filter(
      ({ state }) => state === 'absent'
    )
    expect(missing.map(({ name }) => name)).toEqual(['SHA256SUMS'])
    const { artifacts } = await publish(release, { signer })
    expect(artifacts.at(-1)).toMatchObject({
      written: 'there',
      readBack: { checks: [{ what: 'bytes' }, { what: 'signature', result: 'agrees' }] }
    })
    const before = await everything()
    await publish(release, { signer })
    await expect(publish(release, { signer: other })).rejects.toMatchObject({ code: 'destination-different' })
    expect(await everything()).toEqual(before)
  })

  it('a signer that fails, fails before the first write', async () => {
    const signer = { ...(await newSigner()), prove: () => Promise.reject(new Error('no key')) }
    await expect(publish(await released('1.0'), { signer })).rejects.toThrow('no key')
    expect(await readdir(folder)).toEqual([])
  })
})

describe('read back by the address that users have', () => {
  it('what it does not show yet is late; other bytes under a name that never changes are an alarm', async () => {
    const answers = new Map<string, Buffer>()
    const seen: (string | undefined)[] = []
    const server = http.createServer((request, response) => {
      seen.push(request.headers.authorization)
      const bytes = answers.get(request.url ?? '')
      response.writeHead(bytes === undefined ? 404 : 200).end(bytes)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/get`
    try {
      const release = await released('1.0')
      const { artifacts, names } = await publish(release, { url, patience: [0, 0] })
      expect(
        [...artifacts, ...names].map(({ readBack }) => readBack?.checks.map(({ result }) => result))
      ).toEqual(Array(6).fill(['late']))
      expect(new Set(seen)).toEqual(new Set([undefined]))
      for (const [name, bytes] of release.bytes) answers.set(`/get/1.0/${name}`, bytes)
      const again = await publish(release, { url })
      expect(again.artifacts.map(({ readBack }) => readBack.checks[0]?.result)).toEqual(
        Array(4).fill('agrees')
      )
      // A cache still has the file before: for a name that moves that is late, too.
      answers.set('/get/demo.tar.gz', Buffer.from('before'))
      const { names: behind } = await publish(release, { url })
      expect(behind[0]?.readBack?.checks[0]).toMatchObject({
        result: 'late',
        note: expect.stringContaining('before') as unknown
      })
      answers.set('/get/1.0/SHA256SUMS', Buffer.from('other'))
      await expect(publish(release, { url })).rejects.toMatchObject({ code: 'hash-mismatch' })
    } finally {
      await new Promise((resolve) => server.close(resolve))
    }
  })
})
