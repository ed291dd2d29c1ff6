import { randomBytes } from 'node:crypto'
import { readlink } from 'node:fs/promises'
import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import { afterEach, describe, expect, it } from '@jest/globals'
import { silentLog } from '../../../src/platform/log.ts'
import { runChecked } from '../../../src/platform/process.ts'
import { writeExports, type ExportOptions, type PlannedExports } from '../../../src/source/export.ts'
import { openRepository } from '../../../src/source/repository.ts'
import { resolveTag } from '../../../src/source/tag.ts'
import { makeProject, refusalOf, type Content, type GitProject } from './git-project.ts'

const projects: GitProject[] = []
afterEach(async () => {
  for (const project of projects.splice(0)) await project.remove()
})

/** The exports of a project that is tagged; `message` is that of its commit, `tag` that of its tag. */
async function exported(
  content: Record<string, Content>,
  options: Partial<ExportOptions> & { message?: string; tag?: string } = {}
): Promise<PlannedExports & { b: string }> {
  const project = await makeProject(content)
  projects.push(project)
  if (options.message !== undefined) await project.commit(options.message)
  await project.git('tag', '-a', '-m', options.tag ?? 'One', 'v1.0')
  const folder = path.join(project.room, 'out')
  const repository = await openRepository(project.folder)
  try {
    const tag = await resolveTag(repository, 'v1.0')
    const result = await writeExports(repository, tag, { inputs: [], log: silentLog, folder, ...options })
    const b = path.join(folder, 'b')
    await mkdir(b)
    await runChecked('tar', ['-xf', '../export-b.tar'], { cwd: b, env: project.environment })
    return { ...result, b: path.join(b, 'tree') }
  } finally {
    await repository.close()
  }
}

const blob = randomBytes(30_000).toString('base64')
const input = (glob: string): { path: string; reason: string } => ({
  path: glob,
  reason: 'The build reads it.'
})
const codes = ({ notices }: PlannedExports): string[] =>
  notices.map(({ code, severity, path }) => `${severity} ${code} ${path}`)

describe('a file that the build reads by right', () => {
  const pyproject =
    '[project]\nname = "x"\nreadme = "docs/README.md"\ndynamic = ["version"]\n[tool.setuptools.dynamic]\nversion = { attr = "x.version.VERSION" }\n'

  it('is told if its content is encoded, and is left as it is', async () => {
    const result = await exported({
      'pyproject.toml': pyproject,
      'setup.py': `import base64\nexec(base64.b64decode("${blob}"))\n`,
      'x/version.py': `VERSION = "1"\nDATA = """\n${blob.replace(/(.{76})/g, '$1\n')}\n"""\n`,
      'docs/README.md': 'A readme.\n'
    })
    expect(codes(result)).toEqual([
      'refuse opaque-build-file setup.py',
      'refuse opaque-build-file x/version.py'
    ])
    expect(result.scramble.files).toEqual([])
  })

  it('is not told where the configuration declares it with a reason', async () => {
    const files = { 'setup.py': `DATA = "${blob}"\n`, 'x.py': 'x = 1\n' }
    const result = await exported(files, { inputs: [input('setup.py')] })
    expect(result.notices).toEqual([])
    expect(result.scramble.inputs).toEqual([input('setup.py')])
  })

  it('may be a readme with badges, long lines, tables and a picture of 2 kB', async () => {
    const badge = `![x](https://img.example/badge?logo=data:image/png;base64,${blob.slice(0, 2300)})`
    const rows = Array.from({ length: 40 }, () => `| ${'a cell of a table '.repeat(30)} |`).join('\n')
    const readme = `${badge}\n\n${rows}\n\n${'='.repeat(300)}\n${'-'.repeat(400)}\n`
    const result = await exported({ 'pyproject.toml': pyproject, 'docs/README.md': readme })
    expect([result.notices, result.scramble.files]).toEqual([[], []])
  })

  it('may not be a readme that is a carrier', async () => {
    const result = await exported({
      'pyproject.toml': pyproject,
      'docs/README.md': `Words.\n\n<!-- ${blob} -->\n`
    })
    expect(codes(result)).toEqual(['refuse opaque-build-file docs/README.md'])
  })
})

describe('an input that spares too much', () => {
  const many = Object.fromEntries(
    Array.from({ length: 20 }, (_, at) => [`data/${at}.bin`, Buffer.from([0, at])])
  )
  it.each([
    ['data/*.bin', { ...many, 'x.py': 'x = 1\n' }, 'it spares 20 of 20 opaque files'],
    ['tests', { 'tests/a.py': '', 'tests/b.py': 'b = 1\n', 'tests/c.py': 'c', 'tests/d.py': 'd' }, 'all 3']
  ])('%s is refused', async (glob, files, found) => {
    const refusal = await refusalOf(exported(files, { inputs: [input(glob)] }))
    expect(refusal).toMatchObject({ code: 'config-invalid' })
    expect(refusal.message).toContain('too broad')
    expect(refusal.detail.found).toContain(found)
  })

  it('is none where it names one file, or few of many', async () => {
    await exported({ 'tests/only.bin': Buffer.from([0]) }, { inputs: [input('tests/only.bin')] })
    const { scramble } = await exported(many, { inputs: [input('data/1?.bin')] })
    expect(scramble.files).toHaveLength(10)
  })
})

describe('what hides in text', () => {
  it('is told with file, line, column and code point', async () => {
    const result = await exported({
      'src/a.py': 'x = 1\nif user != "none\u202e \u2066# only\u2069":\n',
      'src/b.py': 'x\u200b = 1\n',
      'NEWS.md': 'Text with a\u00a0no-break space, and \u200bmore.\n',
      'messages.po': 'msgstr "\u202bx\u202c"\n',
      'tests/bidi.py': 'x = "\u202e"\n',
      'src/na\u200bme.py': 'x = 1\n',
      'src/bom.py': '\ufeffx = 1\n',
      'src/selectors.py': `x = "${'\ufe01\u{e0131}'.repeat(4)}"\n`,
      'src/spread.py': `x = "${'a\u200b'.repeat(51)}"\n`,
      'src/farsi.py': `x = "${'می\u200cشود '.repeat(60)}"\n`,
      'src/emoji.py': 'x = "\u2764\ufe0f"\n'
    })
    expect(codes(result)).toEqual([
      'refuse bidi-control messages.po',
      'refuse bidi-control src/a.py',
      'refuse invisible-character src/na\u200bme.py',
      'refuse invisible-character src/selectors.py',
      'refuse invisible-character src/spread.py',
      'warn invisible-character src/b.py',
      'warn invisible-character src/farsi.py',
      'warn bidi-control tests/bidi.py'
    ])
    expect(result.notices[1]).toMatchObject({
      line: 2,
      column: 17,
      found: 'U+202E, U+2066, U+2069',
      count: 3
    })
  })

  it('is told of commit and tag messages, signatures of the usual size apart', async () => {
    const wrapped = blob.replace(/(.{64})/g, '$1\n')
    const signature = (size: number): string =>
      `-----BEGIN PGP SIGNATURE-----\n\n${wrapped.slice(0, size)}\n=abcd\n-----END PGP SIGNATURE-----\n`
    const files = { 'x.py': 'x = 1\n' }
    expect(codes(await exported(files, { message: `One\n\n${blob}` }))).toEqual([
      'refuse encoded-message commit'
    ])
    expect(codes(await exported(files, { tag: `One\n\n${wrapped}` }))).toEqual(['refuse encoded-message tag'])
    expect(codes(await exported(files, { tag: `One\n${signature(1200)}` }))).toEqual([])
    expect(codes(await exported(files, { tag: `One\n${signature(30_000)}` }))).toEqual([
      'refuse encoded-message tag'
    ])
  })
})

describe('links under tests', () => {
  it('carry no text into world b that nobody reads, and still lead to files and folders', async () => {
    const payload = 'cGF5bG9hZCBpbiBhIGxpbms'
    const { b, scramble } = await exported({
      'src/x.py': 'x = 1\n',
      'src/link.py': { link: 'x.py' },
      'tests/a.txt': 'a\n',
      'tests/b.txt': 'b\n',
      'tests/deep/c.txt': 'c\n',
      'tests/nowhere': { link: payload },
      'tests/deep/to-b': { link: '../b.txt' },
      'tests/spelled': { link: './../tests/./../src/x.py' },
      'tests/folder': { link: 'deep/../deep' },
      'tests/through': { link: 'folder/to-b' },
      'tests/out': { link: '/etc/passwd' }
    })
    const link = (name: string): Promise<string> => readlink(path.join(b, name))
    expect(await link('tests/nowhere')).toMatch(/^[a-z]{23}$/)
    expect(await link('tests/deep/to-b')).toBe('../a.txt')
    expect(await link('tests/through')).toBe('a.txt')
    expect(await link('tests/spelled')).toBe('../src/x.py')
    expect(await link('tests/folder')).toBe('deep')
    expect(await link('tests/out')).toMatch(/^[a-z]{11}$/)
    expect(await link('src/link.py')).toBe('x.py')
    expect(scramble.links.map(({ path, leadsTo, leadsInB }) => [path, leadsTo, leadsInB])).toEqual([
      ['tests/deep/to-b', 'tests/b.txt', 'tests/a.txt'],
      ['tests/folder', 'tests/deep', 'tests/deep'],
      ['tests/nowhere', null, null],
      ['tests/out', null, null],
      ['tests/spelled', 'src/x.py', 'src/x.py'],
      ['tests/through', 'tests/b.txt', 'tests/a.txt']
    ])
  })

  it('stay as they are where the configuration declares them', async () => {
    const files = { 'tests/nowhere': { link: 'some-place' }, 'x.py': 'x = 1\n' }
    const { b } = await exported(files, { inputs: [input('tests/nowhere')] })
    expect(await readlink(path.join(b, 'tests/nowhere'))).toBe('some-place')
  })
})
