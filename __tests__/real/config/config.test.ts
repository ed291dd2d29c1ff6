import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { silentLog } from '../../../src/platform/log.ts'
import { stageContext } from '../../../src/stages/context.ts'
import { versionOfTag } from '../../../src/source/version.ts'
import { openRelease, type SourceOptions } from '../../../src/stages/source.ts'

const run = promisify(execFile)

/** What a tagged tree means, read from a real repository. */
describe('configuration of a tagged tree', () => {
  let repository: string
  beforeEach(async () => {
    repository = await mkdtemp(path.join(tmpdir(), 'tagproof-config-'))
    await git('init', '-q', '-b', 'main')
  })
  afterEach(() => rm(repository, { recursive: true, force: true }))

  async function git(...args: string[]): Promise<void> {
    await run(
      'git',
      ['-C', repository, '-c', 'user.name=Test', '-c', 'user.email=test@example.org', ...args],
      {
        env: { PATH: process.env.PATH ?? '', GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' }
      }
    )
  }

  async function tagged(files: Record<string, string | Uint8Array>, tag = 'v1.0'): Promise<void> {
    for (const [name, content] of Object.entries(files)) {
      await mkdir(path.dirname(path.join(repository, name)), { recursive: true })
      await writeFile(path.join(repository, name), content)
    }
    await git('add', '--all')
    await git('commit', '-q', '-m', 'files')
    await git('tag', tag)
  }

  async function source(options: SourceOptions = {}): Promise<Awaited<ReturnType<typeof openRelease>>> {
    const opened = await openRelease(
      stageContext({ repository, out: path.join(repository, 'out'), log: silentLog }),
      options
    )
    await opened.repository.close()
    return opened
  }

  it.each([
    ['pyproject.toml', '[build-system]\nrequires = []\nbuild-backend = "x"\nbackend-path = ["."]\n'],
    ['setup.py', 'from setuptools import setup\nsetup(name="x", version="1.0")\n']
  ])('none is needed: %s alone means a Python package', async (file, content) => {
    await tagged({ [file]: content })
    const { config, targets, tag } = await source()
    expect(config.from).toBe('default')
    expect(targets).toMatchObject([{ kind: 'python', name: 'python', path: '.' }])
    expect(versionOfTag(tag.name, config.value.tag.pattern)).toBe('1.0')
  })

  it('debian/ means a deb, and a Dockerfile means an image', async () => {
    await tagged({
      'setup.py': '',
      Dockerfile: 'FROM scratch\n',
      'debian/control': 'Source: x\n',
      'debian/changelog': 'x (1.0) unstable; urgency=low\n'
    })
    const { targets, skipped } = await source()
    expect(targets.map((target) => target.kind)).toEqual(['python', 'deb', 'image'])
    expect(skipped).toEqual([])
  })

  it('the file of the tag counts, not the one that lies in the working folder', async () => {
    await tagged({ 'setup.py': '', '.github/tagproof.yml': 'tag: {pattern: "rel-{version}"}\n' }, 'rel-3.1')
    await writeFile(path.join(repository, '.github/tagproof.yml'), 'checks: off\n')
    const { config, tag } = await source()
    expect(config.from).toBe('tag')
    expect(versionOfTag(tag.name, config.value.tag.pattern)).toBe('3.1')
  })

  it('a mistake is named by file, line and column of the tagged file', async () => {
    await tagged({ 'setup.py': '', '.github/tagproof.yml': 'targets:\n  - kind: pyton\n' })
    await expect(source()).rejects.toMatchObject({
      code: 'config-invalid',
      detail: { where: '.github/tagproof.yml:2:11', fix: 'Did you mean python?' }
    })
  })

  it('a file that is not UTF-8 is refused as that', async () => {
    await tagged({ 'setup.py': '', '.github/tagproof.yml': Buffer.from('# Größe\nversion: 1\n', 'latin1') })
    await expect(source()).rejects.toMatchObject({
      code: 'config-invalid',
      message: 'The file is not UTF-8.'
    })
  })

  it('a file from outside is used on request, and known as such', async () => {
    await tagged({ 'setup.py': '' })
    const outside = path.join(repository, 'outside.yml')
    await writeFile(outside, 'targets: [{kind: python, name: mine}]\n')
    const { config, targets } = await source({ config: outside })
    expect(config.from).toBe('outside')
    expect(targets.map((target) => target.name)).toEqual(['mine'])
  })

  it('a tree that shows nothing to build, and a target that does not exist, are told apart', async () => {
    await tagged({ 'README.md': 'hello\n' })
    await expect(source()).rejects.toMatchObject({ code: 'target-none' })
    await tagged({ 'setup.py': '' }, 'v2.0')
    await expect(source({ targets: ['pythn'] })).rejects.toMatchObject({ code: 'target-unknown' })
  })
})
