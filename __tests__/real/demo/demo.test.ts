import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { makeRepository } from '../../../scripts/demo.mjs'
import type { Release } from '../../../src/documents/release.ts'

const run = promisify(execFile)

describe('npm run demo', () => {
  let work: string
  beforeAll(async () => {
    work = await mkdtemp(path.join(tmpdir(), 'tagproof-demo-test-'))
  })
  afterAll(() => rm(work, { recursive: true, force: true }))

  it('makes the same commit under any umask', async () => {
    const commits: string[] = []
    for (const umask of [0o022, 0o077]) {
      const folder = path.join(work, `repository-${umask}`)
      const before = process.umask(umask)
      try {
        await makeRepository(folder)
      } finally {
        process.umask(before)
      }
      commits.push((await run('git', ['-C', folder, 'rev-parse', 'HEAD'])).stdout.trim())
    }
    expect(commits[0]).toMatch(/^[0-9a-f]{40}$/)
    expect(commits[1]).toBe(commits[0])
  })

  it('goes from a tag to packages that pip installs, and ends with the table', async () => {
    const folder = path.join(work, 'demo')
    const { stdout } = await run(process.execPath, ['scripts/demo.mjs', folder], {
      env: { ...process.env, TAGPROOF_NO_INSTALL: '1' },
      maxBuffer: 1 << 26
    })
    expect(stdout).toContain('herald 1.4.0')
    expect(stdout).toContain('Herald 1.4.0 ist da')
    const out = path.join(folder, 'out')
    const release = JSON.parse(await readFile(path.join(out, 'release.json'), 'utf8')) as Release
    expect(release).toMatchObject({ tag: 'v1.4.0', version: '1.4.0', verdict: 'proven' })
    expect(release.artifacts.map((artifact) => artifact.name).sort()).toEqual([
      'herald-1.4.0.oci.tar',
      'release-herald_1.4.0-1_all.deb',
      'release_herald-1.4.0-py3-none-any.whl',
      'release_herald-1.4.0.tar.gz'
    ])
    const table = stdout.trimEnd().split('\n').slice(-5)
    expect(table[0]).toMatch(/^artifact +size +sha256 +a = b +traced$/)
    for (const artifact of release.artifacts)
      expect(
        table
          .slice(1)
          .some(
            (row) =>
              row.startsWith(artifact.name) &&
              row.endsWith(`${artifact.sha256}  yes    ${artifact.members}/${artifact.members}`)
          )
      ).toBe(true)
    const checked = await run('sha256sum', ['--check', '--strict', '../SHA256SUMS'], {
      cwd: path.join(out, 'packages')
    })
    expect(checked.stdout.trim().split('\n')).toHaveLength(4)
    expect((await readdir(path.join(out, 'packages'))).sort()).toEqual(
      release.artifacts.map(({ name }) => name).sort()
    )
    expect(await readFile(path.join(out, 'summary.md'), 'utf8')).toMatch(/^# ✅ v1\\?\.4\\?\.0: proven/)
    const { stdout: unzipped } = await run('python3', [
      '-m',
      'zipfile',
      '-l',
      path.join(out, 'packages', 'release_herald-1.4.0-py3-none-any.whl')
    ])
    for (const member of ['locale/de/LC_MESSAGES/herald.mo', 'assets/badge.png', 'share/man/man1/herald.1'])
      expect(unzipped).toContain(member)
  }, 600_000)
})
