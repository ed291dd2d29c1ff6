import { mkdir, mkdtemp, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { thrownBy } from '../../support/thrown.ts'
import {
  hashFile,
  joinInside,
  replaceFolder,
  sha256OfBytes,
  writeFileAtomic
} from '../../../src/platform/files.ts'

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

  it('puts a finished folder in the place of another, which no reader sees half', async () => {
    const target = path.join(folder, 'repository')
    const make = async (text: string): Promise<string> => {
      const finished = path.join(folder, 'finished')
      await mkdir(finished)
      for (const name of ['a', 'b']) await writeFile(path.join(finished, name), text)
      return finished
    }
    await replaceFolder(await make('one'), target)
    const state = { done: false }
    const seen = new Set<string>()
    const reader = (async () => {
      while (!state.done) {
        const handle = await open(path.join(target, 'a')).catch(() => undefined)
        const names = await readdir(target).catch(() => [])
        if (names.length > 0) seen.add(names.join())
        await handle?.close()
      }
    })()
    for (let round = 0; round < 50; round += 1) await replaceFolder(await make(`${round}`), target)
    state.done = true
    await reader
    expect([...seen]).toEqual(['a,b'])
    expect(await readFile(path.join(target, 'a'), 'utf8')).toBe('49')
    expect(await readdir(folder)).not.toContain('repository.old')
  })

  it('keeps the old folder where the new one cannot be put there, and finds it after a crash', async () => {
    const target = path.join(folder, 'kept')
    await mkdir(target)
    await writeFile(path.join(target, 'a'), 'old')
    await expect(replaceFolder(path.join(folder, 'missing'), target)).rejects.toThrow('ENOENT')
    expect(await readFile(path.join(target, 'a'), 'utf8')).toBe('old')
    await rename(target, `${target}.old`)
    await expect(replaceFolder(path.join(folder, 'missing'), target)).rejects.toThrow('ENOENT')
    expect(await readFile(path.join(target, 'a'), 'utf8')).toBe('old')
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
