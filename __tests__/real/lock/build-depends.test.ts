import { mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { debRootRequest } from '../../../src/lock/build-depends.ts'
import { resolveRoot } from '../../../src/lock/debian.ts'
import { describeError, TagproofError } from '../../../src/platform/errors.ts'
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

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'tagproof-archive-'))
  archive = await makeArchive(folder, [
    { name: 'basis', version: '1', fields: { Essential: 'yes' } },
    { name: 'debhelper', version: '13.1', fields: { Provides: 'debhelper-compat (= 13)' } },
    { name: 'libnew', version: '1.0', fields: {} },
    { name: 'libold', version: '0.9', fields: {} },
    { name: 'pytest', version: '1', fields: {} },
    { name: 'python3', version: '3.11', fields: { 'Multi-Arch': 'allowed' } },
    { name: 'quarrel', version: '1', fields: { Conflicts: 'libold' } }
  ])
  server = await startServer(folderHandler(folder))
})
afterAll(async () => {
  await server.close()
  await archive.close()
  await rm(folder, { recursive: true, force: true })
})

async function names(buildDepends: string, more = ''): Promise<string[]> {
  const control = `Source: x\nRules-Requires-Root: no\nBuild-Depends: ${buildDepends}${more}\n\nPackage: x\nArchitecture: all\n`
  const request = debRootRequest(control, 'debian/control')
  const root = await resolveRoot({
    ...request,
    architecture: 'amd64',
    log: silentLog,
    host: hostWith(archive, server.url)
  })
  expect(root.requested).toEqual([...request.packages, ...request.relations].sort())
  expect(root.indexes).toHaveLength(1)
  return root.packages.map((entry) => entry.name)
}

describe('apt chooses the packages of a root by Build-Depends', () => {
  it('with versions, alternatives, virtual packages, architectures and profiles', async () => {
    expect(
      await names(
        'debhelper-compat (= 13), libnew (>= 2) | libold, python3:any, pytest <!nocheck>, nowhere [!amd64]'
      )
    ).toEqual(['basis', 'debhelper', 'libold', 'python3'])
  })

  it('and takes the first alternative that is there', async () => {
    expect(await names('libnew | libold')).toEqual(['basis', 'libnew'])
  })

  it.each([
    ['nowhere', '', 'debian/control:3', /teststable has no nowhere/],
    ['python3,\n libnew (>= 2)', '', 'debian/control:4', /teststable has libnew 1\.0/],
    ['debhelper-compat (= 14)', '', 'debian/control:3', /debhelper-compat 13 of debhelper/],
    ['quarrel, libold', '', 'debian/control:3', /cannot be installed together/],
    ['libold', '\nBuild-Conflicts: libold', 'debian/control:4', /cannot be installed together/]
  ])('or says what the suite has instead: %s', async (depends, more, where, says) => {
    const error: unknown = await names(depends, more).catch((thrown: unknown) => thrown)
    if (!(error instanceof TagproofError)) throw new Error('it was resolved')
    expect(error).toMatchObject({ code: 'lock-unresolvable', detail: { where } })
    expect(describeError(error)).toMatch(says)
  })
})
