import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { readdir, readFile, rm } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { startTagproof, tagproof } from '../support/command.ts'
import { lockRelease, makeRelease, packages, type TestRelease } from '../support/release.ts'
import { project } from './project.ts'

let release: TestRelease
let lockFile: string
let args: string[]
let expected: string

beforeAll(async () => {
  release = await makeRelease(project)
  lockFile = await lockRelease(release)
  args = [
    'rehearse',
    '--no-try',
    '--repository',
    release.project.folder,
    '--lock',
    lockFile,
    '--out',
    release.out
  ]
  const first = await tagproof(args)
  if (first.status !== 0) throw new Error(first.stderr)
  expected = await readFile(release.context.out.release, 'utf8')
}, 600_000)

afterAll(async () => {
  await release.remove()
  await rm(lockFile, { force: true })
})

/** Mounts of worlds that this process can see; a world's own are in its own namespace. */
async function mounts(): Promise<string[]> {
  const lines = (await readFile('/proc/self/mounts', 'utf8')).split('\n')
  return lines.filter((line) => line.includes('/run/tagproof'))
}

describe('a rehearsal that is stopped', () => {
  it.each([
    '> plan',
    '> build python in world a',
    '✓ build python in world',
    '> prove',
    '> local destinations'
  ])(
    'by SIGKILL at "%s" leaves no half result, and the next run gives the same release',
    async (moment) => {
      const { child, ended, stderr } = startTagproof(args, { TMPDIR: release.project.room })
      while (!stderr().includes(moment) && child.exitCode === null) await wait(5)
      process.kill(-(child.pid ?? 0), 'SIGKILL')
      await ended
      // Whatever is there is whole: a document that can be read, or none.
      for (const name of ['plan.json', 'proof.json', 'release.json'])
        await readFile(path.join(release.out, name), 'utf8').then(JSON.parse, () => undefined)
      const again = await tagproof(args)
      expect(again).toMatchObject({ status: 0 })
      expect(await readFile(release.context.out.release, 'utf8')).toBe(expected)
      expect(await packages(release)).toEqual(['small-1.2.3-py3-none-any.whl', 'small-1.2.3.tar.gz'])
      expect((await readdir(release.out)).filter((name) => name.includes('.part'))).toEqual([])
      expect(await mounts()).toEqual([])
    },
    300_000
  )

  it('by Ctrl-C ends with status 130 and says so', async () => {
    const { child, ended, stderr } = startTagproof(args, { TMPDIR: release.project.room })
    while (!stderr().includes('> build python in world b') && child.exitCode === null) await wait(5)
    process.kill(-(child.pid ?? 0), 'SIGINT')
    const { status, stderr: told } = await ended
    expect(told).toContain('cancelled: Stopped on request.')
    expect(status).toBe(130)
    expect(await mounts()).toEqual([])
  }, 120_000)
})
