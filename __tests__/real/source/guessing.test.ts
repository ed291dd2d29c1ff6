import { cp, mkdir } from 'node:fs/promises'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { silentLog } from '../../../src/platform/log.ts'
import { runChecked } from '../../../src/platform/process.ts'
import { writeExports } from '../../../src/source/export.ts'
import { openRepository } from '../../../src/source/repository.ts'
import { resolveTag } from '../../../src/source/tag.ts'
import { makeProject, type GitProject } from './git-project.ts'

/** What a setup.py would do: whatever git shows of an object's name is compared with the names of guesses. */
const guess = `
import hashlib, itertools, subprocess
run = lambda *a: subprocess.run(a, capture_output=True, text=True).stdout.split()
shown = set(run('git', 'ls-files', '-s') + run('git', 'ls-tree', '-r', 'HEAD'))
name = lambda b: hashlib.sha1(b'blob %d\\0' % len(b) + b).hexdigest()
letters = b'abcdefghijklmnopqrstuvwxyz0123456789'
for guess in itertools.chain(itertools.product(range(256), repeat=2), itertools.product(letters, repeat=3)):
    if name(bytes(guess)) in shown: print(bytes(guess).hex())
`

let project: GitProject
beforeEach(async () => {
  project = await makeProject({
    'setup.py': 'import setuptools\n',
    'tests/two.bin': Buffer.from([0x17, 0xe3]),
    'tests/same.bin': Buffer.from([0x17, 0xe3]),
    'tests/three.txt': 'k4z'
  })
  await project.git('tag', '-a', '-m', 'One', 'v1.0')
})
afterEach(() => project.remove())

const guessed = async (cwd: string): Promise<string[]> =>
  (await runChecked('python3', ['-c', guess], { cwd, env: project.environment })).trim().split('\n').sort()

describe('a build that guesses the content of files of a few bytes', () => {
  it('finds them by the object names of a clone', async () => {
    const clone = path.join(project.room, 'clone')
    await cp(project.folder, clone, { recursive: true })
    expect(await guessed(clone)).toEqual(['17e3', Buffer.from('k4z').toString('hex')])
  })

  it('finds nothing in either world', async () => {
    const folder = path.join(project.room, 'out')
    const repository = await openRepository(project.folder)
    try {
      const tag = await resolveTag(repository, 'v1.0')
      await writeExports(repository, tag, { inputs: [], log: silentLog, folder })
    } finally {
      await repository.close()
    }
    for (const world of ['a', 'b']) {
      const room = path.join(folder, world)
      await mkdir(room)
      await runChecked('tar', ['-xf', `../export-${world}.tar`], { cwd: room, env: project.environment })
      expect(await guessed(path.join(room, 'tree'))).toEqual([''])
      // Nor does it see that two files are equal.
      const ids = await runChecked('git', ['ls-files', '-s'], {
        cwd: path.join(room, 'tree'),
        env: project.environment
      })
      const names = ids
        .trim()
        .split('\n')
        .map((line) => line.split(' ')[1])
      expect(new Set(names).size).toBe(4)
    }
  })
})
