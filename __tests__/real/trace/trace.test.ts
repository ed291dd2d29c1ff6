import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { traceSchema, type Trace, type TracedFile } from '../../../src/documents/trace.ts'
import { silentLog } from '../../../src/platform/log.ts'
import { stageContext, trace } from '../../../src/stages/index.ts'
import { makeProject, refusalOf, type Content, type GitProject } from '../source/git-project.ts'
import { writeSdist, writeWheel, type Files } from '../../unit/proof/packages.ts'

const pyproject = '[build-system]\nrequires = []\n[project]\nname = "pkg"\nversion = "1.0"\n'
const elf = Buffer.concat([Buffer.from('7f454c46020101', 'hex'), Buffer.alloc(200, 7)])
const library = Buffer.concat([
  Buffer.from('7f454c46020101000000000000000000', 'hex'),
  Buffer.from([3, 0]),
  Buffer.alloc(200, 7)
])

const tree: Record<string, Content> = {
  'pyproject.toml': pyproject,
  LICENSE: 'Do what is right.\n',
  'src/pkg/__init__.py': '',
  'src/pkg/core.py': 'def answer():\n    return 42\n',
  'src/pkg/data.bin': Buffer.from([0, 1, 2, 3, 255]),
  'src/pkg/alias.py': { link: 'core.py' },
  'src/pkg/shared': { link: '../../shared' },
  'shared/table.txt': 'one\ntwo\n',
  'tests/payload.py': 'print("a test of the tests")\n',
  'tests/table.bin': Buffer.from('0011223344', 'hex'),
  'src/pkg/startup.pth': 'import pkg.core\n',
  'src/pkg/_fast.so': elf,
  'src/pkg/blob.dat': elf,
  'src/pkg/model.dat': library,
  'notes.txt': 'raise SystemExit("not for reading")\n'
}

const core = 'def answer():\n    return 42\n'

describe('tagproof trace', () => {
  let project: GitProject

  beforeAll(async () => {
    project = await makeProject(tree)
    await project.git('tag', '-a', '-m', 'One', 'v1.0')
  })
  afterAll(() => project.remove())

  async function traced(files: Files, kind: 'sdist' | 'wheel' = 'wheel'): Promise<TracedFile> {
    const folder = path.join(project.room, `artifact-${Math.random().toString(36).slice(2)}`)
    await mkdir(folder)
    const file = path.join(folder, kind === 'wheel' ? 'pkg-1.0-py3-none-any.whl' : 'pkg-1.0.tar.gz')
    await (kind === 'wheel' ? writeWheel(file, files) : writeSdist(file, files))
    const result = await traceFiles([file])
    expect(traceSchema.parse(JSON.parse(JSON.stringify(result)))).toEqual(result)
    const [only] = result.files
    if (only === undefined) throw new Error('no file was traced')
    return only
  }

  function traceFiles(files: string[], tag = 'v1.0'): Promise<Trace> {
    const context = stageContext({
      repository: project.folder,
      out: path.join(project.room, 'out'),
      cache: path.join(project.room, 'cache'),
      log: silentLog
    })
    return trace(context, files, { tag })
  }

  const originOf = (file: TracedFile, member: string): unknown => {
    const found = file.members.find((entry) => entry.member === member)
    return { origin: found?.origin, from: found?.from }
  }
  const codesOf = (file: TracedFile, member: string): string[] =>
    file.findings
      .filter((finding) => finding.member === member)
      .map(({ code, severity }) => `${severity} ${code}`)

  it('finds files of the tag below src/, through links, and moved ones', async () => {
    const wheel = await traced({
      'pkg/__init__.py': '',
      'pkg/core.py': core,
      'pkg/alias.py': core,
      'pkg/shared/table.txt': 'one\ntwo\n',
      'pkg/data.bin': Buffer.from([0, 1, 2, 3, 255]),
      'pkg-1.0.dist-info/licenses/LICENSE': 'Do what is right.\n'
    })
    expect(originOf(wheel, 'pkg/core.py')).toEqual({ origin: 'blob', from: ['src/pkg/core.py'] })
    expect(originOf(wheel, 'pkg/data.bin')).toEqual({ origin: 'blob', from: ['src/pkg/data.bin'] })
    expect(originOf(wheel, 'pkg/__init__.py')).toEqual({ origin: 'blob', from: ['src/pkg/__init__.py'] })
    expect(originOf(wheel, 'pkg/alias.py')).toEqual({ origin: 'link', from: ['src/pkg/core.py'] })
    expect(originOf(wheel, 'pkg/shared/table.txt')).toEqual({ origin: 'link', from: ['shared/table.txt'] })
    expect(originOf(wheel, 'pkg-1.0.dist-info/licenses/LICENSE')).toEqual({
      origin: 'moved',
      from: ['LICENSE']
    })
    expect(wheel.absent).toContain('tests/payload.py')
    expect(wheel.findings.filter(({ member }) => member?.startsWith('pkg/'))).toEqual([])
  })

  it('finds files of an sdist at their own paths, and says what is absent', async () => {
    const sdist = await traced(
      { 'pyproject.toml': pyproject, 'src/pkg/core.py': core, LICENSE: 'Do what is right.\n' },
      'sdist'
    )
    expect(originOf(sdist, 'pkg-1.0/src/pkg/core.py')).toEqual({ origin: 'blob', from: ['src/pkg/core.py'] })
    expect(sdist.absent).toContain('notes.txt')
    expect(sdist.absent).not.toContain('LICENSE')
  })

  const caught: [string, string, Content & (string | Buffer), string][] = [
    ['a file that is not in the tag', 'pkg/_gen.py', 'print("generated")\n', 'refuse untraced'],
    ['a file with a line more', 'pkg/core.py', `${core}import os\n`, 'refuse modified'],
    ['one file in place of another', 'pkg/core.py', 'one\ntwo\n', 'refuse modified'],
    ['code from the tests', 'pkg/payload.py', 'print("a test of the tests")\n', 'refuse moved-code'],
    ['a text that became code', 'pkg/notes.py', 'raise SystemExit("not for reading")\n', 'refuse moved-code'],
    ['a .pth file', 'startup.pth', 'import pkg.core\n', 'refuse pth-blob'],
    ['a committed library', 'pkg/_fast.so', elf, 'refuse compiled-blob'],
    ['a committed library under another name', 'pkg/model.dat', library, 'refuse compiled-blob'],
    ['a committed binary that nothing loads', 'pkg/blob.dat', elf, 'warn compiled-data']
  ]
  it.each(caught)('catches %s', async (_, member, content, code) => {
    const wheel = await traced({
      'pkg/__init__.py': '',
      'pkg/data.bin': Buffer.from([0, 1, 2, 3, 255]),
      [member]: content
    })
    expect(codesOf(wheel, member)).toEqual([code])
  })

  it.each(caught)('lets %s through where a waiver says so', async (_, member, content, code) => {
    const [, name] = code.split(' ')
    const waiver = `waivers:\n  - {check: traced, code: ${name ?? ''}, path: '${member}', reason: looked at and found right}\n`
    await project.write({ '.github/tagproof.yml': waiver })
    await project.commit('A waiver')
    await project.git('tag', '-f', 'v1.0')
    try {
      const wheel = await traced({
        'pkg/__init__.py': '',
        'pkg/data.bin': Buffer.from([0, 1, 2, 3, 255]),
        [member]: content
      })
      expect(codesOf(wheel, member)).toEqual([`note ${name ?? ''}`])
    } finally {
      await project.git('reset', '-q', '--hard', 'HEAD~1')
      await project.git('tag', '-f', '-a', '-m', 'One', 'v1.0')
    }
  })

  it('names the line at which a member leaves the tag', async () => {
    const wheel = await traced({
      'pkg/data.bin': Buffer.from([0, 1, 2, 3, 255]),
      'pkg/core.py': `${core}import os\n`
    })
    const finding = wheel.findings.find(({ code }) => code === 'modified')
    expect(finding?.message).toMatch(/src\/pkg\/core\.py.*from line 3 on.*import os/)
  })

  it('takes a package for mapped to another name only as a whole', async () => {
    await project.write({ 'lib/one.py': 'one = 1\n', 'lib/two.py': 'two = 2\n' })
    await project.commit('A package under another name')
    await project.git('tag', 'v2.0')
    const file = path.join(project.room, 'pkg-2.0-py3-none-any.whl')
    await writeWheel(file, { 'other/one.py': 'one = 1\n', 'other/two.py': 'two = 3\n' }, undefined, '2.0')
    const [wheel] = (await traceFiles([file], 'v2.0')).files
    if (wheel === undefined) throw new Error('no file was traced')
    expect(originOf(wheel, 'other/one.py')).toEqual({ origin: 'blob', from: ['lib/one.py'] })
    expect(codesOf(wheel, 'other/two.py')).toEqual(['refuse modified'])
  })

  it('refuses what is no sdist or wheel, what is not there, and what is broken', async () => {
    expect(await refusalOf(traceFiles(['pkg.rpm']))).toMatchObject({ code: 'usage' })
    expect(await refusalOf(traceFiles([path.join(project.room, 'none-1.0.tar.gz')]))).toMatchObject({
      code: 'input-missing'
    })
    const file = path.join(project.room, 'broken-1.0.tar.gz')
    await writeSdist(file, { a: 'text' })
    const { truncate } = await import('node:fs/promises')
    await truncate(file, 60)
    const result = await traceFiles([file])
    expect(result.verdict).toBe('refused')
    expect(result.files[0]?.findings.map(({ code }) => code)).toEqual(['archive-invalid'])
  })
})
