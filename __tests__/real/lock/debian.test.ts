import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import type { RootLock } from '../../../src/documents/lock.ts'
import { resolveRoot } from '../../../src/lock/debian.ts'
import { TagproofError } from '../../../src/platform/errors.ts'
import { hashFile } from '../../../src/platform/files.ts'
import { silentLog } from '../../../src/platform/log.ts'
import {
  folderHandler,
  hostWith,
  makeArchive,
  startServer,
  type Archive,
  type TestServer
} from './archive.ts'

let folder = ''
let archive: Archive
let server: TestServer

beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'tagproof-archive-'))
  archive = await makeArchive(folder, [
    { name: 'basis', version: '1:2.0-1', fields: { Essential: 'yes' } },
    { name: 'usrmerge', version: '1', fields: { Provides: 'merged' } },
    { name: 'usr-is-merged', version: '1', fields: { Provides: 'merged' } },
    {
      name: 'app',
      version: '1.0',
      fields: { Depends: 'lib++ (>= 1), usrmerge | usr-is-merged', Recommends: 'extra' }
    },
    { name: 'lib++', version: '1.0~rc1+x', fields: {} },
    { name: 'lib++old', version: '0.1', fields: {} },
    { name: 'extra', version: '1' },
    { name: 'broken', version: '1', fields: { Depends: 'nowhere' } }
  ])
  // The dependency above wants at least 1, and 1.0~rc1 is less.
  const index = path.join(folder, 'dists', archive.suite, 'main/binary-amd64/Packages')
  await writeFile(index, (await readFile(index, 'utf8')).replace('lib++ (>= 1)', 'lib++'))
  await archive.sign()
  server = await startServer(folderHandler(folder))
})
afterEach(async () => {
  await server.close()
  await archive.close()
  await rm(folder, { recursive: true, force: true })
})

const resolve = (
  packages: string[],
  options: { acquire?: string[]; suite?: string } = {}
): Promise<RootLock> => {
  const host = hostWith(archive, server.url)
  return resolveRoot({
    packages,
    architecture: 'amd64',
    log: silentLog,
    host: { ...host, acquire: [...host.acquire, ...(options.acquire ?? [])] },
    ...(options.suite === undefined ? {} : { suite: options.suite })
  })
}

async function failure(work: Promise<unknown>): Promise<TagproofError> {
  const error: unknown = await work.then(
    () => new Error('it succeeded'),
    (thrown: unknown) => thrown
  )
  if (error instanceof TagproofError) return error
  throw error
}

const inRelease = (): string => path.join(folder, 'dists', archive.suite, 'InRelease')

describe('a root from a signed archive', () => {
  it('holds essential and requested packages and dependencies, no recommendations, with hashes', async () => {
    const root = await resolve(['app'])
    expect(root.packages.map((entry) => `${entry.name} ${entry.version}`)).toEqual([
      'app 1.0',
      'basis 1:2.0-1',
      'lib++ 1.0~rc1+x',
      'usr-is-merged 1'
    ])
    for (const entry of root.packages)
      expect(await hashFile(path.join(folder, entry.file))).toEqual({
        sha256: entry.sha256,
        size: entry.size
      })
    expect(root.indexes).toEqual([
      expect.objectContaining({
        suite: archive.suite,
        origin: 'Test',
        inRelease: (await hashFile(inRelease())).sha256
      })
    ])
    expect(root).toMatchObject({
      suite: archive.suite,
      architecture: 'amd64',
      components: ['main'],
      requested: ['app']
    })
    expect(await resolve(['app'])).toEqual(root)
  })

  it.each<[string, () => Promise<unknown>, string, RegExp]>([
    [
      'signed by a stranger',
      () => archive.sign({ signer: 'stranger' }),
      'signature-invalid',
      /cannot be verified/
    ],
    [
      'altered after it was signed',
      async () =>
        writeFile(inRelease(), (await readFile(inRelease(), 'utf8')).replace('Origin: Test', 'Origin: Evil')),
      'signature-invalid',
      /cannot be verified/
    ],
    ['not signed at all', () => rm(inRelease()), 'signature-invalid', /cannot be verified/],
    [
      'expired',
      () => archive.sign({ validUntil: 'Sat, 01 Jan 2022 00:00:00 UTC' }),
      'signature-invalid',
      /out of date/
    ],
    [
      'about other packages',
      () =>
        appendFile(
          path.join(folder, 'dists', archive.suite, 'main/binary-amd64/Packages'),
          '\nPackage: evil\n'
        ),
      'index-answer',
      /does not match its own signed list/
    ],
    [
      'not there',
      () => rm(path.join(folder, 'dists'), { recursive: true }),
      'index-answer',
      /does not hold the suite/
    ]
  ])('is refused when the index is %s', async (_how, damage, code, message) => {
    await damage()
    const error = await failure(resolve(['app']))
    expect(error.code).toBe(code)
    expect(error.message).toMatch(message)
    expect(error.detail.output).not.toBe('')
    expect(error.detail.fix).toBeDefined()
  })

  it('follows the administrator of the machine who accepts old indexes', async () => {
    await archive.sign({ validUntil: 'Sat, 01 Jan 2022 00:00:00 UTC' })
    expect(
      (await resolve(['app'], { acquire: ['Acquire::Check-Valid-Until "false";'] })).packages
    ).toHaveLength(4)
  })

  it('is not resolved from a server that is not there', async () => {
    await server.close()
    const error = await failure(resolve(['app']))
    expect(error.code).toBe('network')
    server = await startServer(folderHandler(folder))
  })

  it.each([
    ['a package that is not there', ['absent'], /no package absent in the suite/],
    ['a package that cannot be installed', ['broken'], /cannot be installed together/],
    ['what would be an option', ['--allow-unauthenticated'], /no package|cannot be installed/]
  ])('names %s', async (_what, packages, message) => {
    const error = await failure(resolve(packages))
    expect(error.code).toBe('lock-unresolvable')
    expect(error.message).toMatch(message)
  })

  it('of a suite that no source holds says how to name a mirror', async () => {
    const error = await failure(resolve(['app'], { suite: 'elsewhere' }))
    expect(error.code).toBe('config-invalid')
    expect(error.detail.fix).toMatch(/sources\.mirror/)
  })

  it('can come from a mirror that the configuration names, with the keys of the machine', async () => {
    const host = { ...hostWith(archive, 'http://127.0.0.1:9'), sources: [] }
    const root = await resolveRoot({
      packages: ['app'],
      mirror: server.url,
      architecture: 'amd64',
      log: silentLog,
      host
    })
    expect(root.packages).toHaveLength(4)
    const none = { ...host, archiveKeyrings: [] }
    const error = await failure(
      resolveRoot({
        packages: ['app'],
        mirror: server.url,
        architecture: 'amd64',
        log: silentLog,
        host: none
      })
    )
    expect(error.code).toBe('signature-invalid')
  })
})
