import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { access, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { TryRequest } from '../../../src/targets/try-request.ts'
import { tryDebs } from '../../../src/targets/deb/try.ts'
import { hashFile } from '../../../src/platform/files.ts'
import { silentLog } from '../../../src/platform/log.ts'
import { buildDeb, type SmallDeb } from '../../support/debs.ts'
import { pythonRoot, testCache, type TestRoot } from '../support/root.ts'

let folder: string
let place: TestRoot
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'tagproof-try-'))
  place = await pythonRoot()
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function requestFor(deb: SmallDeb): Promise<{ request: TryRequest; begun: string[] }> {
  const file = await buildDeb(folder, deb)
  const { sha256, size } = await hashFile(file)
  const begun: string[] = []
  const request = {
    target: { name: 'deb' },
    artifacts: [{ artifact: { name: path.basename(file), version: '1.0', sha256, size }, file }],
    place: { rootLock: place.lock },
    inputs: place.inputs,
    cache: testCache,
    log: {
      ...silentLog,
      begin: (what: string) => {
        begun.push(what)
        return silentLog.begin(what)
      }
    }
  } as unknown as TryRequest
  return { request, begun }
}

const own: SmallDeb = {
  name: 'bell',
  control: 'Depends: absent-one | tzdata, libc6\n',
  files: {
    'usr/bin/bell': '#!/bin/sh\necho ding\n',
    'DEBIAN/postinst': '#!/bin/sh\nset -e\nprintf rung >/var/lib/bell\n'
  }
}
const there = (file: string): Promise<boolean> =>
  access(file).then(
    () => true,
    () => false
  )

describe('a package that is tried', () => {
  it('is installed on a root of what it depends on, which is kept and does not change', async () => {
    for (const run of ['first', 'second']) {
      const { request, begun } = await requestFor(own)
      let used = ''
      await tryDebs(request, async ({ root, commands }) => {
        used = root.path
        expect(commands).toEqual([['/usr/bin/bell', '--help']])
        expect(await readFile(path.join(root.path, 'var/lib/bell'), 'utf8')).toBe('rung')
        const status = await readFile(path.join(root.path, 'var/lib/dpkg/status'), 'utf8')
        expect(status).toMatch(/^Package: bell\nStatus: install ok installed$/m)
        expect(status).toMatch(/^Package: tzdata\nStatus: install ok installed$/m)
        expect(status).not.toMatch(/^Package: gcc$/m)
      })
      expect(await there(used)).toBe(false)
      expect(begun.at(-1)).toBe('root try deb: 1 packages on top')
      if (run === 'second') expect(begun).toHaveLength(1)
    }
  })

  it('names what it depends on and the lock has not', async () => {
    const { request } = await requestFor({
      ...own,
      control: 'Depends: tzdata, libc6, no-such-one\n'
    })
    await expect(tryDebs(request, () => Promise.resolve())).rejects.toMatchObject({
      code: 'build-failed',
      message: expect.stringContaining('no-such-one')
    })
  })

  it('is refused where its maintainer script fails, with what that said', async () => {
    const files = { ...own.files, 'DEBIAN/postinst': '#!/bin/sh\necho the clapper is lost\nexit 1\n' }
    const { request } = await requestFor({ ...own, files })
    await expect(tryDebs(request, () => Promise.resolve())).rejects.toMatchObject({
      code: 'build-failed',
      detail: { output: expect.stringContaining('the clapper is lost') }
    })
  })
})
