import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { readdir, rm } from 'node:fs/promises'
import path from 'node:path'
import type { Build } from '../../../src/documents/build.ts'
import { sha256 } from '../../../src/documents/identifiers.ts'
import type { Finding, Proof } from '../../../src/documents/proof.ts'
import { readDocument, writeDocument } from '../../../src/documents/reading.ts'
import { complete } from '../../../src/stages/complete.ts'
import { expectedFilesOf } from '../../../src/stages/member-lists.ts'
import { prove } from '../../../src/stages/prove.ts'
import { setuptoolsScm } from '../python/projects.ts'
import { committed, type Content } from '../source/git-project.ts'
import { buildRelease, makeRelease, type TestRelease } from '../support/release.ts'

/** A project whose last release was v1.2.2; this one is v1.2.3. */
async function secondRelease(
  before: Record<string, Content>,
  gone: string[],
  after: Record<string, Content>
): Promise<TestRelease> {
  const release = await makeRelease({ ...setuptoolsScm, ...before }, 'v1.2.2')
  const { project } = release
  if (gone.length > 0) await project.git('rm', '-q', ...gone)
  await project.write(after)
  await project.commit('The next release', committed + 1000)
  await project.git('tag', '-a', '-m', 'v1.2.3', 'v1.2.3')
  return release
}

function told(proof: Proof): string[] {
  return proof.findings
    .filter((finding) => finding.check === 'complete')
    .map(({ code, severity, artifact, member }) =>
      [severity, code, artifact?.replace(/^.*\./, '') ?? '-', member ?? '-'].join(' ')
    )
}

function messageOf(findings: readonly Finding[], code: string): string {
  return findings.find((finding) => finding.code === code)?.message ?? ''
}

describe('a release whose files changed honestly', () => {
  let release: TestRelease
  let build: Build
  let proof: Proof
  beforeAll(async () => {
    release = await secondRelease({ 'little/old.py': 'OLD = 1\n' }, ['little/old.py'], {
      'little/new.py': 'NEW = 1\n',
      'little/more.png': setuptoolsScm['little/icon.png'] ?? ''
    })
    build = (await buildRelease(release)).builds.a
    await complete(release.context)
    proof = await prove(release.context, {})
  })
  afterAll(() => release.remove())

  it('has nothing to mend, and what came and went is told', () => {
    expect(told(proof)).toEqual([
      'warn member-gone gz -',
      'note member-new gz -',
      'warn member-gone whl -',
      'note member-new whl -',
      'warn reads-new - -',
      'note reads-new - -'
    ])
    expect(messageOf(proof.findings, 'member-gone')).toContain('v1.2.2 shipped is missing now: little/old.py')
    expect(messageOf(proof.findings, 'member-new')).toContain('little/more.png, little/new.py')
    expect(messageOf(proof.findings, 'reads-new')).toMatch(/little\/more\.png$/)
  })

  it('leaves nothing of the other builds but lists', async () => {
    expect((await readdir(release.context.out.complete)).sort()).toEqual([
      'clone.log',
      'complete.json',
      'previous.log'
    ])
  })

  it('can be written down as a list of expected files', async () => {
    const list = await expectedFilesOf(release.context, build)
    expect(list).toContain('[wheel]\nlittle-{version}.dist-info/METADATA\n')
    expect(list).toContain('\nlittle/_version.py\n')
  })
})

/** The package holds one file more where the build finds the commit before: in every clone of a developer. */
const readsHistory = `import subprocess
from setuptools import setup

before = subprocess.run(["git", "rev-parse", "--verify", "-q", "HEAD~1"], capture_output=True, text=True)
if before.returncode == 0:
    with open("little/history.txt", "w") as stream:
        stream.write(before.stdout)
setup(package_data={"little": ["*.png", "*.txt"]})
`
const expectedList = '[wheel]\nlittle/**\nlittle/gone.py\n*.dist-info/**\n[sdist]\n**/*\nsetup.py\n'

describe('a release that is not what the project itself would ship', () => {
  let release: TestRelease
  beforeAll(async () => {
    release = await secondRelease({ 'setup.py': readsHistory }, [], {
      '.github/tagproof.yml': 'expected-files: packaging/files.txt\n',
      'packaging/files.txt': expectedList.replace('**/*', '*').replace('setup.py\n', '')
    })
    await buildRelease(release)
  })
  afterAll(() => release.remove())

  it('is refused by each name, and by the list of expected files', async () => {
    await complete(release.context)
    const proof = await prove(release.context, {})
    expect(proof.verdict).toBe('refused')
    expect(told(proof)).toEqual(
      expect.arrayContaining([
        'refuse full-clone-differs gz little/history.txt',
        'refuse full-clone-differs whl little/history.txt',
        'refuse expected-missing whl little/gone.py',
        'refuse expected-extra gz little/__init__.py'
      ])
    )
    expect(proof.findings.find(({ code }) => code === 'full-clone-differs')?.cause).toContain(
      'not in the tag'
    )
  })

  it('says which comparison could not be made, and why', async () => {
    const file = path.join(release.context.out.complete, 'complete.json')
    const { document } = await readDocument('complete', file)
    const failed = { name: 'python', lists: [], reads: null, failure: 'lock-incomplete: no setuptools-scm' }
    const { tag, commit } = document.clone
    const previous = { tag: 'v1.2.2', commit, targets: [failed] }
    await writeDocument('complete', file, {
      ...document,
      previous,
      clone: { ...document.clone, targets: [failed] }
    })
    const proof = await prove(release.context, {})
    expect(told(proof)).toEqual(
      expect.arrayContaining(['warn full-clone-not-built - -', 'note previous-not-built - -'])
    )
    expect(messageOf(proof.findings, 'previous-not-built')).toContain('no setuptools-scm')
    await writeDocument('complete', file, { ...document, previous: { none: `nothing before ${tag}` } })
    expect(told(await prove(release.context, {}))).toContain('note previous-none - -')
  })

  it('is not judged by the lists of another plan', async () => {
    const file = path.join(release.context.out.complete, 'complete.json')
    const { document } = await readDocument('complete', file)
    await writeDocument('complete', file, { ...document, plan: sha256('ab'.repeat(32)) })
    await expect(prove(release.context, {})).rejects.toMatchObject({ code: 'document-mismatch' })
  })

  it('gets through that check where nobody asked, and the proof says so', async () => {
    await rm(release.context.out.complete, { recursive: true, force: true })
    const proof = await prove(release.context, {})
    expect(told(proof).filter((line) => !line.includes('expected-'))).toEqual(['note not-compared - -'])
  })
})
