import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { run } from '../../../src/platform/process.ts'
import { tryScript } from '../../../src/targets/try-script.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'tagproof-try-script-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

describe('the script that runs commands', () => {
  it('takes every word as it is, and goes on after a failure', async () => {
    const words = [`it's`, '$HOME', '`id`', 'a b', '*', '"']
    const commands = [['sh', '-c', 'exit 3'], ['printf', '%s\\n', ...words], ['nothing-of-this-name']]
    const { code } = await run('/bin/sh', ['-c', tryScript(commands)], {
      env: { PATH: '/usr/bin:/bin', OUT_DIR: folder }
    })
    expect(code).toBe(0)
    const read = (name: string): Promise<string> => readFile(path.join(folder, name), 'utf8')
    expect(await read('0.code')).toBe('3\n')
    expect(await read('1.code')).toBe('0\n')
    expect(await read('1.log')).toBe(`${words.join('\n')}\n`)
    expect(await read('2.code')).toBe('127\n')
  })
})
