import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { thrownBy } from '../../support/thrown.ts'
import { hashFile, joinInside, sha256OfBytes, writeFileAtomic } from '../../../src/platform/files.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'tagproof-files-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

describe('files', () => {
  it('hashes a file as its bytes', async () => {
    const file = path.join(folder, 'x')
    await writeFile(file, 'abc')
    expect(await hashFile(file)).toEqual({ sha256: sha256OfBytes('abc'), size: 3 })
    expect(sha256OfBytes('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
  })

  it('writes whole files and leaves nothing else behind', async () => {
    const target = path.join(folder, 'deep', 'document.json')
    await writeFileAtomic(target, 'one')
    await writeFileAtomic(target, 'two')
    expect(await readFile(target, 'utf8')).toBe('two')
    expect(await readdir(path.dirname(target))).toEqual(['document.json'])
  })

  it('keeps the old content when writing fails', async () => {
    const target = path.join(folder, 'taken')
    await writeFileAtomic(path.join(target, 'inside'), 'x')
    await expect(writeFileAtomic(target, 'new')).rejects.toThrow()
    expect((await readdir(folder)).filter((name) => name.endsWith('.part'))).toEqual([])
    expect(await readFile(path.join(target, 'inside'), 'utf8')).toBe('x')
  })

  it.each(['../x', '/etc/passwd', 'a/../../x', '.', 'a\0b', ''])('refuses the name %j', (name) => {
    expect(thrownBy(() => joinInside(folder, name))).toMatchObject({ code: 'path-refused' })
  })

  it('joins a good name', () => {
    expect(joinInside(folder, 'a/b')).toBe(path.join(folder, 'a', 'b'))
  })
})
