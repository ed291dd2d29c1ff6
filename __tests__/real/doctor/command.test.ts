import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Check } from '../../../src/doctor/check.ts'
import { silentLog } from '../../../src/platform/log.ts'
import { doctor, init, stageContext } from '../../../src/stages/index.ts'
import { makeProject, type GitProject } from '../source/git-project.ts'
import { makeRelease, lockRelease } from '../support/release.ts'
import { tagproof } from '../support/command.ts'
import { testCache } from '../support/root.ts'

let project: GitProject
beforeAll(async () => {
  project = await makeProject({
    'pyproject.toml': '[project]\nname = "plug"\nversion = "1.0"\n',
    Dockerfile: 'FROM debian:12\n'
  })
  await project.commit()
})
afterAll(() => project.remove())

const told = (checks: readonly Check[]): string[] =>
  checks
    .filter(({ state, area }) => state !== 'ok' && area !== 'machine' && area !== 'tools')
    .map(({ state, name }) => `${state} ${name}`)

const environment = { ...process.env, GH_TOKEN: '', GITHUB_TOKEN: '', PATH: '/nonexistent' }
const diagnose = async (folder: string): Promise<{ lines: string[]; status: number }> => {
  const context = stageContext({ repository: folder, cache: testCache, log: silentLog })
  const { checks, status } = await doctor(context, { install: false, offline: true, environment })
  return { lines: told(checks), status }
}

const setUp = (folder: string): Promise<unknown> =>
  init(stageContext({ repository: folder, log: silentLog }), {
    action: `o/tagproof@${'0'.repeat(40)}`,
    program: null,
    workflow: 'release.yml',
    environment: 'release',
    lock: false,
    consent: () => Promise.resolve(false)
  })

describe('tagproof doctor', () => {
  it('tells a project that has nothing yet what there is to do, and where its Dockerfile moves', async () => {
    expect(await diagnose(project.folder)).toEqual({
      lines: ['warn lock', 'fail dockerfile', 'warn workflow-file'],
      status: 2
    })
  })

  it('goes along from init to commit to lock', async () => {
    const release = await makeRelease({ 'pyproject.toml': '[project]\nname = "plug"\nversion = "1.2.3"\n' })
    const { folder } = release.project
    try {
      await setUp(folder)
      const before = await diagnose(folder)
      expect(before.status).toBe(2)
      expect(before.lines.filter((line) => line !== 'warn uncommitted')).toEqual([
        'fail lock',
        'warn settings'
      ])
      expect(before.lines).toContain('warn uncommitted')
      await release.project.commit()
      const lock = await lockRelease(release)
      await release.project.write({ '.github/tagproof.lock': await readFile(lock) })
      await release.project.commit()
      expect(await diagnose(folder)).toEqual({ lines: ['warn settings'], status: 0 })
    } finally {
      await release.remove()
    }
  })

  it('says what is wrong with a configuration, with its line, and goes on with the rest', async () => {
    const broken = await makeProject({ 'setup.py': '', '.github/tagproof.yml': '\nlimit: {}\n' })
    try {
      await broken.commit()
      const context = stageContext({ repository: broken.folder, cache: testCache, log: silentLog })
      const { checks, status } = await doctor(context, { install: false, offline: true, environment })
      expect(checks.find(({ name }) => name === 'project')).toMatchObject({
        state: 'fail',
        where: expect.stringMatching(/^\.github\/tagproof\.yml:2/) as unknown
      })
      expect(checks.some(({ area }) => area === 'sandbox')).toBe(true)
      expect(status).toBe(2)
    } finally {
      await broken.remove()
    }
  })

  it('outside of a repository looks at the machine all the same', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'tagproof-none-'))
    try {
      expect(await diagnose(folder)).toEqual({ lines: ['fail project'], status: 2 })
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  it('as a command: one document, and the exit status', async () => {
    const ended = await tagproof(['doctor', '--offline', '--json', '--repository', project.folder])
    const document = JSON.parse(ended.stdout) as { schema: string; checks: Check[]; status: number }
    expect(document).toMatchObject({ schema: 'tagproof/doctor/1', status: 2 })
    expect(ended.status).toBe(2)
  })

  it('to a user who may not become root says that no sandbox can be set up: status 3', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'tagproof-plain-'))
    try {
      await chmod(folder, 0o777)
      const ended = await tagproof(['doctor', '--offline', '--repository', '/'], {
        as: 65534,
        environment: { TAGPROOF_CACHE: folder, PATH: '/usr/bin:/bin' }
      })
      expect(ended.stdout).toMatch(/^Tools\n {2}✓ (.*\n)*Sandbox\n {2}✗ World a could not be set up/)
      expect(ended.stdout).toMatch(/fix {2}Run as root, or allow sudo/)
      expect(ended.stdout).toMatch(/\d+ to mend: not ready for a release\n$/)
      expect(ended.status).toBe(3)
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})
