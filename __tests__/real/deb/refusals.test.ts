import { access } from 'node:fs/promises'
import path from 'node:path'
import { afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { TagproofError } from '../../../src/platform/errors.ts'
import type { Content } from '../source/git-project.ts'
import { debRoot } from '../support/deb-root.ts'
import type { TestRoot } from '../support/root.ts'
import { bell, contents, debProject, installedFile, type DebProject } from './project.ts'

let root: TestRoot
let project: DebProject | undefined
beforeAll(async () => {
  root = await debRoot('other')
}, 600_000)
afterEach(async () => {
  await project?.remove()
  project = undefined
})

async function failure(files: Record<string, Content>): Promise<TagproofError> {
  project = await debProject({ ...bell, ...files })
  const error: unknown = await project.build('a', root).catch((thrown: unknown) => thrown)
  if (error instanceof TagproofError) return error
  throw new Error('it was built')
}

/** Rules that do one thing, and have no need of debhelper. */
const rules = (command: string): { executable: string } => ({
  executable: `#!/usr/bin/make -f\nclean:\nbinary:\n\t${command}\n`
})

describe('a debian/ folder that cannot be built is told apart', () => {
  it.each<[string, Record<string, Content>, string, RegExp]>([
    [
      'a build dependency that the lock lacks',
      { 'debian/control': bell['debian/control'].replace(' <!nocheck>', '') },
      'lock-incomplete',
      /not met: valgrind/
    ],
    [
      'rules that want the network',
      { 'debian/rules': rules(`exec 3<>/dev/tcp/example.org/80`), 'debian/probe': '' },
      'build-failed',
      /wants the network/
    ],
    [
      'rules that want to be root',
      { 'debian/rules': rules('dh_testroot && chown daemon debian') },
      'build-failed',
      /be root/
    ],
    [
      'a compatibility level that is not known',
      {
        'debian/control': bell['debian/control'].replace(/debhelper-compat.*/, 'debhelper'),
        'debian/compat': '99\n',
        'debian/rules': rules('dh_prep')
      },
      'build-failed',
      /compatibility level/
    ],
    [
      'rules that make no package',
      { 'debian/rules': rules('touch debian/files') },
      'build-failed',
      /no package that was made/
    ]
  ])('%s', async (_, files, code, found) => {
    if ('debian/rules' in files) {
      const text = files['debian/rules'] as { executable: string }
      text.executable = text.executable.replace('-f\n', '-f\nSHELL=/bin/bash\n')
    }
    const error = await failure(files)
    expect(error.code).toBe(code)
    expect(error.detail.found).toMatch(found)
    expect(error.detail.where).toMatch(/^debian\/(rules|control)$/)
    expect(error.detail.fix).not.toBe('')
  })
})

describe('a patch that does not fit the tree', () => {
  it('is told, and the tree is built as it is', async () => {
    project = await debProject({ ...bell, 'src/tune.txt': 'another tune\n' })
    const { told } = await project.build('a', root)
    expect(told.join('\n')).toContain(
      'louder.patch of debian/patches neither applies to the tree nor is applied'
    )
  })
})

describe('patches that are applied in the tree already', () => {
  it('are left as they are', async () => {
    project = await debProject({ ...bell, 'src/tune.txt': 'DONG\n' })
    const { built, folder } = await project.build('a', root)
    const [data] = built.artifacts
    expect(await installedFile(path.join(folder, data?.name ?? ''), 'usr/share/bell/tune.txt')).toBe('DONG\n')
  })
})

describe('a native package in a folder of its own, whose files belong to somebody', () => {
  it('is built under fakeroot, with the changelog of the tree, and is the same in both worlds', async () => {
    project = await debProject(
      {
        'README.md': 'The package is below.\n',
        'pkg/debian/control': `Source: owned
Maintainer: Bell ringers <bell@example.org>
Build-Depends: debhelper-compat (= 13)
Rules-Requires-Root: binary-targets

Package: owned
Architecture: all
Description: owned
`,
        'pkg/debian/changelog': bell['debian/changelog']
          .replace('bell (2:1.0-1)', 'owned (1.1~rc1)')
          .replace('Mon, 05 Feb 2024', 'Mon, 05 Feb 2029'),
        'pkg/debian/rules': {
          executable: `#!/usr/bin/make -f
clean build:
binary:
\tdh_prep
\tmkdir -p debian/owned/usr/share/owned
\techo mine >debian/owned/usr/share/owned/file
\tdh_fixperms
\tchown games:mail debian/owned/usr/share/owned/file
\tchmod 640 debian/owned/usr/share/owned/file
\tdh_gencontrol
\tdh_builddeb
`
        }
      },
      { path: 'pkg' }
    )
    const [a, b] = await Promise.all([project.build('a', root), project.build('b', root)])
    expect(a.built.artifacts.map(({ name }) => name)).toEqual(['owned_1.1~rc1_all.deb'])
    expect(b.built.artifacts).toEqual(a.built.artifacts)
    expect(await contents(path.join(a.folder, 'owned_1.1~rc1_all.deb'))).toMatch(/^-rw-r----- games\/mail /m)
    expect(a.told).toEqual([
      expect.stringMatching(/newest entry of pkg\/debian\/changelog is later than the commit/)
    ])
    expect(b.told).toEqual([])
    await expect(access(path.join(a.folder, 'tagproof.changes'))).rejects.toThrow()
  })
})
