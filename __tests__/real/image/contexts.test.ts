import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { hashFile } from '../../../src/platform/files.ts'
import { debContext } from '../../../src/targets/image/contexts.ts'
import { pythonRoot } from '../support/root.ts'

let work: string
beforeAll(async () => {
  work = await mkdtemp(path.join(tmpdir(), 'tagproof-contexts-test-'))
})
afterAll(() => rm(work, { recursive: true, force: true }))

test('locked packages become a flat apt repository, the same wherever and in whatever order it is made', async () => {
  const { lock, inputs } = await pythonRoot()
  const packages = lock.packages.filter(({ name }) => ['hostname', 'libattr1', 'tzdata'].includes(name))
  const make = async (cache: string, list: typeof packages): Promise<string> =>
    debContext({ ...lock, packages: list }, (entry) => inputs.debian(entry), path.join(work, cache))
  const one = await make('one', packages)
  const other = await make('other', packages.toReversed())
  expect(path.basename(other)).toBe(path.basename(one))
  const names = (await readdir(one)).sort()
  expect(names).toHaveLength(packages.length + 1)
  for (const name of names) {
    expect(await hashFile(path.join(other, name))).toEqual(await hashFile(path.join(one, name)))
    expect((await stat(path.join(one, name))).mtimeMs).toBe((await stat(path.join(other, name))).mtimeMs)
  }
  const index = await readFile(path.join(one, 'Packages'), 'utf8')
  for (const { name, sha256 } of packages)
    expect(index).toMatch(new RegExp(`Package: ${name}\n[^]*SHA256: ${sha256}`))
  expect(await readdir(path.join(work, 'one', 'contexts'))).toEqual([path.basename(one)])
})
