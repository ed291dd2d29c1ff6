import { afterEach, describe, expect, it } from '@jest/globals'
import { mkdtemp, mkdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { silentLog } from '../../../src/platform/log.ts'
import { runChecked } from '../../../src/platform/process.ts'
import { writeExports } from '../../../src/source/export.ts'
import { writeFullClone } from '../../../src/source/full-clone.ts'
import { previousRelease } from '../../../src/source/previous-release.ts'
import { openRepository } from '../../../src/source/repository.ts'
import { resolveTag } from '../../../src/source/tag.ts'
import { makeProject, committed, type GitProject } from './git-project.ts'

const removals: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const remove of removals.splice(0)) await remove()
})

/** Three releases on the main line, and one on a branch that was never merged. */
async function releases(): Promise<GitProject> {
  const project = await makeProject({ 'a.txt': 'one\n', 'bin/run': { executable: '#!/bin/sh\n' } })
  removals.push(project.remove)
  await project.git('tag', '-a', '-m', 'v1.0', 'v1.0')
  await project.git('branch', 'side')
  await project.write({ 'a.txt': 'two\n' })
  await project.commit('Second', committed + 10)
  await project.git('tag', 'v1.1')
  await project.write({ 'a.txt': 'three\n', link: { link: 'a.txt' } })
  await project.commit('Third', committed + 20)
  await project.git('tag', '-a', '-m', 'v2.0', 'v2.0')
  await project.git('checkout', '-q', 'side')
  await project.commit('Aside', committed + 30)
  await project.git('tag', 'v1.9')
  await project.git('checkout', '-q', 'main')
  return project
}

/** Unpacks the clone that a build of the tag would see, and gives git in it. */
async function clone(
  folder: string,
  tagName: string
): Promise<{ git: (...args: string[]) => Promise<string>; history: { commits: number; whole: boolean } }> {
  const room = await mkdtemp(path.join(tmpdir(), 'tagproof-clone-test-'))
  removals.push(() => rm(room, { recursive: true, force: true }))
  const repository = await openRepository(folder)
  try {
    const tag = await resolveTag(repository, tagName)
    await writeExports(repository, tag, { folder: room, inputs: [], log: silentLog })
    const packs = path.join(room, 'packs')
    await mkdir(packs)
    const file = path.join(room, 'clone.tar')
    const history = await writeFullClone(repository, {
      tag,
      exported: path.join(room, 'export-a.tar'),
      file,
      folder: packs
    })
    const env = { PATH: process.env.PATH ?? '', HOME: room, LC_ALL: 'C.UTF-8' }
    await runChecked('tar', ['-xf', file, '-C', room], { env })
    const git = async (...args: string[]): Promise<string> =>
      (await runChecked('git', args, { cwd: path.join(room, 'tree'), env })).trim()
    return { git, history }
  } finally {
    await repository.close()
  }
}

async function previousOf(folder: string, tagName: string): Promise<string> {
  const repository = await openRepository(folder)
  try {
    const tag = await resolveTag(repository, tagName)
    const found = await previousRelease(repository, tag, tagName.slice(1))
    return 'none' in found ? `none: ${found.none}` : found.tag.name
  } finally {
    await repository.close()
  }
}

describe('a full clone for a build', () => {
  it('is a repository with blobs, history and tags, in which git finds nothing wrong', async () => {
    const { git, history } = await clone((await releases()).folder, 'v2.0')
    expect(history).toEqual({ commits: 3, whole: true })
    expect(await git('fsck', '--full', '--strict')).not.toMatch(/missing|broken|error/)
    expect(await git('status', '--porcelain')).toBe('')
    expect(await git('describe', '--tags', '--dirty')).toBe('v2.0')
    expect(await git('describe', '--tags', 'HEAD~1')).toBe('v1.1')
    expect(await git('show', 'HEAD~2:a.txt')).toBe('one')
    expect(await git('ls-files')).toBe('a.txt\nbin/run\nlink')
    expect(await git('tag', '--list')).toBe('v1.0\nv1.1\nv2.0')
  })

  it('ends where a shallow clone ends, and says so', async () => {
    const project = await releases()
    const shallow = path.join(project.room, 'shallow')
    await runChecked(
      'git',
      ['clone', '-q', '--depth=2', '--branch=v2.0', `file://${project.folder}`, shallow],
      {
        env: project.environment
      }
    )
    const { git, history } = await clone(shallow, 'v2.0')
    expect(history).toEqual({ commits: 2, whole: false })
    expect(await git('fsck', '--full')).not.toMatch(/missing|broken|error/)
    expect(await git('log', '--format=%s')).toBe('Third\nSecond')
  })
})

describe('the release before', () => {
  it('is an ancestor with a lower version, and not a higher one beside the line', async () => {
    const { folder } = await releases()
    expect(await previousOf(folder, 'v2.0')).toBe('v1.1')
    expect(await previousOf(folder, 'v1.9')).toBe('v1.0')
    expect(await previousOf(folder, 'v1.0')).toMatch(/^none: no tag of a lower version/)
  })

  it('cannot be known in a shallow clone, which says what to do', async () => {
    const project = await releases()
    const shallow = path.join(project.room, 'shallow')
    await runChecked(
      'git',
      ['clone', '-q', '--depth=1', '--branch=v2.0', `file://${project.folder}`, shallow],
      {
        env: project.environment
      }
    )
    expect(await previousOf(shallow, 'v2.0')).toMatch(/shallow.*fetch-depth 0/)
  })
})
