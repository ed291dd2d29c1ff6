import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { readFile, rm } from 'node:fs/promises'
import { tagproof } from '../support/command.ts'
import { lockRelease, makeRelease, packages, type TestRelease } from '../support/release.ts'
import { project } from './project.ts'

let release: TestRelease
let lockFile: string
let source: string[]

beforeAll(async () => {
  release = await makeRelease(project)
  lockFile = await lockRelease(release)
  await release.project.git('tag', '-d', 'v1.2.3')
  source = ['--repository', release.project.folder, '--lock', lockFile, '--out', release.out]
}, 600_000)

afterAll(async () => {
  await release.remove()
  await rm(lockFile, { force: true })
})

describe('a commit without a tag, as on a pull request', () => {
  it('can be rehearsed, and what is missing to publish is said', async () => {
    const ended = await tagproof(['rehearse', ...source])
    expect(ended).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('The commit has no tag.') as unknown
    })
    expect(await packages(release)).toEqual(['small-1.2.3-py3-none-any.whl', 'small-1.2.3.tar.gz'])
    expect(JSON.parse(await readFile(release.context.out.proof, 'utf8'))).toMatchObject({
      verdict: 'proven',
      version: null,
      tag: { name: 'HEAD', kind: 'untagged' }
    })
  }, 120_000)

  it('can be planned, with sizes of the last run, and is told to be no release', async () => {
    const { status, stdout } = await tagproof(['plan', ...source])
    expect(status).toBe(0)
    expect(stdout).toMatch(
      /python {2}small-1\.2\.3-\*-\*-\*\.whl {2}1\.2\.3 \(pyproject\.toml\).* KiB in HEAD/
    )
    expect(stdout).toContain('- To publish: The commit has no tag.')
    expect(await readFile(release.context.out.planSummary, 'utf8')).toContain('no tag: a rehearsal')
  })

  it('cannot be planned by a tag that is not there', async () => {
    const ended = await tagproof(['plan', ...source, '--tag', 'v1.2.3'])
    expect(ended).toMatchObject({ status: 2, stderr: expect.stringContaining('tag-missing: ') as unknown })
  })
})
