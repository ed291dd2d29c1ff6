import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { randomBytes } from 'node:crypto'
import type { Brief, BriefClass } from '../../../src/documents/brief.ts'
import { sha256OfBytes } from '../../../src/platform/files.ts'
import { formatDocument } from '../../../src/documents/format.ts'
import { parseDocument, writeDocument } from '../../../src/documents/reading.ts'
import { briefLine, formatBrief } from '../../../src/evidence/brief.ts'
import { formatLock } from '../../../src/lock/lock-file.ts'
import { briefOf } from '../../../src/proof/brief.ts'
import { gatherFacts, readBrief } from '../../../src/stages/brief.ts'
import { openRepository } from '../../../src/source/repository.ts'
import { previousRelease } from '../../../src/source/previous-release.ts'
import { resolveTag } from '../../../src/source/tag.ts'
import { silentLog } from '../../../src/platform/log.ts'
import { stageContext } from '../../../src/stages/context.ts'
import { proof } from '../../unit/evidence/documents.ts'
import { committed, makeProject, type Content, type GitProject } from './git-project.ts'

const digest = sha256OfBytes('')
const waiver = `waivers:
  - { check: traced, code: no-origin, path: 'a/**', reason: 'Made by hand from the table of colours.' }
generated:
  - { to: 'a/b.txt', from: ['c.txt'], reason: 'The table of colours.' }
`
function lockOf(version: string, uploaded?: string): string {
  return formatLock({
    schema: 'tagproof/lock/1',
    roots: {},
    python: {
      python: {
        interpreter: '3.11.2',
        requested: ['setuptools'],
        packages: [
          {
            name: 'setuptools',
            version,
            file: `setuptools-${version}-py3-none-any.whl`,
            size: 1,
            sha256: digest,
            ...(uploaded === undefined ? {} : { uploaded }),
            because: ['build-system.requires']
          }
        ]
      }
    }
  })
}

async function briefAt(project: GitProject, name: string): Promise<Brief> {
  const repository = await openRepository(project.folder)
  try {
    const tag = await resolveTag(repository, name)
    const previous = await previousRelease(repository, tag, name.slice(1))
    if ('none' in previous) throw new Error(previous.none)
    const readSet = { unknown: 'the last release was not built' }
    const brief = briefOf(tag, await gatherFacts(repository, tag, previous.tag, readSet))
    return parseDocument('brief', Buffer.from(formatDocument(brief)), 'brief.json')
  } finally {
    await repository.close()
  }
}

function told(brief: Brief, name: BriefClass): { changes: string[]; by: string[] } {
  const part = brief.parts.find((one) => one.class === name)
  return {
    changes: part?.changes ?? [],
    by: (part?.commits ?? []).map(({ author, subject }) => `${author}: ${subject}`)
  }
}

describe('the brief of a release', () => {
  let project: GitProject
  let brief: Brief
  const change = async (author: string, subject: string, files: Record<string, Content>): Promise<void> => {
    project.environment.GIT_AUTHOR_NAME = author
    await project.write(files)
    await project.commit(subject, committed + 10)
  }
  beforeAll(async () => {
    project = await makeProject({
      'a.py': 'A = 1\n',
      'pyproject.toml': '[project]\n',
      '.github/workflows/release.yml': 'on: push\n',
      '.github/tagproof.lock': lockOf('80.0.0')
    })
    await project.git('tag', 'v1.0')
    await change('Bo', 'Workflow', { '.github/workflows/release.yml': 'on: [push]\n' })
    await change('Cy', 'Exceptions', { '.github/tagproof.yml': waiver })
    await change('Di', 'Newer', { '.github/tagproof.lock': lockOf('80.9.0', '2024-05-03T07:00:00Z') })
    await change('Ed', 'Build', { 'pyproject.toml': '[project]\nname = "a"\n' })
    await change('Fi', 'Fixture', { 'tests/data.xz': randomBytes(600) })
    await change('**Eve** \u001b[31m', '::error::x <img src=x> @all [a](https://b)', {
      'setup.py': 'import os\n'
    })
    await change('Ada', 'Source alone', { 'a.py': 'A = 2\n' })
    await project.git('tag', 'v1.1')
    await change('Ada', 'Source again', { 'a.py': 'A = 3\n' })
    await project.git('tag', 'v1.2')
    brief = await briefAt(project, 'v1.1')
  })
  afterAll(() => project.remove())

  it.each<[BriefClass, RegExp, string]>([
    ['workflow', /^\.github\/workflows\/release\.yml: changed$/, 'Bo: Workflow'],
    ['config', /^\.github\/tagproof\.yml: added$/, 'Cy: Exceptions'],
    ['waivers', /^new: .*"path":"a\/\*\*"/, 'Cy: Exceptions'],
    ['pairs', /^new: .*"to":"a\/b\.txt"/, 'Cy: Exceptions'],
    ['lock', /setuptools 80\.0\.0 → 80\.9\.0 \(3 days old\)$/, 'Di: Newer'],
    ['build-files', /^pyproject\.toml: changed$/, 'Ed: Build'],
    ['opaque', /^tests\/data\.xz: added \(binary\)$/, 'Fi: Fixture']
  ])('tells %s by commit and author', (name, line, author) => {
    const { changes, by } = told(brief, name)
    expect(changes).toContainEqual(expect.stringMatching(line))
    expect(by).toContain(author)
    expect(by.join()).not.toContain('Source alone')
  })

  it('says that nothing changed where nothing did', async () => {
    const next = await briefAt(project, 'v1.2')
    expect(next.parts.flatMap(({ changes, commits }) => [...changes, ...commits])).toEqual([])
    expect(briefLine(next, digest)).toContain('no change found')
  })

  it('prints names and subjects of others as text', () => {
    const shown = formatBrief(brief, digest)
    expect(shown).toContain('\\*\\*Eve\\*\\*')
    expect(shown).not.toMatch(/<img|@all|[^\\]\]\(https|^::/m)
    expect(shown).not.toContain('\u001b')
    expect(briefLine(brief, digest)).not.toMatch(/\n|^::/)
  })

  it('is refused where it is not the one that was proven', async () => {
    const context = stageContext({ out: `${project.room}/out`, log: silentLog })
    const sha256 = await writeDocument('brief', context.out.brief, brief)
    await expect(readBrief(context, proof({ brief: sha256 }))).resolves.toEqual(brief)
    await writeDocument('brief', context.out.brief, { ...brief, parts: [] })
    await expect(readBrief(context, proof({ brief: sha256 }))).rejects.toMatchObject({
      code: 'document-mismatch'
    })
  })

  it('is the same document each time', async () => {
    expect(formatDocument(await briefAt(project, 'v1.1'))).toBe(formatDocument(brief))
  })

  it('says that a shallow clone has no last release to compare with', async () => {
    await project.git(
      'clone',
      '-q',
      '--depth',
      '1',
      '--branch',
      'v1.1',
      `file://${project.folder}`,
      '../shallow'
    )
    const folder = `${project.room}/shallow`
    await expect(briefAt({ ...project, folder }, 'v1.1')).rejects.toThrow('shallow')
  })
})
