import { rm } from 'node:fs/promises'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import type { ObjectId } from '../../../src/documents/identifiers.ts'
import { openRepository } from '../../../src/source/repository.ts'
import { listTree, type TreeEntry } from '../../../src/source/tree.ts'
import { makeProject, refusalOf, type GitProject } from './git-project.ts'

let project: GitProject
beforeEach(async () => (project = await makeProject()))
afterEach(() => project.remove())

async function list(tree = 'HEAD^{tree}'): Promise<TreeEntry[]> {
  const id = (await project.git('rev-parse', tree)) as ObjectId
  const repository = await openRepository(project.folder)
  try {
    return await listTree(repository, id)
  } finally {
    await repository.close()
  }
}
/** A tree object as no git would write it: `mode name` and an object each. */
async function rawTree(...lines: [mode: string, name: string | Buffer, id: string][]): Promise<string> {
  const data = lines.map(([mode, name, id]) =>
    Buffer.concat([Buffer.from(`${mode} `), Buffer.from(name), Buffer.from([0]), Buffer.from(id, 'hex')])
  )
  return project.gitWith(Buffer.concat(data), 'hash-object', '-t', 'tree', '-w', '--literally', '--stdin')
}
const blob = (): Promise<string> => project.git('rev-parse', 'HEAD:README.md')

describe('listTree', () => {
  it('lists files, executables and links with sizes, sorted by the bytes of the path', async () => {
    await project.write({
      'run.sh': { executable: '#!/bin/sh\n' },
      'lib/a.py': '',
      'lib-a': 'x',
      'lib.py': 'xy',
      out: { link: '../../etc/passwd' },
      'ünïcode name.txt': 'z'
    })
    await project.commit()
    expect((await list()).map(({ path: name, mode, size }) => `${mode} ${size} ${name}`)).toEqual([
      '100644 11 README.md',
      '100644 1 lib-a',
      '100644 2 lib.py',
      '100644 0 lib/a.py',
      '120000 16 out',
      '100755 10 run.sh',
      '100644 1 ünïcode name.txt'
    ])
  })

  it('takes the group-writable mode of old repositories for what git takes it', async () => {
    expect(await list(await rawTree(['100664', 'old', await blob()]))).toMatchObject([{ mode: '100644' }])
  })

  it.each<[string, string | Buffer]>([
    ['..', '..'],
    ['.', '.'],
    ['.git', '.git'],
    ['.GIT', '.GIt'],
    ['a slash', 'a/b'],
    ['a backslash', 'a\\b'],
    ['a line end', 'a\nb'],
    ['an escape', 'a\u001b[2J'],
    ['bytes that are no UTF-8', Buffer.from([0x61, 0xff])],
    ['a name too long for a file system', 'x'.repeat(256)]
  ])('refuses %s as a name', async (_, name) => {
    expect((await refusalOf(list(await rawTree(['100644', name, await blob()])))).code).toBe('path-refused')
  })

  it('refuses the same name twice, as file and as folder', async () => {
    const folder = await project.git('rev-parse', 'HEAD^{tree}')
    const tree = await rawTree(['120000', 'a', await blob()], ['40000', 'a', folder])
    expect((await refusalOf(list(tree))).message).toContain('twice')
  })

  it('refuses a path that is too deep', async () => {
    let tree = await rawTree(['100644', 'x', await blob()])
    for (let depth = 0; depth < 25; depth += 1) tree = await rawTree(['40000', 'd'.repeat(200), tree])
    expect((await refusalOf(list(tree))).code).toBe('path-refused')
  })

  it('refuses trees that multiply without end, in bounded time', async () => {
    let tree = await rawTree()
    for (let depth = 0; depth < 12; depth += 1)
      tree = await rawTree(
        ...'abcdefgh'.split('').map((name) => ['40000', name, tree] as [string, string, string])
      )
    expect((await refusalOf(list(tree))).message).toContain('more than')
  })

  it('refuses a mode that git does not know, and a tree that is cut', async () => {
    expect((await refusalOf(list(await rawTree(['10644', 'fifo', await blob()])))).code).toBe(
      'object-corrupt'
    )
    expect((await refusalOf(list(await rawTree(['100644', 'a', 'abcd'])))).code).toBe('object-corrupt')
  })

  it('refuses a file that is a commit', async () => {
    const commit = await project.git('rev-parse', 'HEAD')
    expect((await refusalOf(list(await rawTree(['100644', 'a', commit])))).code).toBe('object-corrupt')
  })
})

describe('git-lfs', () => {
  const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${'a'.repeat(64)}\nsize 12345\n`

  it('pointers are refused by name', async () => {
    await project.write({ 'models/big.bin': pointer })
    await project.commit()
    const refusal = await refusalOf(list())
    expect(refusal.code).toBe('lfs-pointer')
    expect(refusal.message).toContain('"models/big.bin"')
  })

  it('a text about pointers is none', async () => {
    await project.write({ 'doc.md': `A pointer:\n\n${pointer}`, 'more.md': `${pointer}More text.\n` })
    await project.commit()
    expect(await list()).toHaveLength(3)
  })
})

describe('submodules', () => {
  let inner: GitProject
  beforeEach(async () => {
    inner = await makeProject({ 'inner.py': 'x = 1\n', 'deep/y.py': '' })
    await project.git(
      '-c',
      'protocol.file.allow=always',
      'submodule',
      '--quiet',
      'add',
      inner.folder,
      'vendor/inner'
    )
    await project.commit()
  })
  afterEach(() => inner.remove())

  it('are listed at their recorded commit, whatever their worktree holds', async () => {
    await rm(path.join(project.folder, 'vendor/inner/inner.py'))
    expect((await list()).map((entry) => entry.path)).toEqual([
      '.gitmodules',
      'README.md',
      'vendor/inner/deep/y.py',
      'vendor/inner/inner.py'
    ])
  })

  it('are found in .git/modules when the worktree is gone', async () => {
    await rm(path.join(project.folder, 'vendor'), { recursive: true })
    expect((await list()).map((entry) => entry.path)).toContain('vendor/inner/inner.py')
  })

  it('are refused by name, with the command that gets them, when they are not there', async () => {
    await rm(path.join(project.folder, 'vendor'), { recursive: true })
    await rm(path.join(project.folder, '.git/modules'), { recursive: true })
    const refusal = await refusalOf(list())
    expect(refusal.code).toBe('submodule-refused')
    expect(refusal.message).toContain('"vendor/inner"')
    expect(refusal.detail.fix).toContain('git submodule update --init')
  })

  it('whose name leads out of .git/modules are not looked for there (CVE-2018-11235)', async () => {
    await rm(path.join(project.folder, 'vendor'), { recursive: true })
    await project.write({
      '.gitmodules': `[submodule "../../../${path.basename(inner.room)}/project/.git"]\n\tpath = vendor/inner\n`
    })
    const changed = await project.gitWith('', 'hash-object', '-w', '.gitmodules')
    const vendor = await project.git('rev-parse', 'HEAD:vendor')
    const tree = await rawTree(['100644', '.gitmodules', changed], ['40000', 'vendor', vendor])
    expect((await refusalOf(list(tree))).code).toBe('submodule-refused')
  })

  it('without .gitmodules and objects are refused', async () => {
    const tree = await rawTree(['160000', 'lost', 'a'.repeat(40)])
    const refusal = await refusalOf(list(tree))
    expect(refusal).toMatchObject({
      code: 'submodule-refused',
      detail: { found: '.gitmodules does not name it' }
    })
  })
})
