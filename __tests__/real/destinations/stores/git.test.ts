import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { gitStore, type GitStoreRequest } from '../../../../src/destinations/stores/git/git-store.ts'
import type { Store } from '../../../../src/destinations/stores/store.ts'
import { run } from '../../../../src/platform/process.ts'
import { makeBareRepository, serveRepository, type BareRepository } from '../../support/git/bare.ts'
import { storeContract } from './contract.ts'

const branch = 'gh-pages'
const time = 1_700_000_000

function storeOf({ folder }: Pick<BareRepository, 'folder'>, more: Partial<GitStoreRequest> = {}): Store {
  const remote = { address: folder, token: undefined, environment: {} }
  return gitStore({ remote, branch, path: '', time, pauses: [], ...more })
}

storeContract('a branch of git', async () => {
  const repository = await makeBareRepository()
  return {
    // Each is a handful of processes, and whoever comes second begins again.
    times: 1,
    store: () => storeOf(repository),
    content: () => repository.content(branch),
    left: async () => {
      const refs = await repository.git('for-each-ref', '--format=%(refname)')
      return refs.split('\n').filter((ref) => ref !== '' && ref !== `refs/heads/${branch}`)
    },
    remove: () => repository.remove()
  }
})

const text = (content: string): { bytes: Buffer } => ({ bytes: Buffer.from(content) })

describe('a branch', () => {
  let repository: BareRepository
  let store: Store
  let temporary: string
  const { TMPDIR } = process.env
  beforeEach(async () => {
    temporary = await mkdtemp(path.join(tmpdir(), 'tagproof-temporary-'))
    process.env.TMPDIR = temporary
    repository = await makeBareRepository()
    store = storeOf(repository, { path: 'debs' })
  })
  afterEach(async () => {
    await store.close()
    await repository.remove()
    if (TMPDIR === undefined) delete process.env.TMPDIR
    else process.env.TMPDIR = TMPDIR
    await rm(temporary, { recursive: true })
  })
  const count = async (): Promise<number> =>
    Number(await repository.git('rev-list', '--count', `refs/heads/${branch}`))

  it('gets one commit for all that was gathered, below its folder; the rest stays', async () => {
    await repository.put(branch, { 'index.html': 'page', 'debs/old': 'old' })
    await store.create('1.0/a', text('a'))
    await store.create('1.0/b', text('b'))
    await store.replace('latest', text('a'), null)
    const old = await store.hash('old')
    await store.remove('old', old?.version ?? '')
    expect(await repository.content(branch)).toEqual({ 'index.html': 'page', 'debs/old': 'old' })
    expect(await store.flush('Release 1.0')).toBe('done')
    expect(await repository.content(branch)).toEqual({
      'index.html': 'page',
      'debs/1.0/a': 'a',
      'debs/1.0/b': 'b',
      'debs/latest': 'a'
    })
    expect([await count(), await repository.git('log', '-1', '--format=%s|%an|%at|%ct', branch)]).toEqual([
      2,
      `Release 1.0|Tagproof|${time}|${time}\n`
    ])
    expect(await store.flush('Nothing')).toBe('done')
    expect(await count()).toBe(2)
  })

  it('of the same release upon the same commit is the same commit', async () => {
    const commits: string[] = []
    for (const other of [repository, await makeBareRepository()]) {
      const one = storeOf(other)
      await one.create('x', text('x'))
      await one.flush('Release 1.0')
      commits.push(await other.git('rev-parse', branch))
      if (other !== repository) await other.remove()
    }
    expect(commits[0]).toBe(commits[1])
  })

  it('what is held is on the server and not on the branch; it is shown by the flush, and gone with the store', async () => {
    await store.create('x', text('x'))
    await store.hold()
    const refs = (): Promise<string> => repository.git('for-each-ref', '--format=%(refname)')
    expect(await refs()).toMatch(/^refs\/tagproof\/held-[0-9a-f]{16}\n$/)
    expect((await store.read('x', 1))?.bytes.toString()).toBe('x')
    await store.replace('latest', text('x'), null)
    await store.hold()
    expect((await refs()).split('\n').length).toBe(2)
    await store.flush('Release 1.0')
    expect([await refs(), await count()]).toEqual([`refs/heads/${branch}\n`, 1])
    await store.create('y', text('y'))
    await store.hold()
    await store.close()
    expect([await refs(), await repository.content(branch)]).toEqual([
      `refs/heads/${branch}\n`,
      { 'debs/latest': 'x', 'debs/x': 'x' }
    ])
  })

  it('after a race keeps what is new and free, and forgets what was to move', async () => {
    await store.replace('latest', text('0'), null)
    await store.flush('First')
    await store.create('1.0/x', text('x'))
    await store.create('1.0/same', text('s'))
    await store.create('1.0/taken', text('mine'))
    const { version = '' } = (await store.hash('latest')) ?? {}
    await store.replace('latest', text('1'), version)
    await repository.put(branch, { 'debs/1.0/same': 's', 'debs/1.0/taken': 'theirs', 'debs/2.0/y': 'y' })
    expect(await store.flush('Release 1.0')).toBe('raced')
    expect((await store.read('latest', 9))?.bytes.toString()).toBe('0')
    expect(await store.create('1.0/taken', text('mine'))).toBe('exists')
    expect(await store.flush('Release 1.0')).toBe('done')
    expect(await repository.content(branch)).toEqual({
      'debs/latest': '0',
      'debs/1.0/x': 'x',
      'debs/1.0/same': 's',
      'debs/1.0/taken': 'theirs',
      'debs/2.0/y': 'y'
    })
  })

  it('is not fetched whole: what nobody reads stays on the server', async () => {
    const large = Array.from({ length: 5 }, (_, at) => [`other/${at}`, `${at}`.repeat(200_000)])
    await repository.put(branch, {
      ...(Object.fromEntries(large) as Record<string, string>),
      'debs/small': 's'
    })
    const before = await readdir(tmpdir())
    await store.create('x', text('x'))
    expect((await store.read('small', 1))?.bytes.toString()).toBe('s')
    const [own = ''] = (await readdir(tmpdir())).filter(
      (name) => name.startsWith('tagproof-branch-') && !before.includes(name)
    )
    const blob = (await repository.git('rev-parse', `${branch}:other/1`)).trim()
    const has = (id: string): Promise<{ code: number | null }> =>
      run('git', ['cat-file', '-e', id], {
        env: { PATH: process.env.PATH ?? '', GIT_DIR: path.join(tmpdir(), own), GIT_NO_LAZY_FETCH: '1' }
      })
    expect((await has((await repository.git('rev-parse', `${branch}:debs/small`)).trim())).code).toBe(0)
    expect((await has(blob)).code).not.toBe(0)
    await store.flush('Release 1.0')
    expect(Object.keys(await repository.content(branch)).length).toBe(7)
  })

  it('of a repository with SHA-256 is written too', async () => {
    const other = await makeBareRepository('sha256')
    await other.put(branch, { old: 'o' })
    const one = storeOf(other)
    const { version = '' } = (await one.hash('old')) ?? {}
    await one.remove('old', version)
    await one.create('x', text('x'))
    expect(await one.flush('Release 1.0')).toBe('done')
    expect(await other.content(branch)).toEqual({ x: 'x' })
    await one.close()
    await other.remove()
  })

  it('a file is no folder', async () => {
    await store.create('a/b', text('x'))
    for (const key of ['a', 'a/b/c'])
      await expect(store.create(key, text('x'))).rejects.toMatchObject({ code: 'upload-refused' })
  })

  it('leaves nothing of ours on this machine', async () => {
    const folders = async (): Promise<string[]> =>
      (await readdir(tmpdir())).filter((name) => name.startsWith('tagproof-branch-'))
    const before = new Set(await folders())
    const bad = storeOf({ folder: path.join(repository.folder, 'none') })
    await expect(bad.preflight()).rejects.toMatchObject({ code: 'config-invalid' })
    await bad.close()
    await store.create('x', text('x'))
    await store.flush('x')
    await store.hash('x')
    await store.close()
    expect((await folders()).filter((name) => !before.has(name))).toEqual([])
  })

  it('that a server protects is told with its words, and what was there stays', async () => {
    await repository.put(branch, { old: 'o' })
    await mkdir(path.join(repository.folder, 'hooks'), { recursive: true })
    const hook = path.join(repository.folder, 'hooks', 'pre-receive')
    await writeFile(hook, '#!/bin/sh\necho "GH006: Protected branch update failed" >&2\nexit 1\n')
    await chmod(hook, 0o755)
    await store.create('x', text('x'))
    await expect(store.flush('x')).rejects.toMatchObject({
      code: 'upload-refused',
      detail: { output: expect.stringContaining('GH006') as unknown }
    })
    expect(await repository.content(branch)).toEqual({ old: 'o' })
  })
})

describe('over http', () => {
  it('the token is sent in a header and stands nowhere else; without it, or with another, preflight tells', async () => {
    const repository = await makeBareRepository()
    const token = 'ghs_correct-horse'
    const server = await serveRepository(repository.folder, token)
    const at = (given: string | undefined): Store =>
      storeOf(repository, { remote: { address: server.address, token: given, environment: {} } })
    try {
      for (const other of [undefined, 'ghs_other'])
        await expect(at(other).preflight()).rejects.toMatchObject({
          code: 'login-refused',
          detail: { fix: expect.stringContaining('contents: write') as unknown }
        })
      const store = at(token)
      await store.preflight()
      await store.create('x', text('x'))
      await store.hold()
      await store.replace('latest', text('x'), null)
      expect(await store.flush('Release 1.0')).toBe('done')
      expect((await store.read('x', 1))?.bytes.toString()).toBe('x')
      await store.close()
      expect(await repository.content(branch)).toEqual({ latest: 'x', x: 'x' })
      expect(server.seen.join()).not.toContain('ghs_')
    } finally {
      await server.close()
      await repository.remove()
    }
    await expect(at(token).preflight()).rejects.toMatchObject({ code: 'network' })
  })

  it.each(['http://example.org/x.git', 'https://user:secret@example.org/x.git'])(
    '%s is refused',
    async (address) => {
      const store = gitStore({
        remote: { address, token: 'x', environment: {} },
        branch,
        path: '',
        time,
        pauses: []
      })
      await expect(store.preflight()).rejects.toMatchObject({ code: 'config-invalid' })
      await expect(store.preflight()).rejects.not.toMatchObject({
        message: expect.stringContaining('secret') as unknown
      })
    }
  )
})
