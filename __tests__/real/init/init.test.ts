import { afterAll, beforeAll, beforeEach, afterEach, describe, expect, it } from '@jest/globals'
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { PassThrough } from 'node:stream'
import { chooseActionReference } from '../../../src/init/action-reference.ts'
import { consentFor } from '../../../src/init/consent.ts'
import type { ComparedFile } from '../../../src/init/files.ts'
import { silentLog } from '../../../src/platform/log.ts'
import { init, stageContext } from '../../../src/stages/index.ts'
import { makeProject, type GitProject } from '../source/git-project.ts'
import { tagproof } from '../support/command.ts'

const commit = '0123456789abcdef0123456789abcdef01234567'
const pyproject = '[project]\nname = "plug"\nversion = "1.0"\n'

let project: GitProject
beforeEach(async () => {
  project = await makeProject({ 'pyproject.toml': pyproject })
  await project.commit()
})
afterEach(() => project.remove())

const refuse = (): Promise<boolean> => Promise.reject(new Error('nobody is asked'))

function run(
  options: Partial<Parameters<typeof init>[1]> = {},
  folder = project.folder
): ReturnType<typeof init> {
  return init(stageContext({ repository: folder, log: silentLog }), {
    ...(options.program === undefined ? { action: `o/tagproof@${commit}` } : {}),
    program: null,
    workflow: 'release.yml',
    environment: 'release',
    lock: false,
    consent: refuse,
    ...options
  })
}
const read = (name: string): Promise<string> => readFile(path.join(project.folder, name), 'utf8')

describe('tagproof init', () => {
  it('writes what is missing, and a second run changes nothing', async () => {
    await project.git('tag', 'plug-1.0')
    await project.git('remote', 'add', 'origin', 'git@host.example:ada/plug.git')
    const first = await run()
    expect(first.files).toContainEqual({ path: '.github/workflows/release.yml', state: 'new' })
    expect(await read('.github/tagproof.yml')).toContain('\ndestinations:\n  - kind: pypi\n')
    expect(first).toMatchObject({ tags: 'plug-*', repository: { owner: 'ada', name: 'plug' } })
    expect(await read('.github/workflows/release.yml')).toContain(`uses: o/tagproof@${commit} # v`)
    const second = await run({ program: '/nowhere' })
    expect(second.files.map(({ state }) => state)).not.toContain('new')
    expect(second.action.commit).toBe(commit)
  })

  it('writes to the top of the work tree, wherever it is run', async () => {
    await mkdir(path.join(project.folder, 'src'))
    await run({}, path.join(project.folder, 'src'))
    expect(await read('.github/workflows/release.yml')).toContain('stage: publish')
  })

  it('overwrites what is there only with consent, which sees the difference', async () => {
    const name = '.github/workflows/release.yml'
    const mine = 'name: Mine\n'
    await project.write({ [name]: mine })
    let shown = ''
    const answer = (yes: boolean) => (file: ComparedFile) => {
      shown = file.diff
      return Promise.resolve(yes)
    }
    expect((await run({ consent: answer(false) })).files[0]).toEqual({ path: name, state: 'kept' })
    expect(shown).toContain('\n-name: Mine\n+name: Release\n+# Written by tagproof init')
    expect(await read(name)).toBe(mine)
    expect((await run({ consent: answer(true) })).files[0]?.state).toBe('overwritten')
    expect(await read(name)).toContain('stage: publish')
  })

  it('writes nothing at all where nobody can be asked', async () => {
    const mine = 'name: Mine\n'
    await project.write({ '.github/workflows/release.yml': mine, 'pyproject.toml': '', 'x/setup.py': '' })
    await project.commit()
    const terminal = { input: new PassThrough(), output: new PassThrough(), color: false }
    const consent = consentFor({ log: silentLog }, false, terminal)
    await expect(run({ consent })).rejects.toMatchObject({ code: 'file-differs' })
    expect(await read('.github/workflows/release.yml')).toBe(mine)
    await expect(read('.github/tagproof.yml')).rejects.toThrow('ENOENT')
  })

  it('lists what lies below a top that shows nothing', async () => {
    await project.git('rm', '-q', 'pyproject.toml')
    await project.write({ 'server/pyproject.toml': pyproject })
    await project.commit()
    await run()
    expect(await read('.github/tagproof.yml')).toContain('targets:\n  - kind: python\n    path: "server"')
  })

  it('writes no configuration where there is one, and says what it should hold', async () => {
    await project.write({ '.github/tagproof.yml': 'limits: { minutes: 5 }\n' })
    const { notes } = await run()
    expect(await read('.github/tagproof.yml')).toBe('limits: { minutes: 5 }\n')
    expect(notes.filter((note) => note.includes('destinations:\n      - kind: pypi'))).toHaveLength(1)
    // On a machine of the same suite as the runners, no more is to be said.
    for (const note of notes) expect(note).toMatch(/sources: \{ mirror:|kind: pypi/)
  })

  it.each([
    ['.github', 'a folder above it'],
    ['.github/workflows', 'its folder'],
    ['.github/workflows/release.yml', 'the file itself']
  ])('writes through no link: %s (%s)', async (link) => {
    const outside = await mkdtemp(path.join(tmpdir(), 'tagproof-outside-'))
    try {
      await mkdir(path.join(project.folder, path.dirname(link)), { recursive: true })
      await symlink(outside, path.join(project.folder, link))
      await expect(run({ consent: () => Promise.resolve(true) })).rejects.toMatchObject({
        code: 'path-refused'
      })
    } finally {
      await rm(outside, { recursive: true })
    }
  })

  it.each([
    [{ workflow: '../x.yml' }, '--workflow'],
    [{ workflow: 'release' }, '--workflow'],
    [{ environment: 'a: b' }, '--environment'],
    [{ action: 'o/tagproof@v1' }, '--action']
  ])('refuses %j', async (options, named) => {
    await expect(run(options)).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringContaining(named) as unknown
    })
  })

  it('needs a commit to look at', async () => {
    const empty = path.join(project.room, 'empty')
    await project.git('init', '-q', empty)
    await expect(run({}, empty)).rejects.toMatchObject({ code: 'usage', message: 'HEAD names no commit.' })
  })

  it('has nothing to write to in a bare repository', async () => {
    const bare = path.join(project.room, 'bare')
    await project.git('clone', '-q', '--bare', '.', bare)
    await expect(run({}, bare)).rejects.toMatchObject({ code: 'usage' })
  })
})

describe('as a command', () => {
  const run = (...more: string[]): ReturnType<typeof tagproof> => {
    const action = ['--action', `o/tagproof@${commit}`]
    return tagproof(['init', '--no-lock', ...action, '--repository', project.folder, ...more])
  }

  it('without a terminal shows the difference, writes nothing and ends with 2; --yes overwrites', async () => {
    expect((await run()).stdout).toMatch(/^\.github\/workflows\/release\.yml +new$/m)
    await project.write({ '.github/workflows/release.yml': 'name: Mine\n' })
    const ended = await run('--json')
    expect(ended.status).toBe(2)
    expect(ended.stderr).toContain('\n-name: Mine\n')
    expect(JSON.parse(ended.stdout)).toMatchObject({ error: { code: 'file-differs' } })
    expect(await read('.github/workflows/release.yml')).toBe('name: Mine\n')
    expect((await run('--yes')).status).toBe(0)
    expect(await read('.github/workflows/release.yml')).toContain('stage: publish')
  })
})

describe('which release of the action', () => {
  let clone: string
  beforeAll(async () => {
    const upstream = await makeProject({ 'dist/cli.cjs': '', 'action.yml': 'name: Tagproof\n' })
    await upstream.commit()
    clone = await mkdtemp(path.join(tmpdir(), 'tagproof-clone-'))
    await rm(clone, { recursive: true })
    await upstream.git('clone', '-q', '.', clone)
    await cp(path.join(upstream.folder, '.git'), path.join(clone, '.upstream'), { recursive: true })
    await upstream.remove()
  })
  afterAll(() => rm(clone, { recursive: true, force: true }))

  const git = (...args: string[]): Promise<string> => project.git('-C', clone, ...args)
  const choose = (): ReturnType<typeof chooseActionReference> =>
    chooseActionReference({ program: path.join(clone, 'dist/cli.cjs'), existing: null })

  it('is told by the clone that runs, if it has a name on a code host and its remote has the commit', async () => {
    await expect(choose()).rejects.toMatchObject({ code: 'usage' })
    await git('remote', 'set-url', 'origin', 'https://host.example/o/tagproof.git')
    const head = await git('rev-parse', 'HEAD')
    expect(await choose()).toMatchObject({ repository: 'o/tagproof', commit: head })
    await git('tag', '-a', '-m', 'x', 'v9.8.7')
    expect(await choose()).toEqual({ repository: 'o/tagproof', commit: head, version: 'v9.8.7' })
    await git('commit', '-q', '--allow-empty', '-m', 'Mine alone')
    await expect(choose()).rejects.toMatchObject({ code: 'usage' })
  })

  it('is not that of a project which only holds a copy of the program', async () => {
    const copy = path.join(clone, 'vendored/dist/cli.cjs')
    await mkdir(path.dirname(copy), { recursive: true })
    await writeFile(copy, '')
    await expect(chooseActionReference({ program: copy, existing: null })).rejects.toMatchObject({
      code: 'usage'
    })
  })
})

describe('consent', () => {
  const file: ComparedFile = { path: 'x.yml', text: '', before: '', diff: '-a \u001b[2J\n+b\n' }

  async function ask(answer: string | null, color = false): Promise<{ agreed: boolean; shown: string }> {
    const input = Object.assign(new PassThrough(), { isTTY: true })
    const output = Object.assign(new PassThrough(), { isTTY: true })
    let shown = ''
    const log = { ...silentLog, info: (line: string) => void (shown += line) }
    const asked = consentFor({ log }, false, { input, output, color })(file)
    if (answer === null) input.end()
    else input.write(`${answer}\n`)
    return { agreed: await asked, shown }
  }

  it.each([
    ['y', true],
    ['Yes', true],
    ['', false],
    ['n', false],
    ['yesterday', false],
    [null, false]
  ])('%j: %s', async (answer, agreed) => {
    expect((await ask(answer)).agreed).toBe(agreed)
  })

  it('shows the difference, whose text acts on no terminal', async () => {
    expect((await ask('n')).shown).toBe('-a  [2J\n+b')
    expect((await ask('n', true)).shown).toBe('\u001b[31m-a  [2J\u001b[0m\n\u001b[32m+b\u001b[0m')
  })

  it('--yes agrees, and shows the difference all the same', async () => {
    let shown = ''
    const log = { ...silentLog, info: (line: string) => void (shown += line) }
    const terminal = { input: new PassThrough(), output: new PassThrough(), color: false }
    expect(await consentFor({ log }, true, terminal)(file)).toBe(true)
    expect(shown).toContain('+b')
  })
})
