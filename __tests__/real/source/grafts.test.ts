import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { createReadStream } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { readDocument } from '../../../src/documents/reading.ts'
import type { PlannedGit } from '../../../src/documents/git-inputs.ts'
import { readTar } from '../../../src/formats/tar/reader.ts'
import { whole } from '../../../src/platform/pieces.ts'
import { formatLock, parseLock } from '../../../src/lock/lock-file.ts'
import { lockGitInput } from '../../../src/lock/git/lock-git.ts'
import { gitInputConfig } from '../../../src/documents/git-inputs.ts'
import { silentLog } from '../../../src/platform/log.ts'
import { writeExportWithout } from '../../../src/source/export-seen.ts'
import { openOriginals } from '../../../src/source/originals.ts'
import { recheckExports } from '../../../src/source/recheck.ts'
import { stageContext, type StageContext } from '../../../src/stages/context.ts'
import { graftingOf } from '../../../src/stages/git-inputs.ts'
import { plan } from '../../../src/stages/plan.ts'
import { recheckConfig } from '../../../src/stages/recheck-config.ts'
import { openTrees } from '../../../src/stages/trees.ts'
import { makeProject, refusalOf, type GitProject } from './git-project.ts'

const opaque = Buffer.from(Array.from({ length: 400 }, (_, index) => (index * 7919) % 256))

describe('git inputs in the tree that builds see', () => {
  let room: string
  let project: GitProject
  let packaging: GitProject
  let context: StageContext
  let lockFile: string

  beforeAll(async () => {
    room = await mkdtemp(path.join(tmpdir(), 'tagproof-grafts-'))
    packaging = await makeProject({
      'common/run.sh': { executable: '#!/bin/sh\n' },
      'common/link': { link: 'run.sh' },
      'common/icon.bin': opaque,
      'other.txt': 'not taken\n'
    })
    await packaging.git('tag', 'v1')
    const config = `git:
  - { name: packaging, url: ${packaging.folder}, tag: v1, path: common }
targets:
  - kind: python
  - kind: deb
    git: [packaging]
    venv:
      package: small
      prefix: /usr/lib/small
      files: [{ from: packaging/run.sh, to: /usr/bin/run }]
      maintainer: Ada <ada@example.org>
      summary: Small
`
    project = await makeProject({
      'pyproject.toml': '[build-system]\nrequires = []\n\n[project]\nname = "small"\nversion = "1.0"\n',
      '.github/tagproof.yml': config
    })
    await project.git('tag', 'v1.0')
    context = stageContext({
      repository: project.folder,
      out: path.join(room, 'out'),
      cache: path.join(room, 'cache'),
      log: silentLog
    })
    const input = gitInputConfig.parse({
      name: 'packaging',
      url: packaging.folder,
      tag: 'v1',
      path: 'common'
    })
    const store = path.join(room, 'cache/inputs')
    const git = { packaging: await lockGitInput(input, { previous: undefined, store, log: silentLog }) }
    const python = { interpreter: '3.11.2', requested: [], packages: [] }
    lockFile = path.join(room, 'tagproof.lock')
    const text = formatLock({ schema: 'tagproof/lock/1', roots: {}, python: { python, deb: python }, git })
    expect(parseLock(text, 'lock').git).toEqual(git)
    await writeFile(lockFile, text)
    await plan(context, { lock: lockFile })
  })
  afterAll(async () => {
    await project.remove()
    await packaging.remove()
    await rm(room, { recursive: true })
  })

  const listed = async (file: string): Promise<Map<string, string>> => {
    const found = new Map<string, string>()
    for await (const entry of readTar(createReadStream(file), { twins: 'accept' })) {
      const bytes = (await whole(entry.content)).toString('latin1')
      found.set(entry.path, `${entry.mode.toString(8)} ${entry.mtime} ${entry.linkTarget ?? bytes}`)
    }
    return found
  }
  const ofInput = (all: Map<string, string>): Map<string, string> =>
    new Map([...all].filter(([name]) => name.startsWith('tree/packaging')))

  it('are exported as the files of the tag are, and world b sees what is opaque scrambled', async () => {
    const { document } = await readDocument('plan', context.out.plan)
    const a = ofInput(await listed(path.join(context.out.exports, document.exports.a.file)))
    const epoch = document.tag.epoch
    expect([...a]).toEqual([
      ['tree/packaging', `755 ${epoch} `],
      ['tree/packaging/icon.bin', `644 ${epoch} ${opaque.toString('latin1')}`],
      ['tree/packaging/link', `777 ${epoch} run.sh`],
      ['tree/packaging/run.sh', `755 ${epoch} #!/bin/sh\n`]
    ])
    const b = ofInput(await listed(path.join(context.out.exports, document.exports.b.file)))
    expect([...b.keys()].sort()).toEqual([...a.keys()])
    expect(b.get('tree/packaging/run.sh')).toBe(a.get('tree/packaging/run.sh'))
    expect(b.get('tree/packaging/icon.bin')).not.toBe(a.get('tree/packaging/icon.bin'))
    expect(document.scramble.files.map((file) => file.path)).toEqual(['packaging/icon.bin'])
    expect(document.git).toEqual([expect.objectContaining({ name: 'packaging', path: 'common' })])
    expect(await readFile(context.out.planSummary, 'utf8')).toMatch(/Git input packaging: commit .*, for deb/)
  })

  it('are not there for a target that does not ask for them', async () => {
    const { document } = await readDocument('plan', context.out.plan)
    const seen = path.join(room, 'seen.tar')
    const exported = path.join(context.out.exports, document.exports.b.file)
    await writeExportWithout(exported, ['packaging'], seen)
    const [before, after] = [await listed(exported), await listed(seen)]
    expect([...after]).toEqual([...before].filter(([name]) => !name.startsWith('tree/packaging')))
    expect(before.size - after.size).toBe(4)
    const { repository, trees } = await openTrees(context, document)
    expect((await trees({})).has('packaging/run.sh')).toBe(false)
    expect((await trees({ git: ['packaging'] })).has('packaging/run.sh')).toBe(true)
    await repository.close()
  })

  it('are made again from the lock by prove, which takes no word of the plan for them', async () => {
    const { document } = await readDocument('plan', context.out.plan)
    await recheckExports(project.folder, document, graftingOf(context, document))
    await recheckConfig(context, document)
    const originals = await openOriginals(project.folder, document, graftingOf(context, document))
    expect(await originals.read('packaging/icon.bin')).toEqual(opaque)
    await originals.close()
    // Without them the plan cannot be made again.
    expect(await refusalOf(recheckExports(project.folder, document))).toMatchObject({
      code: 'document-mismatch'
    })
    const other = { ...document, git: [{ ...(document.git ?? [])[0], path: '.' }] as PlannedGit[] }
    expect(await refusalOf(recheckConfig(context, other))).toMatchObject({ code: 'document-mismatch' })
  })

  it('are refused where the tree has a path of that name, or the lock another ref', async () => {
    const text = await readFile(lockFile, 'utf8')
    const other = path.join(room, 'other.lock')
    await writeFile(other, text.replace('refs/tags/v1', 'refs/tags/v0'))
    expect(await refusalOf(plan(context, { lock: other }))).toMatchObject({ code: 'lock-incomplete' })
    await writeFile(other, text.replace(/^ {4}tree: .*$/m, `    tree: "${'1'.repeat(40)}"`))
    expect(await refusalOf(plan(context, { lock: other }))).toMatchObject({ code: 'hash-mismatch' })
    await project.write({ 'packaging/mine.txt': 'mine\n' })
    await project.commit('Takes the place')
    await project.git('tag', '-f', 'v1.0')
    expect(await refusalOf(plan(context, { lock: lockFile }))).toMatchObject({ code: 'path-refused' })
  })
})
