import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { lstat, mkdir, readdir, readFile, readlink } from 'node:fs/promises'
import path from 'node:path'
import { afterEach, describe, expect, it } from '@jest/globals'
import type { Plan } from '../../../src/documents/plan.ts'
import { silentLog } from '../../../src/platform/log.ts'
import { runChecked } from '../../../src/platform/process.ts'
import { writeExports, type ExportOptions } from '../../../src/source/export.ts'
import { openRepository } from '../../../src/source/repository.ts'
import { resolveTag } from '../../../src/source/tag.ts'
import { committed, makeProject, refusalOf, type Content, type GitProject } from './git-project.ts'

const projects: GitProject[] = []
afterEach(async () => {
  for (const project of projects.splice(0)) await project.remove()
})
const noise = Buffer.from(Array.from({ length: 3000 }, (_, at) => (at * at * 31) & 255))
const files: Record<string, Content> = {
  'pyproject.toml': '[project]\nname = "x"\nreadme = "docs/readme.md"\n',
  'docs/readme.md': 'The readme.\n',
  'docs/guide.md': 'A guide.\n',
  'src/x/__init__.py': '',
  'src/x/logo.png': noise,
  'run.sh': { executable: '#!/bin/sh\n' },
  'tests/test_x.py': 'def test(): pass\n',
  'tests/empty': '',
  'outside.txt': { link: '../../../../etc/passwd' },
  [`long/${'n'.repeat(90)}/${'m'.repeat(120)}.txt`]: 'long\n',
  'ünï.txt': 'ü\n'
}

async function made(content = files, init: string[] = [], annotated = true): Promise<GitProject> {
  const project = await makeProject(content, { init })
  projects.push(project)
  await project.git('tag', ...(annotated ? ['-a', '-m', 'One'] : []), 'v1.0')
  return project
}
async function exported(
  project: GitProject,
  options: Partial<ExportOptions> = {},
  from = project.folder
): Promise<Pick<Plan, 'exports' | 'scramble'> & { a: string; b: string; folder: string }> {
  const folder = options.folder ?? path.join(project.room, 'out')
  const repository = await openRepository(from)
  try {
    const tag = await resolveTag(repository, 'v1.0')
    const result = await writeExports(repository, tag, { inputs: [], log: silentLog, ...options, folder })
    for (const world of ['a', 'b']) {
      await mkdir(path.join(folder, world), { recursive: true })
      await runChecked('tar', ['-xf', `../export-${world}.tar`], {
        cwd: path.join(folder, world),
        env: project.environment
      })
    }
    return { ...result, folder, a: path.join(folder, 'a/tree'), b: path.join(folder, 'b/tree') }
  } finally {
    await repository.close()
  }
}
const inputs = (...globs: string[]): { path: string; reason: string }[] =>
  globs.map((path) => ({ path, reason: 'The build reads it.' }))
const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')

describe('the exports', () => {
  it('hold blobs, modes, links and the epoch', async () => {
    const project = await made()
    const { a, b } = await exported(project)
    expect(await readFile(path.join(a, 'src/x/logo.png'))).toEqual(noise)
    expect(await readFile(path.join(a, `long/${'n'.repeat(90)}/${'m'.repeat(120)}.txt`), 'utf8')).toBe(
      'long\n'
    )
    expect(await readFile(path.join(a, 'ünï.txt'), 'utf8')).toBe('ü\n')
    expect(await readlink(path.join(a, 'outside.txt'))).toBe('../../../../etc/passwd')
    for (const world of [a, b]) {
      expect((await lstat(path.join(world, 'run.sh'))).mode & 0o777).toBe(0o755)
      expect((await lstat(path.join(world, 'docs/guide.md'))).mode & 0o777).toBe(0o644)
      for (const name of await readdir(world, { recursive: true }))
        expect((await lstat(path.join(world, name))).mtimeMs).toBe(committed * 1000)
    }
  })

  it('list names in opposite orders, each folder before what it holds, owners 0', async () => {
    const project = await made()
    const { folder } = await exported(project)
    const names = async (world: string): Promise<string[]> =>
      (await runChecked('tar', ['-tf', `export-${world}.tar`], { cwd: folder, env: project.environment }))
        .split('\n')
        .filter((name) => name !== '')
    const [a, b] = [await names('a'), await names('b')]
    expect([...a].sort()).toEqual([...b].sort())
    const top = (list: string[]): string[] => list.filter((name) => /^tree\/[^/]+\/?$/.test(name))
    expect(top(a)).toEqual(top(b).reverse())
    for (const list of [a, b])
      for (const [at, name] of list.entries())
        expect(list.indexOf(`${path.dirname(name)}/`)).toBeLessThan(path.dirname(name) === '.' ? 1 : at)
    const verbose = await runChecked('tar', ['--numeric-owner', '-tvf', 'export-b.tar'], {
      cwd: folder,
      env: project.environment
    })
    for (const line of verbose.trim().split('\n')) expect(line).toContain(' 0/0 ')
  })

  it('are the same bytes from another clone, folder, umask and packing of objects', async () => {
    const project = await made()
    const first = await exported(project)
    const other = path.join(project.room, 'another clone')
    await project.git('clone', '-q', '--depth', '1', '--branch', 'v1.0', `file://${project.folder}`, other)
    const umask = process.umask(0o077)
    try {
      const second = await exported(project, { folder: path.join(project.room, 'b/c/d') }, other)
      expect(second.exports).toEqual(first.exports)
      expect(second.scramble).toEqual(first.scramble)
    } finally {
      process.umask(umask)
    }
    expect(sha256(await readFile(path.join(first.folder, 'export-b.tar')))).toBe(first.exports.b.sha256)
  })

  it('scramble what must have no influence, as the plan says, and nothing else', async () => {
    const { a, b, scramble } = await exported(await made())
    expect(scramble.files.map((file) => `${file.reason} ${file.path}`)).toEqual([
      'docs docs/guide.md',
      'binary src/x/logo.png',
      'tests tests/test_x.py'
    ])
    for (const file of scramble.files) {
      const [original, scrambled] = [
        await readFile(path.join(a, file.path)),
        await readFile(path.join(b, file.path))
      ]
      expect(scrambled).not.toEqual(original)
      expect(scrambled.length).toBe(original.length)
      expect(sha256(original)).toBe(file.original)
      expect(sha256(scrambled)).toBe(file.scrambled)
    }
    for (const name of ['docs/readme.md', 'pyproject.toml', 'ünï.txt', 'tests/empty'])
      expect(await readFile(path.join(b, name))).toEqual(await readFile(path.join(a, name)))
  })

  it('leave what the configuration declares as input, and refuse a glob that fits nothing', async () => {
    const project = await made()
    const { scramble } = await exported(project, { inputs: inputs('src/**/*.png', 'tests') })
    expect(scramble.files.map((file) => file.path)).toEqual(['docs/guide.md'])
    const refusal = await refusalOf(exported(project, { inputs: inputs('nowhere/*') }))
    expect(refusal.code).toBe('config-invalid')
  })

  it('take a project that lies in examples/ for a project', async () => {
    const project = await made({
      'examples/hello/pyproject.toml': '[project]\nname = "hello"\n',
      'examples/hello/hello.py': 'x = 1\n',
      'examples/hello/tests/test.py': 'x = 1\n',
      'examples/other.py': 'x = 1\n'
    })
    const { scramble } = await exported(project, { targets: [{ path: 'examples/hello' }] })
    expect(scramble.files.map((file) => file.path)).toEqual([
      'examples/hello/tests/test.py',
      'examples/other.py'
    ])
  })

  it('stream a file that is too large to be read by anyone', async () => {
    const large = Buffer.alloc(20 * 1024 * 1024, 'a line of text\n')
    const { a, b, scramble } = await exported(await made({ 'large.txt': large }))
    expect(scramble.files).toMatchObject([{ path: 'large.txt', reason: 'dense', size: large.length }])
    expect(sha256(await readFile(path.join(a, 'large.txt')))).toBe(scramble.files[0]?.original)
    expect(sha256(await readFile(path.join(b, 'large.txt')))).toBe(scramble.files[0]?.scrambled)
  })

  it('leave nothing half-made', async () => {
    const project = await made({ 'a.txt': 'a\n', 'b.txt': 'b\n', 'z.txt': { link: 'x' } })
    const empty = await project.gitWith('', 'hash-object', '-w', '--stdin')
    await project.git('update-index', '--cacheinfo', `120000,${empty},z.txt`)
    await project.git('commit', '-q', '-m', 'A link to nothing')
    await project.git('tag', '-f', '-a', '-m', 'x', 'v1.0')
    const refusal = await refusalOf(exported(project))
    expect(refusal).toMatchObject({ code: 'path-refused' })
    expect(refusal.message).toContain('"z.txt"')
    expect(existsSync(path.join(project.room, 'out/export-a.tar'))).toBe(false)
  })
})

describe.each([
  ['an annotated tag', [], true],
  ['a lightweight tag', [], false],
  ['SHA-256 objects', ['--object-format=sha256'], true]
] as [string, string[], boolean][])('the thin git folder (%s)', (_, init, annotated) => {
  it('answers as a full clone does, in both worlds, and holds no file content', async () => {
    const project = await made(files, init, annotated)
    await project.write({ '.gitignore': 'src\n*.md\n' })
    const { a, b } = await exported(project)
    for (const world of [a, b]) {
      const git = async (...args: string[]): Promise<string> =>
        (await runChecked('git', args, { cwd: world, env: project.environment })).trim()
      expect(await git('status', '--porcelain', '--ignored')).toBe('')
      expect(await git('describe', '--dirty', '--tags', '--long', '--match', 'v*')).toBe(
        await project.git('describe', '--tags', '--long', 'v1.0')
      )
      const names = ['ls-files', '--format=%(objectmode) %(path)']
      expect(await git(...names)).toBe(await project.git(...names))
      const tree = ['ls-tree', '-r', '--format=%(objectmode) %(path)']
      expect(await git(...tree, 'HEAD')).toBe(await project.git(...tree, 'v1.0'))
      const ids = await project.git('ls-tree', '-r', '-t', '--format=%(objectname)', 'v1.0')
      const shown = (await git('ls-files', '-s')) + (await git('ls-tree', '-r', '-t', 'HEAD'))
      for (const id of ids.split('\n')) expect(shown).not.toContain(id)
      expect(await git('log', '--format=%H %ct %an')).toBe(
        await project.git('log', '--format=%H %ct %an', 'v1.0')
      )
      expect(await git('rev-parse', 'refs/tags/v1.0')).toBe(await project.git('rev-parse', 'v1.0'))
      expect(await git('rev-parse', '--is-shallow-repository')).toBe('true')
      expect(await git('diff-index', '--quiet', 'HEAD')).toBe('')
      await expect(git('cat-file', '-p', 'HEAD:tests/test_x.py')).rejects.toThrow()
      const types = await git('cat-file', '--batch-all-objects', '--batch-check=%(objecttype)')
      expect(types.split('\n')).not.toContain('blob')
      expect(await readFile(path.join(world, '.git/config'), 'utf8')).not.toContain('Ada')
    }
  })
})

it('a nested tag and a submodule are whole in the thin git folder', async () => {
  const inner = await makeProject({ 'inner.py': 'x = 1\n' })
  projects.push(inner)
  const project = await made()
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
  await project.git('tag', '-a', '-m', 'x', 'candidate')
  await project.git('tag', '-f', '-a', '-m', 'x', 'v1.0', 'candidate')
  const { a } = await exported(project)
  const git = async (...args: string[]): Promise<string> =>
    (await runChecked('git', args, { cwd: a, env: project.environment })).trim()
  expect(await readFile(path.join(a, 'vendor/inner/inner.py'), 'utf8')).toBe('x = 1\n')
  expect(await git('ls-files')).toBe(await project.git('ls-files'))
  expect(await git('status', '--porcelain')).toBe('')
  expect(await git('rev-parse', 'v1.0^{commit}')).toBe(await project.git('rev-parse', 'HEAD'))
})
