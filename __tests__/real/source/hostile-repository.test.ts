import { existsSync } from 'node:fs'
import { chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { silentLog } from '../../../src/platform/log.ts'
import { runChecked } from '../../../src/platform/process.ts'
import { writeExports } from '../../../src/source/export.ts'
import { openRepository } from '../../../src/source/repository.ts'
import { resolveTag } from '../../../src/source/tag.ts'
import { makeProject, refusalOf, writeFiles, type GitProject } from './git-project.ts'

/** Each test tries the bad thing with plain git first (the control), and then with our code. */
let project: GitProject
let marker: string
let script: string
/** Does the same and fails, as a transport must: git would wait for one that answers. */
let transport: string

beforeEach(async () => {
  project = await makeProject({
    'README.md': 'Hello.\n',
    'data.txt': 'one\ntwo\n',
    'link.txt': { link: '/etc/passwd' }
  })
  await project.git('tag', '-a', '-m', 'One', 'v1.0')
  marker = path.join(project.room, 'marker')
  script = path.join(project.room, 'script')
  await writeFile(script, `#!/bin/sh\necho ran >> '${marker}'\ncat\n`)
  transport = path.join(project.room, 'transport')
  await writeFile(transport, `#!/bin/sh\necho ran >> '${marker}'\nexit 1\n`)
  for (const file of [script, transport]) await chmod(file, 0o755)
})
afterEach(() => project.remove())

/** The tree that our export of the tag holds, extracted. */
async function exported(folder = project.folder, tag = 'v1.0'): Promise<string> {
  const out = path.join(project.room, 'out')
  await rm(out, { recursive: true, force: true })
  const repository = await openRepository(folder)
  try {
    await writeExports(repository, await resolveTag(repository, tag), {
      folder: out,
      inputs: [],
      log: silentLog
    })
  } finally {
    await repository.close()
  }
  await runChecked('tar', ['-xf', 'export-a.tar'], { cwd: out, env: project.environment })
  return path.join(out, 'tree')
}
const ran = async (): Promise<boolean> => {
  const did = existsSync(marker)
  await rm(marker, { force: true })
  return did
}

describe('what the repository configures is never run', () => {
  it('core.fsmonitor', async () => {
    await project.git('config', 'core.fsmonitor', script)
    await project.git('status')
    expect(await ran()).toBe(true)
    await exported()
    expect(await ran()).toBe(false)
  })

  it('hooks, also from core.hooksPath', async () => {
    const hooks = path.join(project.room, 'hooks')
    await mkdir(hooks)
    for (const hook of ['post-checkout', 'post-index-change', 'reference-transaction'])
      await writeFile(path.join(hooks, hook), await readFile(script), { mode: 0o755 })
    await project.git('config', 'core.hooksPath', hooks)
    await project.git('checkout', '-q', 'v1.0')
    expect(await ran()).toBe(true)
    await exported()
    expect(await ran()).toBe(false)
  })

  it('smudge filters and textconv that .gitattributes asks for', async () => {
    await project.write({ '.gitattributes': '*.txt filter=evil diff=evil\n' })
    await project.commit()
    await project.git('tag', 'v2.0')
    await project.git('config', 'filter.evil.smudge', script)
    await project.git('config', 'filter.evil.clean', script)
    await project.git('config', 'filter.evil.process', script)
    await project.git('config', 'diff.evil.textconv', script)
    await rm(path.join(project.folder, 'data.txt'))
    await project.git('checkout', '-q', 'data.txt').catch(() => undefined)
    expect(await ran()).toBe(true)
    const tree = await exported(project.folder, 'v2.0')
    expect(await readFile(path.join(tree, 'data.txt'), 'utf8')).toBe('one\ntwo\n')
    expect(await ran()).toBe(false)
  })

  it('core.sshCommand of a promisor remote, when an object is missing', async () => {
    await project.git('config', 'uploadpack.allowFilter', 'true')
    const partial = path.join(project.room, 'partial')
    const from = `file://${project.folder}`
    await project.git('clone', '-q', '--filter=blob:none', '--no-checkout', from, partial)
    const inPartial = async (...args: string[]): Promise<unknown> =>
      runChecked('git', args, { cwd: partial, env: project.environment }).catch(() => undefined)
    await inPartial('config', 'remote.origin.url', 'ssh://host.invalid/x')
    await inPartial('config', 'core.sshCommand', transport)
    await inPartial('cat-file', '-p', 'v1.0:data.txt')
    expect(await ran()).toBe(true)
    expect((await refusalOf(exported(partial))).code).toBe('object-missing')
    expect(await ran()).toBe(false)
  })

  it('the upload-pack program of a promisor remote', async () => {
    await project.git('config', 'uploadpack.allowFilter', 'true')
    const partial = path.join(project.room, 'partial')
    const from = `file://${project.folder}`
    await project.git('clone', '-q', '--filter=blob:none', '--no-checkout', from, partial)
    const inPartial = async (...args: string[]): Promise<unknown> =>
      runChecked('git', args, { cwd: partial, env: project.environment }).catch(() => undefined)
    await inPartial('config', 'remote.origin.uploadpack', transport)
    await inPartial('cat-file', '-p', 'v1.0:data.txt')
    expect(await ran()).toBe(true)
    expect((await refusalOf(exported(partial))).code).toBe('object-missing')
    expect(await ran()).toBe(false)
  })

  it('the same by include.path, and an alias', async () => {
    await writeFile(
      path.join(project.room, 'more'),
      `[core]\n\tfsmonitor = ${script}\n[alias]\n\tcat-file = !${script}\n`
    )
    await project.git('config', 'include.path', path.join(project.room, 'more'))
    await project.git('status')
    expect(await ran()).toBe(true)
    await exported()
    expect(await ran()).toBe(false)
  })

  it('the configuration of the user', async () => {
    await writeFile(
      path.join(project.environment.HOME ?? '', '.gitconfig'),
      `[core]\n\tfsmonitor = ${script}\n`
    )
    await project.git('status')
    expect(await ran()).toBe(true)
    const home = process.env.HOME
    process.env.HOME = project.environment.HOME
    try {
      await exported()
    } finally {
      process.env.HOME = home
    }
    expect(await ran()).toBe(false)
  })
})

describe('what the repository says otherwise changes nothing', () => {
  it('core.worktree', async () => {
    const elsewhere = path.join(project.room, 'elsewhere')
    await mkdir(elsewhere)
    await project.git('config', 'core.worktree', elsewhere)
    expect(await project.git('rev-parse', '--show-toplevel')).toBe(elsewhere)
    expect(await readFile(path.join(await exported(), 'data.txt'), 'utf8')).toBe('one\ntwo\n')
  })

  it('replace refs', async () => {
    const original = await project.git('rev-parse', 'v1.0:data.txt')
    const evil = await project.gitWith('evil\n', 'hash-object', '-w', '--stdin')
    await project.git('replace', original, evil)
    expect(await project.git('show', 'v1.0:data.txt')).toBe('evil')
    expect(await readFile(path.join(await exported(), 'data.txt'), 'utf8')).toBe('one\ntwo\n')
  })

  it('a replaced commit', async () => {
    const released = await project.git('rev-parse', 'HEAD')
    await project.write({ 'data.txt': 'evil\n' })
    await project.git('replace', released, await project.commit())
    expect(await project.git('show', 'v1.0:data.txt')).toBe('evil')
    expect(await readFile(path.join(await exported(), 'data.txt'), 'utf8')).toBe('one\ntwo\n')
  })

  it('grafts', async () => {
    await project.write({ 'data.txt': 'three\n' })
    const head = await project.commit()
    await project.git('tag', 'v2.0')
    await writeFile(path.join(project.folder, '.git/info/grafts'), `${head}\n`)
    expect(await project.git('rev-list', '--count', 'HEAD')).toBe('1')
    const tree = await exported(project.folder, 'v2.0')
    const parents = await runChecked('git', ['cat-file', '-p', 'HEAD'], {
      cwd: tree,
      env: project.environment
    })
    expect(parents).toContain('parent ')
  })

  it('.gitattributes and info/attributes: eol, ident, export-ignore, export-subst', async () => {
    await project.write({
      '.gitattributes': '*.txt text eol=crlf ident export-subst\nREADME.md export-ignore\n',
      'data.txt': 'one $Id$ $Format:%H$\n'
    })
    await project.commit()
    await project.git('tag', 'v2.0')
    await writeFile(path.join(project.folder, '.git/info/attributes'), '* eol=crlf export-ignore\n')
    await rm(path.join(project.folder, 'data.txt'))
    await project.git('checkout', '-q', 'data.txt')
    expect(await readFile(path.join(project.folder, 'data.txt'), 'utf8')).toContain('\r\n')
    const tree = await exported(project.folder, 'v2.0')
    expect(await readFile(path.join(tree, 'data.txt'), 'utf8')).toBe('one $Id$ $Format:%H$\n')
    expect(await readFile(path.join(tree, 'README.md'), 'utf8')).toBe('Hello.\n')
  })

  it('files that are untracked, ignored, changed, staged, or changed and assumed unchanged', async () => {
    await project.git('update-index', '--assume-unchanged', 'data.txt')
    await writeFiles(project.folder, {
      'data.txt': 'evil\n',
      'untracked.py': '',
      'staged.py': '',
      'ignored.pyc': ''
    })
    await writeFile(path.join(project.folder, '.git/info/exclude'), '*.pyc\n')
    await project.git('add', 'staged.py')
    expect(await project.git('status', '--porcelain')).not.toContain('data.txt')
    const tree = await exported()
    expect(await readFile(path.join(tree, 'data.txt'), 'utf8')).toBe('one\ntwo\n')
    for (const name of ['untracked.py', 'staged.py', 'ignored.pyc'])
      expect(existsSync(path.join(tree, name))).toBe(false)
  })

  it('packed-refs that lie about what a tag peels to', async () => {
    await project.write({ 'data.txt': 'evil\n' })
    const evil = await project.commit()
    const released = await project.git('rev-parse', 'v1.0^{commit}')
    await project.git('pack-refs', '--all')
    const packed = path.join(project.folder, '.git/packed-refs')
    await writeFile(packed, (await readFile(packed, 'utf8')).replace(`^${released}`, `^${evil}`))
    expect(await project.git('show-ref', '--dereference', 'v1.0')).toContain(`${evil} refs/tags/v1.0^{}`)
    expect(await readFile(path.join(await exported(), 'data.txt'), 'utf8')).toBe('one\ntwo\n')
    // The lie also makes the tag a candidate for HEAD; it is found out there as well.
    const repository = await openRepository(project.folder)
    const refusal = await refusalOf(resolveTag(repository))
    await repository.close()
    expect(refusal.code).toBe('tag-missing')
  })
})
