import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { sha256 } from '../../../src/documents/identifiers.ts'
import type { Lock } from '../../../src/documents/lock.ts'
import { formatLock } from '../../../src/lock/lock-file.ts'
import { plainEnvironment, run, runChecked } from '../../../src/platform/process.ts'
import { version } from '../../../src/platform/version.ts'
import { makeProject, type GitProject } from '../source/git-project.ts'
import { tagproof } from '../support/command.ts'
import { project as files } from './project.ts'

let project: GitProject
let out: string

beforeAll(async () => {
  project = await makeProject(files)
  await project.git('tag', 'v1.2.3')
  out = await mkdtemp(path.join(tmpdir(), 'tagproof-command-'))
})
afterAll(async () => {
  await project.remove()
  await rm(out, { recursive: true, force: true })
})

describe('the command', () => {
  const fresh = (): string => path.join(out, 'fresh')
  const lockFile = (): string => path.join(out, 'some.lock')

  it('tells its version and how to use it', async () => {
    expect(await tagproof(['--version'])).toMatchObject({ status: 0, stdout: `${version}\n` })
    const help = await tagproof(['--help'])
    expect(help.status).toBe(0)
    for (const word of [
      'plan',
      'lock',
      'fetch',
      'build',
      'prove',
      'record',
      'rehearse',
      'shell',
      'Exit status'
    ])
      expect(help.stdout).toContain(word)
  })

  it.each([
    ['no command', []],
    ['an unknown command', ['relase']],
    ['an unknown option', ['plan', '--nonsense']],
    ['a missing value', ['plan', '--tag']],
    ['an unknown world', ['build', '--world', 'c']]
  ])('%s is wrong use: status 2', async (_, args) => {
    expect((await tagproof(args)).status).toBe(2)
  })

  it.each<[string, string, string[]]>([
    ['a tag that does not exist', 'tag-missing', ['--tag', 'v9']],
    ['a target that does not exist', 'target-unknown', ['--target', 'rpm']],
    ['a config that cannot be read', 'usage', ['--config', '/nonexistent/tagproof.yml']],
    ['a folder without a repository', 'repository-invalid', ['--repository', '/proc']],
    ['a tree without a lock', 'lock-missing', []]
  ])('%s gives %s: status 2, and one JSON document', async (_, code, args) => {
    const ended = await tagproof([
      'plan',
      '--repository',
      project.folder,
      '--out',
      fresh(),
      '--json',
      ...args
    ])
    expect(ended).toMatchObject({ status: 2, stderr: expect.stringContaining(`${code}: `) as unknown })
    expect(ended.stderr).toContain('  fix ')
    expect(ended.stderr).not.toMatch(/^\s+at .*\.cjs:/m)
    expect(JSON.parse(ended.stdout)).toMatchObject({ error: { code } })
    expect(await readdir(fresh()).catch(() => [])).not.toContain('plan.json')
  })

  it('says which stage comes first', async () => {
    const ended = await tagproof(['prove', '--repository', project.folder, '--out', out])
    expect(ended).toMatchObject({ status: 3, stderr: expect.stringContaining('plan.json') as unknown })
  })

  it('does not start what it may not write: a read-only folder', async () => {
    const locked = path.join(out, 'locked')
    await mkdir(locked)
    await chmod(locked, 0o555)
    for (const folder of [project.room, out]) await chmod(folder, 0o755)
    await writeFile(lockFile(), formatLock(minimalLock))
    const ended = await tagproof(
      ['plan', '--repository', project.folder, '--lock', lockFile(), '--out', path.join(locked, 'out')],
      {
        as: 12_345,
        environment: { GIT_CONFIG_COUNT: '0' }
      }
    )
    expect(ended).toMatchObject({ status: 3, stderr: expect.stringContaining('read-only: ') as unknown })
  })

  it('tells a full disk from everything else, and leaves no half document', async () => {
    const small = path.join(out, 'small')
    await mkdir(small)
    const script = `mount -t tmpfs -o size=24k tmpfs "$0" && "$@"; status=$?; ls "$0"/plan.json 2>/dev/null; exit $status`
    await writeFile(lockFile(), formatLock(minimalLock))
    const command = [
      process.execPath,
      path.resolve('dist/cli.cjs'),
      'plan',
      '--repository',
      project.folder,
      '--lock',
      lockFile(),
      '--out',
      small
    ]
    const ended = await run(
      'unshare',
      ['--mount', '--propagation', 'private', 'sh', '-c', script, small, ...command],
      {
        env: { ...plainEnvironment, HOME: out }
      }
    )
    expect(ended.stderr.toString()).toContain('disk-full: ')
    expect(ended.code).toBe(3)
    expect(ended.stdout.toString()).toBe('')
  })

  it('removes nothing from a folder that is not its own', async () => {
    const own = path.join(out, 'own')
    await mkdir(path.join(own, 'packages'), { recursive: true })
    await writeFile(path.join(own, 'packages/mine.txt'), 'precious')
    await writeFile(lockFile(), formatLock(minimalLock))
    const ended = await tagproof(['plan', '--repository', project.folder, '--lock', lockFile(), '--out', own])
    expect(ended).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('was not made by Tagproof') as unknown
    })
    expect(await readdir(path.join(own, 'packages'))).toEqual(['mine.txt'])
  })

  it.each<[string, string, () => string, number]>([
    ['a file', 'usage', () => path.join(project.folder, 'README.md'), 2],
    ['below a file', 'usage', () => path.join(project.folder, 'README.md', 'x'), 2],
    ['where the system makes no folders', 'read-only', () => '/proc/tagproof-out', 3]
  ])('refuses --out that is %s', async (_, code, place, status) => {
    await writeFile(lockFile(), formatLock(minimalLock))
    const ended = await tagproof([
      'plan',
      '--repository',
      project.folder,
      '--lock',
      lockFile(),
      '--out',
      place()
    ])
    expect(ended).toMatchObject({ status, stderr: expect.stringContaining(`${code}: `) as unknown })
  })

  it('gives the environment no say about the repository', async () => {
    const other = await makeProject({ 'setup.py': 'raise SystemExit\n' })
    try {
      const ended = await tagproof(['plan', '--repository', project.folder, '--out', fresh()], {
        environment: { GIT_DIR: path.join(other.folder, '.git'), GIT_WORK_TREE: other.folder }
      })
      expect(ended.stderr).toContain('lock-missing: ')
    } finally {
      await other.remove()
    }
  })

  it('is started by npx in a clone', async () => {
    const text = await runChecked('sh', ['-c', 'exec "$0" "$@"', path.resolve('dist/cli.cjs'), '--version'], {
      env: {
        ...plainEnvironment,
        PATH: `${path.dirname(process.execPath)}:${plainEnvironment.PATH ?? ''}`
      }
    })
    expect(text.trim()).toBe(version)
  })
})

const hash = sha256('a'.repeat(64))
/** Well-formed, and of no use: `plan` only reads it. */
const minimalLock: Lock = {
  schema: 'tagproof/lock/1',
  roots: {
    python: {
      suite: 'stable',
      architecture: 'amd64',
      components: ['main'],
      indexes: [{ suite: 'stable', origin: 'Test', codename: 'test', date: '2026-01-01', inRelease: hash }],
      requested: ['python3'],
      packages: [
        {
          name: 'python3',
          version: '3',
          architecture: 'amd64',
          suite: 'stable',
          file: 'pool/python3_3_amd64.deb',
          size: 1,
          sha256: hash
        }
      ]
    }
  },
  python: { python: { interpreter: '3.11.2', requested: ['setuptools'], packages: [] } }
}
