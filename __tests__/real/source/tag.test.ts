import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { openRepository, type Repository } from '../../../src/source/repository.ts'
import { resolveTag } from '../../../src/source/tag.ts'
import { committed, makeProject, refusalOf, type GitProject } from './git-project.ts'

let project: GitProject
let repository: Repository

beforeEach(async () => {
  project = await makeProject()
  repository = await openRepository(project.folder)
})
afterEach(async () => {
  await repository.close()
  await project.remove()
})

describe('a tag that names a commit', () => {
  it('resolves a lightweight tag to commit, tree and committer time', async () => {
    await project.git('tag', 'v1.0')
    const commit = await project.git('rev-parse', 'HEAD')
    expect(await resolveTag(repository, 'v1.0')).toEqual({
      name: 'v1.0',
      object: commit,
      kind: 'lightweight',
      commit,
      tree: await project.git('rev-parse', 'HEAD^{tree}'),
      epoch: committed
    })
  })

  it('resolves an annotated tag and keeps its own object', async () => {
    await project.git('tag', '-a', '-m', 'One', 'v1.0')
    const tag = await resolveTag(repository, 'v1.0')
    expect(tag).toMatchObject({ kind: 'annotated', object: await project.git('rev-parse', 'v1.0') })
    expect(tag.commit).toBe(await project.git('rev-parse', 'HEAD'))
    expect(tag.object).not.toBe(tag.commit)
  })

  it('resolves a tag of a tag down to the commit', async () => {
    await project.git('tag', '-a', '-m', 'One', 'inner')
    await project.git('tag', '-a', '-m', 'Two', 'outer', 'inner')
    const tag = await resolveTag(repository, 'outer')
    expect(tag).toMatchObject({ kind: 'annotated', commit: await project.git('rev-parse', 'HEAD') })
  })

  it.each(['release/1.2', 'v1.0+local.1', 'ünï-1.0', 'a=b', "quote'$(touch);1.0", 'v1,0', '%00', 'HEAD'])(
    'takes the odd name %s as it is',
    async (name) => {
      await project.git('update-ref', `refs/tags/${name}`, 'HEAD')
      expect(await resolveTag(repository, name)).toMatchObject({ name, kind: 'lightweight' })
    }
  )

  it('takes the tag, not the branch of the same name', async () => {
    await project.git('tag', 'main')
    const tagged = await project.git('rev-parse', 'refs/tags/main')
    await project.write({ more: 'x' })
    await project.commit()
    expect((await resolveTag(repository, 'main')).commit).toBe(tagged)
  })

  it('finds packed tags', async () => {
    await project.git('tag', '-a', '-m', 'One', 'v1.0')
    await project.git('pack-refs', '--all')
    expect((await resolveTag(repository, 'v1.0')).kind).toBe('annotated')
  })
})

describe('the tag at HEAD is the default', () => {
  it.each(['lightweight', 'annotated'])('takes the only one (%s)', async (kind) => {
    await project.git('tag', ...(kind === 'annotated' ? ['-a', '-m', 'x'] : []), 'v1.0')
    expect(await resolveTag(repository)).toMatchObject({ name: 'v1.0', kind })
  })

  it('refuses to choose between several', async () => {
    await project.git('tag', 'v1.0')
    await project.git('tag', 'latest')
    const refusal = await refusalOf(resolveTag(repository))
    expect(refusal).toMatchObject({ code: 'tag-missing', detail: { found: '"latest", "v1.0"' } })
    expect(refusal.detail.fix).toContain('--tag')
  })

  it('says so where there is none', async () => {
    expect(await refusalOf(resolveTag(repository))).toMatchObject({
      code: 'tag-missing',
      message: 'The commit at HEAD has no tag.'
    })
  })

  it('says so where HEAD has no commit yet', async () => {
    await project.git('checkout', '-q', '--orphan', 'empty')
    await repository.close()
    repository = await openRepository(project.folder)
    expect((await refusalOf(resolveTag(repository))).message).toContain('HEAD names no commit')
  })
})

describe('what is no release tag is refused', () => {
  it('a tag that is not there, naming the nearest and how to fetch it', async () => {
    await project.git('tag', 'v1.0')
    const refusal = await refusalOf(resolveTag(repository, 'v1.0.1'))
    expect(refusal.code).toBe('tag-missing')
    expect(refusal.detail.found).toContain('"v1.0"')
    expect(refusal.detail.fix).toContain('git fetch origin refs/tags/v1.0.1:refs/tags/v1.0.1')
  })

  it('a branch', async () => {
    expect((await refusalOf(resolveTag(repository, 'main'))).detail.found).toContain('a branch')
  })

  it.each(['blob', 'tree'])('a tag of a %s', async (kind) => {
    await project.git('tag', 'odd', kind === 'blob' ? 'HEAD:README.md' : 'HEAD^{tree}')
    expect(await refusalOf(resolveTag(repository, 'odd'))).toMatchObject({
      code: 'tag-not-a-commit',
      detail: { found: `a ${kind}` }
    })
  })

  it('a tag that is only a name for a branch, and moves with it', async () => {
    await project.git('symbolic-ref', 'refs/tags/rolling', 'refs/heads/main')
    expect((await refusalOf(resolveTag(repository, 'rolling'))).code).toBe('tag-not-a-commit')
  })

  it('a tag object of another release under this name', async () => {
    await project.git('tag', '-a', '-m', 'One', 'v1.0')
    await project.git('update-ref', 'refs/tags/v2.0', 'refs/tags/v1.0')
    expect(await refusalOf(resolveTag(repository, 'v2.0'))).toMatchObject({
      code: 'tag-name',
      detail: { found: '"v1.0"', expected: '"v2.0"' }
    })
  })

  it('a chain of tags of tags without reason', async () => {
    let target = 'HEAD'
    for (let depth = 0; depth < 18; depth += 1) {
      await project.git('tag', '-a', '-m', 'x', `t${depth}`, target)
      target = `t${depth}`
    }
    expect((await refusalOf(resolveTag(repository, 't17'))).message).toContain('nested too deeply')
  })

  it('a malformed tag object', async () => {
    const id = await project.gitWith(
      'object nonsense\n',
      'hash-object',
      '-t',
      'tag',
      '-w',
      '--literally',
      '--stdin'
    )
    await writeFile(path.join(project.folder, '.git/refs/tags/broken'), `${id}\n`)
    expect((await refusalOf(resolveTag(repository, 'broken'))).code).toBe('object-corrupt')
  })

  it.each(['--upload-pack=touch x', '-d', 'a\nb', 'a\u001b[31mb', 'v1..2', 'v1*', 'a b', 'refs/tags/v1', ''])(
    'the name %j, before git sees it',
    async (name) => {
      expect((await refusalOf(resolveTag(repository, name))).code).toBe('tag-name')
    }
  )

  it('an option-like tag that somebody has made', async () => {
    await project.git('update-ref', 'refs/tags/--help', 'HEAD')
    expect((await refusalOf(resolveTag(repository))).code).toBe('tag-name')
  })
})

describe('the time of the commit', () => {
  it.each([
    ['1980 to the second', 315_532_800, undefined],
    ['one second before 1980', 315_532_799, 'epoch-refused'],
    ['the year 2099', 4_070_908_800, 'epoch-refused']
  ])('%s', async (_, seconds, code) => {
    await project.commit('A time', seconds)
    await project.git('tag', 'v1.0')
    if (code === undefined) expect((await resolveTag(repository, 'v1.0')).epoch).toBe(seconds)
    else {
      const refusal = await refusalOf(resolveTag(repository, 'v1.0'))
      expect(refusal.code).toBe(code)
      expect(refusal.detail.found).toMatch(/^(1979|2099)-/)
    }
  })

  it('is measured against the given now', async () => {
    await project.git('tag', 'v1.0')
    expect((await refusalOf(resolveTag(repository, 'v1.0', committed - 1))).code).toBe('epoch-refused')
    expect((await resolveTag(repository, 'v1.0', committed)).epoch).toBe(committed)
  })
})
