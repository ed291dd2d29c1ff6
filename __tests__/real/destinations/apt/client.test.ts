import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { debFileOf } from '../../../../src/destinations/apt/directory.ts'
import type { AptRequest } from '../../../../src/destinations/apt/destination.ts'
import { noJournal } from '../../../../src/destinations/journal.ts'
import { runPublication, type Publication } from '../../../../src/destinations/publication.ts'
import { sha256OfBytes } from '../../../../src/platform/files.ts'
import { silentLog } from '../../../../src/platform/log.ts'
import { privileged } from '../../../../src/platform/privilege.ts'
import { plainEnvironment, run } from '../../../../src/platform/process.ts'
import { buildDeb } from '../../../support/debs.ts'
import { makeDebRelease, type DebRelease } from '../../support/apt/deb-release.ts'
import { aptReader, serveFiles, type AptReader } from '../../support/apt/reader.ts'
import { filesIn, makeRepository, type TestRepository } from '../../support/apt/repository.ts'
import { pythonRoot } from '../../support/root.ts'

let repository: TestRepository
const removed: (() => Promise<void>)[] = []
beforeEach(async () => {
  repository = await makeRepository()
  removed.push(repository.remove)
})
afterEach(async () => {
  for (const remove of removed.splice(0).reverse()) await remove()
})

async function made(options: Parameters<typeof makeDebRelease>[0] = {}): Promise<DebRelease> {
  const release = await makeDebRelease(options)
  removed.push(release.remove)
  return release
}

const publish = (release: DebRelease, changes: Partial<AptRequest> = {}): Promise<Publication> =>
  runPublication({
    release: { tag: 'v1', version: release.version, sha256: sha256OfBytes('x') },
    destinations: [repository.destination(release, changes)],
    journal: noJournal(),
    log: silentLog
  })

async function reader(options: Partial<Parameters<typeof aptReader>[0]> = {}): Promise<AptReader> {
  const opened = await aptReader({
    url: `copy:${repository.folder}`,
    key: repository.signer.publicKey,
    ...options
  })
  removed.push(opened.remove)
  return opened
}

const update = ['update', '--error-on=any']
const fine = { status: 0, output: expect.not.stringMatching(/^[WE]:/m) as unknown }
const stable = (release: DebRelease): Partial<AptRequest> => ({
  suites: [{ suite: 'stable', debs: release.debs }]
})

describe('what was published, read by apt', () => {
  it('as the read-back does, with a client of its own', async () => {
    const release = await made()
    const { names } = await publish(release, { url: `copy:${repository.folder}` })
    expect(names.map(({ readBack }) => readBack?.checks)).toEqual(
      names.map(() => [
        { what: 'index', result: 'agrees', note: '' },
        { what: 'apt', result: 'agrees', note: '' }
      ])
    )
    const elsewhere = await publish(release)
    expect(elsewhere.names[0]?.readBack?.checks[1]).toMatchObject({ what: 'apt', result: 'none' })
  })

  it('finds out an address that shows an old state, something else, or nothing', async () => {
    const [first, second] = [await made(), await made({ version: '1.1' })]
    await publish(first, stable(first))
    const old = await mkdtemp(path.join(tmpdir(), 'tagproof-cache-'))
    removed.push(() => rm(old, { recursive: true, force: true }))
    await cp(repository.folder, old, { recursive: true })
    const at = (url: string): Promise<unknown> => publish(second, { ...stable(second), url })
    await expect(at(`copy:${old}`)).rejects.toMatchObject({
      code: 'readback-missing',
      detail: { output: expect.stringContaining('1.1') as unknown }
    })
    await expect(at(`copy:${old}/none`)).rejects.toMatchObject({ code: 'readback-missing' })
    // A cache that gives out other bytes of a deb: apt itself sees it.
    await cp(repository.folder, old, { recursive: true })
    const [deb = ''] = Object.keys(await filesIn(old, 'pool')).filter((name) => name.includes('_1.1_all'))
    await writeFile(path.join(old, deb), Buffer.alloc((await readFile(path.join(old, deb))).length))
    await expect(at(`copy:${old}`)).rejects.toMatchObject({
      code: 'hash-mismatch',
      detail: { output: expect.stringContaining('Hash Sum mismatch') as unknown }
    })
    await at(`copy:${repository.folder}`)
  })

  it('and waits for a cache that comes after', async () => {
    const release = await made()
    const files = new Map<string, Buffer>()
    let requests = 0
    const server = await serveFiles(files, async () => {
      requests += 1
      if (requests < 4) return
      for (const name of Object.keys(await filesIn(repository.folder)))
        files.set(name, await readFile(path.join(repository.folder, name)))
    })
    removed.push(server.close)
    const { names } = await publish(release, { ...stable(release), url: server.url, patience: [1, 1, 1] })
    expect([names[0]?.readBack?.checks[1]?.result, requests >= 4]).toEqual(['agrees', true])
  })

  it('has all versions, series side by side, in each suite its own, for each architecture', async () => {
    const releases = [
      await made({ version: '2.0' }),
      await made({ version: '1.0' }),
      await made({ version: '1.1' })
    ]
    for (const release of releases) await publish(release)
    const client = await reader()
    expect(
      await client.apt(update, ['download', 'tiny-demo'], ['download', 'tiny-demo=1.0', 'libtiny-demo=1.1'])
    ).toEqual(fine)
    expect(await client.downloads()).toEqual([
      'libtiny-demo_1.1_amd64.deb',
      'tiny-demo_1.0_all.deb',
      'tiny-demo_2.0_all.deb'
    ])
    const arm = await reader({ suite: 'testing', architecture: 'arm64' })
    expect(await arm.apt(update, ['download', 'tiny-demo=1.1'])).toEqual(fine)
    expect((await arm.apt(['download', 'libtiny-demo'])).status).toBe(100)
  })

  it('and after a withdrawal without this version, whose file stays', async () => {
    const [first, second] = [await made(), await made({ version: '1.1' })]
    await publish(first)
    const client = await reader()
    const { receipt } = await publish(second)
    expect(await client.apt(update, ['download', 'tiny-demo=1.1'])).toEqual(fine)
    const destination = repository.destination(second)
    const moved = receipt.destinations.flatMap(({ names }) => names)
    const told: unknown[] = []
    await destination.moving?.back(moved, (event) => Promise.resolve(void told.push(event)))
    expect(told).toEqual(moved.map(({ name }) => ({ name, outcome: 'moved' })))
    await destination.moving?.back(moved, (event) => Promise.resolve(void told.push(event)))
    expect(told.slice(moved.length)).toEqual(moved.map(({ name }) => ({ name, outcome: 'there' })))
    // The one that knew the newer state takes the one after it.
    expect(await client.apt(update, ['download', 'tiny-demo'])).toEqual(fine)
    expect(await client.downloads()).toEqual(['tiny-demo_1.0_all.deb', 'tiny-demo_1.1_all.deb'])
    expect(
      Object.keys(await filesIn(repository.folder, 'pool')).filter((name) => name.includes('_1.1_'))
    ).toHaveLength(2)
    // Its version is used up.
    const other = await made({ version: '1.1', text: 'other' })
    await expect(publish(other)).rejects.toMatchObject({ code: 'destination-different' })
    // And of the very first nothing is left but an empty suite, which apt reads.
    const alone = await made({ project: 'alone' })
    const only: Partial<AptRequest> = { suites: [{ suite: 'fresh', debs: alone.debs }] }
    const { receipt: published } = await publish(alone, only)
    const names = published.destinations.flatMap((one) => one.names)
    expect(names.map(({ before }) => before)).toEqual([null])
    await repository.destination(alone, only).moving?.back(names, () => Promise.resolve())
    expect(await (await reader({ suite: 'fresh' })).apt(update)).toEqual(fine)
  })
})

it('a package is installed by apt in a clean root, and runs', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'tagproof-install-'))
  removed.push(() => rm(folder, { recursive: true, force: true }))
  const files = {
    'usr/bin/tiny-hello': '#!/bin/sh\necho hello from the archive\n',
    'DEBIAN/postinst': '#!/bin/sh\nchmod 755 /usr/bin/tiny-hello\n'
  }
  const deb = await debFileOf(await buildDeb(folder, { name: 'tiny-hello', version: '1:1.0-1', files }))
  const release = { ...(await made()), folder, debs: [deb], files: [deb] }
  await publish(release, { ...stable(release), url: `copy:${repository.folder}` })
  const { root } = await pythonRoot()
  const script = `set -eu
mount -t tmpfs none "$1/mount"
mkdir "$1/mount/upper" "$1/mount/work" "$1/mount/root"
mount -t overlay -o "lowerdir=$2,upperdir=$1/mount/upper,workdir=$1/mount/work" overlay "$1/mount/root"
cd "$1/mount/root"
mount --rbind /dev dev
rm -rf etc/apt/sources.list etc/apt/sources.list.d
mkdir -p etc/apt/sources.list.d etc/apt/keyrings
cp -a "$3" srv/archive
cp "$3/key.asc" etc/apt/keyrings/archive.asc
printf 'Types: deb\\nURIs: copy:/srv/archive\\nSuites: stable\\nComponents: main\\nSigned-By: /etc/apt/keyrings/archive.asc\\n' >etc/apt/sources.list.d/archive.sources
chroot . env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive sh -euc '
  apt-get update --error-on=any; apt-get install --yes tiny-hello; dpkg --verify tiny-hello; dpkg-query --show tiny-hello; tiny-hello'`
  await run('mkdir', [path.join(folder, 'mount')], { env: plainEnvironment })
  const { command, args } = privileged('unshare', [
    '--mount',
    '--net',
    '--',
    'sh',
    '-c',
    script,
    'sh',
    folder,
    root.path,
    repository.folder
  ])
  const { code, stdout, stderr } = await run(command, args, { cwd: folder, env: plainEnvironment })
  expect([code, stderr.toString(), stdout.toString()]).toEqual([
    0,
    expect.anything(),
    expect.stringMatching(/tiny-hello\t1:1\.0-1\nhello from the archive\n$/)
  ])
})
