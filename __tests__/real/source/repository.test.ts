import { existsSync } from 'node:fs'
import { chmod, mkdir, readdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import type { ObjectId } from '../../../src/documents/identifiers.ts'
import { privileged } from '../../../src/platform/privilege.ts'
import { plainEnvironment, runChecked } from '../../../src/platform/process.ts'
import { openRepository, type Repository } from '../../../src/source/repository.ts'
import { resolveTag } from '../../../src/source/tag.ts'
import { listTree } from '../../../src/source/tree.ts'
import { makeProject, refusalOf, type GitProject } from './git-project.ts'

let project: GitProject
let opened: Repository[]

beforeEach(async () => {
  opened = []
  project = await makeProject({ 'README.md': 'Hello.\n', 'src/a.py': 'a = 1\n', 'src/b.py': 'b = 2\n' })
  await project.git('tag', '-a', '-m', 'One', 'v1.0')
})
afterEach(async () => {
  for (const repository of opened) await repository.close()
  await project.remove()
})

async function open(folder = project.folder): Promise<Repository> {
  const repository = await openRepository(folder)
  opened.push(repository)
  return repository
}
async function paths(folder: string, tag = 'v1.0'): Promise<string[]> {
  const repository = await open(folder)
  return (await listTree(repository, (await resolveTag(repository, tag)).tree)).map((entry) => entry.path)
}
const all = ['README.md', 'src/a.py', 'src/b.py']
async function idOf(name: string): Promise<ObjectId> {
  return (await project.git('rev-parse', name)) as ObjectId
}
function looseFile(id: string): string {
  return path.join(project.folder, '.git/objects', id.slice(0, 2), id.slice(2))
}

describe('a repository is found and read wherever git would find it', () => {
  it('from a folder inside', async () => expect(await paths(path.join(project.folder, 'src'))).toEqual(all))

  it('bare', async () => {
    const bare = path.join(project.room, 'bare.git')
    await project.git('clone', '-q', '--bare', project.folder, bare)
    expect(await paths(bare)).toEqual(all)
  })

  it('in a linked worktree, with the HEAD of that worktree', async () => {
    await project.write({ 'new.py': '' })
    await project.commit()
    await project.git('tag', 'v2.0')
    const linked = path.join(project.room, 'linked')
    await project.git('worktree', 'add', '-q', '--detach', linked, 'v1.0')
    expect((await resolveTag(await open(linked))).name).toBe('v1.0')
    expect(await paths(linked, 'v2.0')).toContain('new.py')
  })

  it('with its objects in an alternate', async () => {
    const shared = path.join(project.room, 'shared:with "odd\\name')
    await project.git('clone', '-q', '--shared', '--no-checkout', project.folder, shared)
    expect(await paths(shared)).toEqual(all)
  })

  it('with everything in a pack', async () => {
    await project.git('gc', '-q', '--aggressive')
    expect(await paths(project.folder)).toEqual(all)
  })

  it('that belongs to somebody else, since nothing of it is run', async () => {
    const give = async (owner: number): Promise<void> => {
      const { command, args } = privileged('chown', [String(owner), project.folder, `${project.folder}/.git`])
      await runChecked(command, args, { env: plainEnvironment })
    }
    await give(4321)
    try {
      await expect(project.git('log')).rejects.toThrow()
      expect(await paths(project.folder)).toEqual(all)
    } finally {
      await give(process.getuid?.() ?? 0)
    }
  })

  it('of SHA-256 objects', async () => {
    const other = await makeProject({ 'a.py': 'a = 1\n' }, { init: ['--object-format=sha256'] })
    await other.git('tag', '-a', '-m', 'x', 'v1.0')
    const repository = await open(other.folder)
    const tag = await resolveTag(repository)
    expect(tag.commit).toMatch(/^[0-9a-f]{64}$/)
    expect((await listTree(repository, tag.tree)).map((entry) => entry.path)).toEqual(['a.py'])
    await other.remove()
  })

  it('whatever the variables of the caller say', async () => {
    process.env.GIT_DIR = '/nonexistent'
    process.env.GIT_OBJECT_DIRECTORY = '/nonexistent'
    process.env.GIT_CONFIG_PARAMETERS = "'core.bare'='nonsense'"
    try {
      expect(await paths(project.folder)).toEqual(all)
    } finally {
      for (const name of ['GIT_DIR', 'GIT_OBJECT_DIRECTORY', 'GIT_CONFIG_PARAMETERS'])
        Reflect.deleteProperty(process.env, name)
    }
  })
})

describe('a shallow clone', () => {
  it('is enough when it holds the commit of the tag', async () => {
    await project.write({ 'new.py': '' })
    await project.commit()
    const shallow = path.join(project.room, 'shallow')
    await project.git('clone', '-q', '--depth', '1', '--branch', 'v1.0', `file://${project.folder}`, shallow)
    expect(await paths(shallow)).toEqual(all)
  })

  it('says what is missing when it does not', async () => {
    const commit = await idOf('HEAD')
    await project.write({ 'new.py': '' })
    await project.commit()
    const shallow = path.join(project.room, 'shallow')
    await project.git('clone', '-q', '--depth', '1', '--no-tags', `file://${project.folder}`, shallow)
    await mkdir(path.join(shallow, '.git/refs/tags'), { recursive: true })
    await writeFile(path.join(shallow, '.git/refs/tags/v1.0'), `${commit}\n`)
    const refusal = await refusalOf(paths(shallow))
    expect(refusal).toMatchObject({ code: 'object-missing', detail: { found: `no object ${commit}` } })
    expect(refusal.message).toContain('shallow clone')
    expect(refusal.detail.fix).toContain('git fetch')
  })

  it('without the files says which is missing', async () => {
    await project.git('config', 'uploadpack.allowFilter', 'true')
    const partial = path.join(project.room, 'partial')
    const from = `file://${project.folder}`
    await project.git('clone', '-q', '--filter=blob:none', '--no-checkout', from, partial)
    const refusal = await refusalOf(paths(partial))
    expect(refusal.code).toBe('object-missing')
    expect(refusal.message).toBe(
      'The file "README.md" is not in this clone (a partial clone, without all files).'
    )
  })
})

describe('what cannot be read is refused', () => {
  it('a folder that is not there', async () => {
    const refusal = await refusalOf(open(path.join(project.room, 'nowhere')))
    expect(refusal).toMatchObject({ code: 'repository-invalid' })
    expect(refusal.message).toContain('nowhere')
  })

  it('a folder outside of any repository', async () => {
    expect(await refusalOf(open(project.room))).toMatchObject({ code: 'repository-invalid' })
  })

  it('a .git file that leads nowhere', async () => {
    const folder = path.join(project.room, 'odd')
    await mkdir(folder)
    await writeFile(path.join(folder, '.git'), 'gitdir: ../nowhere\n')
    expect((await refusalOf(open(folder))).code).toBe('repository-invalid')
    await writeFile(path.join(folder, '.git'), 'x'.repeat(100_000))
    expect((await refusalOf(open(folder))).message).toContain('does not say where')
  })

  it('a repository without its refs', async () => {
    await rename(path.join(project.folder, '.git/refs'), path.join(project.folder, '.git/gone'))
    expect((await refusalOf(open())).detail.found).toContain('no folder refs')
  })

  it('a configuration file that is no such', async () => {
    await writeFile(path.join(project.folder, '.git/config'), '[core\nnonsense')
    expect((await refusalOf(open())).message).toContain('configuration file of the repository is corrupt')
  })

  it('an object format that nobody knows', async () => {
    await project.git('config', 'extensions.objectFormat', 'md5')
    expect((await refusalOf(open())).message).toContain('"md5"')
  })

  it('an object that is not there', async () => {
    const id = await idOf('HEAD:src/a.py')
    await rm(looseFile(id))
    expect((await refusalOf(paths(project.folder))).message).toContain('"src/a.py"')
  })

  it('a loose object that is garbage, and the next object is read all the same', async () => {
    const id = await idOf('HEAD:src/a.py')
    await chmod(looseFile(id), 0o644)
    await writeFile(looseFile(id), 'garbage')
    const repository = await open()
    expect((await refusalOf(repository.readObject(id))).code).toMatch(/^object-(missing|corrupt)$/)
    const next = await repository.readObject(await idOf('HEAD:src/b.py'), 'blob')
    expect(next.data.toString()).toBe('b = 2\n')
  })

  it('an object whose content is another one, which git itself does not notice', async () => {
    const [a, b] = [await idOf('HEAD:src/a.py'), await idOf('HEAD:src/b.py')]
    await chmod(looseFile(a), 0o644)
    await writeFile(looseFile(a), await readFile(looseFile(b)))
    expect(await project.gitWith(`${a}\n`, 'cat-file', '--batch')).toContain('b = 2')
    const repository = await open()
    expect(await refusalOf(repository.readObject(a))).toMatchObject({
      code: 'object-corrupt',
      detail: { found: b, expected: a }
    })
    const stream = await repository.blobStream(a)
    expect((await refusalOf(drain(stream.content))).code).toBe('object-corrupt')
  })

  it('a pack that was cut', async () => {
    await project.git('gc', '-q')
    const folder = path.join(project.folder, '.git/objects/pack')
    const pack = (await readdir(folder)).find((name) => name.endsWith('.pack')) ?? ''
    await chmod(path.join(folder, pack), 0o644)
    await truncate(path.join(folder, pack), 60)
    expect((await refusalOf(paths(project.folder))).code).toMatch(/^object-(missing|corrupt)$/)
  })

  it('an object of another type than its place says', async () => {
    const repository = await open()
    expect((await refusalOf(repository.readObject(await idOf('HEAD'), 'blob'))).detail).toMatchObject({
      found: 'commit',
      expected: 'blob'
    })
    expect((await repository.readObject(await idOf('HEAD'), 'commit')).type).toBe('commit')
  })
})

describe('reading', () => {
  it('serves many readers at once, each its own object', async () => {
    const repository = await open()
    const ids = await Promise.all(['HEAD:src/a.py', 'HEAD:src/b.py', 'HEAD:README.md'].map(idOf))
    const texts = await Promise.all(
      Array.from({ length: 60 }, async (_, at) =>
        (await repository.readObject(ids[at % 3] as ObjectId, 'blob')).data.toString()
      )
    )
    expect(texts.slice(57)).toEqual(['a = 1\n', 'b = 2\n', 'Hello.\n'])
  })

  it('goes on after a reader has left half-way through a large file', async () => {
    await project.write({ 'large.bin': Buffer.alloc(5_000_000, 7) })
    await project.commit()
    const repository = await open()
    const stream = await repository.blobStream(await idOf('HEAD:large.bin'))
    for await (const chunk of stream.content) if (chunk.length > 0) break
    expect((await repository.readObject(await idOf('HEAD:src/a.py'))).data.toString()).toBe('a = 1\n')
  })

  it('closes while a large file is half read, and leaves nothing behind', async () => {
    await project.write({ 'large.bin': Buffer.alloc(5_000_000, 7) })
    await project.commit()
    const before = await ownFolders()
    const repository = await openRepository(project.folder)
    const stream = await repository.blobStream(await idOf('HEAD:large.bin'))
    await stream.content[Symbol.asyncIterator]().next()
    await repository.close()
    expect(await ownFolders()).toEqual(before)
  })

  it('writes nothing into the repository', async () => {
    const before = await project.git('count-objects', '-v')
    await paths(project.folder)
    expect(await project.git('count-objects', '-v')).toBe(before)
    expect(existsSync(path.join(project.folder, '.git/index.lock'))).toBe(false)
  })
})

async function drain(content: AsyncIterable<Buffer>): Promise<number> {
  let size = 0
  for await (const chunk of content) size += chunk.length
  return size
}

/** Private folders that hold our HEAD; those of other runs come and go, so only ours are counted. */
async function ownFolders(): Promise<string[]> {
  const names = (await readdir(tmpdir())).filter((name) => name.startsWith('tagproof-git-'))
  const found: string[] = []
  for (const name of names) {
    const head = await readFile(path.join(tmpdir(), name, 'HEAD'), 'utf8').catch(() => '')
    const refs = await readFile(path.join(tmpdir(), name, 'refs/heads/main'), 'utf8').catch(() => '')
    if (head !== '' && refs.trim() === (await project.git('rev-parse', 'main'))) found.push(name)
  }
  return found
}
