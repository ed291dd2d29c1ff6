import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { chmod, cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Plan } from '../../../src/documents/plan.ts'
import { formatDocument } from '../../../src/documents/format.ts'
import { sha256OfBytes } from '../../../src/platform/files.ts'
import { plainEnvironment, runChecked } from '../../../src/platform/process.ts'
import { tagproof } from '../support/command.ts'
import { lockRelease, makeRelease, type TestRelease } from '../support/release.ts'
import { project } from './project.ts'

let release: TestRelease
let lockFile: string
let room: string
/** `--out` of a release made in one go. */
let whole: string

beforeAll(async () => {
  release = await makeRelease(project)
  lockFile = await lockRelease(release)
  room = await mkdtemp(path.join(tmpdir(), 'tagproof-handover-'))
  await chmod(room, 0o755)
  whole = path.join(room, 'whole')
  const made = await tagproof([
    'rehearse',
    '--repository',
    release.project.folder,
    '--lock',
    lockFile,
    '--out',
    whole
  ])
  if (made.status !== 0) throw new Error(made.stderr)
}, 600_000)

afterAll(async () => {
  await release.remove()
  await rm(lockFile, { force: true })
  await rm(room, { recursive: true, force: true })
})

/** Packs some files of one `--out` and unpacks them into another, as jobs do. */
async function handOver(from: string, to: string, names: readonly string[], owner?: number): Promise<void> {
  await mkdir(to, { recursive: true })
  const archive = path.join(room, 'hand-over.tar')
  await runChecked('tar', ['--create', '--file', archive, '--directory', from, ...names], {
    env: plainEnvironment
  })
  await runChecked('tar', ['--extract', '--touch', '--file', archive, '--directory', to], {
    env: plainEnvironment
  })
  await rm(archive)
  if (owner !== undefined)
    await runChecked('chown', ['-R', `${owner}:${owner}`, to], { env: plainEnvironment })
}

const documents = [
  'proof.json',
  'uploads.json',
  'try.json',
  'release.json',
  'SHA256SUMS',
  'summary.md'
] as const
const jobs = {
  plan: 'one/plan',
  a: 'two/somewhere/build',
  b: 'three/else',
  prove: 'four/deep/er/prove'
} as const
const at = (name: keyof typeof jobs): string => path.join(room, jobs[name])

/** Alters the plan, and says in both builds that they were made from it. */
async function alterPlan(folder: string, alter: (plan: Plan) => unknown): Promise<void> {
  const file = path.join(folder, 'plan.json')
  const before = sha256OfBytes(await readFile(file))
  const document = JSON.parse(await readFile(file, 'utf8')) as Plan
  alter(document)
  await writeFile(file, formatDocument(document))
  const after = sha256OfBytes(await readFile(file))
  for (const world of ['a', 'b'])
    await edit(path.join(folder, `build-${world}/build.json`), (text) => text.replace(before, after))
}

describe('stages in jobs of their own', () => {
  it('give byte-equal documents under other users, paths and times', async () => {
    const source = ['--repository', release.project.folder]
    expect(await tagproof(['plan', ...source, '--lock', lockFile, '--out', at('plan')])).toMatchObject({
      status: 0
    })

    // Each world is given its own export only.
    await handOver(at('plan'), at('a'), ['plan.json', 'tagproof.lock', 'exports/export-a.tar'])
    await handOver(at('plan'), at('b'), ['plan.json', 'tagproof.lock', 'exports/export-b.tar'])
    for (const world of ['a', 'b'] as const)
      expect(
        await tagproof(['build', '--world', world, '--out', at(world), '--repository', '/nonexistent'])
      ).toMatchObject({
        status: 0
      })

    // Prove and record need no privilege: an unknown user runs them, on a copy of the repository.
    const stranger = 12_345
    const clone = path.join(room, 'clone.git')
    await runChecked('git', ['clone', '--quiet', '--bare', release.project.folder, clone], {
      env: release.project.environment
    })
    await handOver(at('plan'), at('prove'), ['plan.json', 'tagproof.lock'], stranger)
    await handOver(at('a'), at('prove'), ['build-a'], stranger)
    await handOver(at('b'), at('prove'), ['build-b'], stranger)
    const proved = await tagproof(['prove', '--single-job', '--repository', clone, '--out', at('prove')], {
      as: stranger
    })
    expect(proved).toMatchObject({ status: 0 })
    // What is tried runs in the sandbox, which root sets up.
    expect(await tagproof(['try', '--out', at('prove')])).toMatchObject({ status: 0 })
    expect(await tagproof(['record', '--out', at('prove')], { as: stranger })).toMatchObject({ status: 0 })

    for (const name of documents)
      expect(await readFile(path.join(at('prove'), name), 'utf8')).toBe(
        await readFile(path.join(whole, name), 'utf8')
      )
  }, 300_000)

  it('hold nothing of the machine: no path, no host name, no time of day', async () => {
    const host = (await runChecked('hostname', [], { env: plainEnvironment })).trim()
    for (const name of ['plan.json', 'build-a/build.json', 'build-b/build.json', ...documents]) {
      const text = await readFile(path.join(whole, name), 'utf8')
      expect(text).not.toContain(room)
      expect(text).not.toContain(release.project.folder)
      expect(text).not.toMatch(new RegExp(`\\b${host}\\b`))
      expect(text).not.toContain(String(new Date().getUTCFullYear()) + '-')
    }
  })
})

/** A copy of the finished release, to be spoiled. */
async function spoiled(spoil: (folder: string) => Promise<void>): Promise<string> {
  const folder = await mkdtemp(path.join(room, 'spoiled-'))
  await cp(whole, folder, { recursive: true })
  await spoil(folder)
  return folder
}

async function edit(file: string, change: (text: string) => string): Promise<void> {
  await writeFile(file, change(await readFile(file, 'utf8')))
}

describe('what was changed on the way', () => {
  const wheel = 'small-1.2.3-py3-none-any.whl'

  it.each<[string, number, string, (folder: string) => Promise<void>]>([
    [
      'an artifact of world a',
      1,
      'hash-mismatch',
      (folder) => writeFile(path.join(folder, 'build-a/python', wheel), 'evil')
    ],
    ['a missing artifact', 3, 'input-missing', (folder) => rm(path.join(folder, 'build-b/python', wheel))],
    [
      'the plan',
      2,
      'document-mismatch',
      (folder) =>
        edit(path.join(folder, 'plan.json'), (text) =>
          text.replace('"version": "1.2.3"', '"version": "1.2.4"')
        )
    ],
    [
      'a document of another version',
      2,
      'document-invalid',
      (folder) => edit(path.join(folder, 'build-b/build.json'), (text) => text.replace('build/1', 'build/9'))
    ],
    [
      'the worlds swapped',
      2,
      'document-mismatch',
      (folder) => cp(path.join(folder, 'build-a'), path.join(folder, 'build-b'), { recursive: true })
    ],
    [
      'a scrambled file left out of the plan and of what was built from it',
      2,
      'document-mismatch',
      (folder) => alterPlan(folder, (plan) => plan.scramble.files.pop())
    ],
    [
      'a waiver that the tag does not have',
      2,
      'document-mismatch',
      (folder) =>
        alterPlan(folder, (plan) =>
          plan.waivers.push({ check: 'traced', code: 'untraced', path: 'pkg/**', reason: 'let me through' })
        )
    ],
    [
      'a generator that the tag does not declare',
      2,
      'document-mismatch',
      (folder) =>
        alterPlan(folder, (plan) =>
          plan.generated.push({ to: 'pkg/*.py', from: ['README.md'], reason: 'let me through' })
        )
    ],
    [
      'a target that is to keep to the rules of no index',
      2,
      'document-mismatch',
      (folder) => alterPlan(folder, (plan) => (plan.indexed = ['python']))
    ],
    [
      'another version',
      2,
      'document-mismatch',
      (folder) => alterPlan(folder, (plan) => (plan.version = '9.9.9'))
    ],
    [
      'a name that leaves the folder',
      2,
      'document-invalid',
      (folder) => edit(path.join(folder, 'build-a/build.json'), (text) => text.replace(wheel, `../${wheel}`))
    ]
  ])('%s is refused by prove', async (_, status, code, spoil) => {
    const folder = await spoiled(spoil)
    const ended = await tagproof([
      'prove',
      '--single-job',
      '--repository',
      release.project.folder,
      '--out',
      folder
    ])
    expect(ended.stderr).toContain(`${code}:`)
    expect(ended.status).toBe(status)
  })

  it('a package is refused by record', async () => {
    const folder = await spoiled((copy) => writeFile(path.join(copy, 'packages', wheel), 'evil'))
    const ended = await tagproof(['record', '--out', folder])
    expect(ended).toMatchObject({ status: 1, stderr: expect.stringContaining('hash-mismatch') as unknown })
  })

  it.each<[string, string, (folder: string) => Promise<void>]>([
    [
      'the export',
      'document-mismatch',
      (folder) => writeFile(path.join(folder, 'exports/export-a.tar'), 'evil')
    ],
    [
      'the lock',
      'document-mismatch',
      (folder) => edit(path.join(folder, 'tagproof.lock'), (text) => `${text}# more\n`)
    ]
  ])('%s is refused by build', async (_, code, spoil) => {
    const folder = await spoiled(spoil)
    const ended = await tagproof(['build', '--world', 'a', '--out', folder])
    expect(ended).toMatchObject({ status: 2, stderr: expect.stringContaining(`${code}:`) as unknown })
  })

  it('a tag that moved after the plan is refused by prove', async () => {
    const clone = path.join(room, 'moved')
    await runChecked('git', ['clone', '--quiet', release.project.folder, clone], {
      env: release.project.environment
    })
    const git = (...args: string[]): Promise<string> =>
      runChecked('git', args, { cwd: clone, env: release.project.environment })
    await git('commit', '--quiet', '--allow-empty', '-m', 'Another')
    await git('tag', '-f', '-a', '-m', 'moved', 'v1.2.3')
    const folder = await spoiled(() => Promise.resolve())
    const ended = await tagproof(['prove', '--single-job', '--repository', clone, '--out', folder])
    expect(ended).toMatchObject({ status: 2, stderr: expect.stringContaining('tag-moved:') as unknown })
  })
})
