import { readdir, readFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import path from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { hashFile } from '../../../src/platform/files.ts'
import { plainEnvironment, run, runChecked } from '../../../src/platform/process.ts'
import { changelogForTag } from '../../../src/targets/deb/debian/changelog.ts'
import { committed } from '../source/git-project.ts'
import { debRoot } from '../support/deb-root.ts'
import type { TestRoot } from '../support/root.ts'
import { bell, contents, debProject, installedFile, type DebBuild, type DebProject } from './project.ts'

describe.each(['own', 'other'] as const)('a debian/ folder on the %s suite', (suite) => {
  let project: DebProject
  let root: TestRoot
  let a: DebBuild
  let b: DebBuild
  beforeAll(async () => {
    root = await debRoot(suite)
    project = await debProject(bell, { changelog: 'tag' })
    ;[a, b] = await Promise.all([project.build('a', root), project.build('b', root)])
  }, 600_000)
  afterAll(() => project.remove())

  const seen = ({ lines }: DebBuild): Record<string, string> =>
    Object.fromEntries(
      lines.flatMap((line) => {
        const [, name, value] = /^probe (\S+) (.*)$/.exec(line) ?? []
        return name === undefined ? [] : [[name, value ?? '']]
      })
    )
  const recorded = ({ built }: DebBuild, name: string): string =>
    built.variations.find((entry) => entry.name === name)?.value ?? ''
  const deb = (name: string): string => path.join(a.folder, name)

  it('gives the same packages in both worlds, and nothing else beside them', async () => {
    const { architecture } = root.lock
    expect(b.built.artifacts).toEqual(a.built.artifacts)
    expect(a.built.artifacts.map(({ kind, name }) => `${kind} ${name}`)).toEqual([
      'deb bell-data_1.1~rc1-1_all.deb',
      `deb bell_1.1~rc1-1_${architecture}.deb`
    ])
    for (const { built, folder } of [a, b]) {
      expect((await readdir(folder)).sort()).toEqual(built.artifacts.map(({ name }) => name))
      for (const { name, size, sha256 } of built.artifacts)
        expect(await hashFile(path.join(folder, name))).toEqual({ size, sha256 })
    }
    expect(a.lines.join('\n')).not.toContain('the tests ran')
  })

  it('packs with xz, times of the commit and owner root', async () => {
    const [file = ''] = a.built.artifacts.map(({ name }) => deb(name))
    const members = await runChecked('ar', ['t', file], { env: plainEnvironment })
    expect(members.trim().split('\n')).toEqual(['debian-binary', 'control.tar.xz', 'data.tar.xz'])
    for (const line of (await contents(file)).trim().split('\n'))
      expect(line).toMatch(/ root\/root +\d+ 2024-05-06 07:08 /)
  })

  it('applies the patches, makes the control file anew, and puts the tag into the changelog', async () => {
    const data = deb('bell-data_1.1~rc1-1_all.deb')
    expect(await installedFile(data, 'usr/share/bell/tune.txt')).toBe('DONG\n')
    const field = await runChecked('dpkg-deb', ['--field', data, 'Section', 'Version'], {
      env: plainEnvironment
    })
    expect(field).toBe('Section: sound\nVersion: 2:1.1~rc1-1\n')
    const changelog = await packedChangelog(data, 'usr/share/doc/bell-data/changelog.Debian.gz')
    expect(changelog).toBe(
      changelogForTag(bell['debian/changelog'], {
        control: bell['debian/control'],
        controlPath: 'debian/control',
        format: '3.0 (quilt)\n',
        suite: root.lock.suite,
        tag: 'v1.1rc1',
        version: '1.1rc1',
        epoch: committed
      })
    )
  })

  it('keeps what dpkg says of the build as evidence', async () => {
    for (const { built, folder } of [a, b]) {
      const whole = `bell_1.1~rc1-1_${root.lock.architecture}`
      expect(Object.keys(built.evidence ?? {}).sort()).toEqual([`${whole}.buildinfo`, `${whole}.changes`])
      for (const [name, sha256] of Object.entries(built.evidence ?? {}))
        expect((await hashFile(path.join(`${folder}+evidence`, name))).sha256).toBe(sha256)
    }
    expect(
      await readFile(path.join(`${a.folder}+evidence`, Object.keys(a.built.evidence ?? {})[1] ?? ''), 'utf8')
    ).toContain('dpkg-dev (= ')
  })

  it('is built under every variation that the record names', () => {
    const [calm, other] = [seen(a), seen(b)]
    for (const name of ['build-path', 'home', 'user-id', 'host-name', 'timezone', 'locale', 'hash-seed']) {
      expect([name, calm[name], other[name]]).toEqual([name, recorded(a, name), recorded(b, name)])
      expect(calm[name]).not.toBe(other[name])
    }
    expect([calm['timezone-offset'], other['timezone-offset']]).toEqual(['+0000', '+1400'])
    expect([calm['locale-order'], other['locale-order']]).toEqual(['stz', 'szt'])
    expect([calm.umask, other.umask]).toEqual(['644', '600'])
    expect(Number(other.clock) - Number(calm.clock)).toBeGreaterThan(399 * 86_400)
    expect([calm['directory-order'], other['directory-order']].sort()).toEqual(['abcd', 'dcba'])
    expect(other['path-tail']).toMatch(/:\/opt\/tagproof-tail\/bin:\/usr\/games$/)
    expect(other['scrambled-files']).not.toBe(calm['scrambled-files'])
    expect(recorded(b, 'scrambled-files')).toBe('1 files scrambled')
    for (const [build, values] of [
      [a, calm],
      [b, other]
    ] as const) {
      const cpus = recorded(build, 'cpus').replace(/\D.*/, '')
      expect([values.cpus, values['dpkg-threads']]).toEqual([cpus, cpus])
      expect(values.jobs).toBe(`nocheck noautodbgsym parallel=${cpus}`)
      expect(values.git).toBe('there')
      const left = build.built.variations.filter((entry) => !entry.applied)
      expect(left.map((entry) => entry.name)).toEqual(availableParallelism() === 1 ? ['cpus'] : [])
    }
  })

  it('tells which files it has read', () => {
    expect(a.built.reads).toEqual(
      expect.arrayContaining(['debian/control.in', 'src/bell.c', 'tests/fixture.bin'])
    )
    expect(a.built.reads).not.toContain('order/a')
  })
})

async function packedChangelog(file: string, name: string): Promise<string> {
  const script = 'dpkg-deb --fsys-tarfile "$1" | tar --extract --to-stdout --file=- "./$2"'
  const result = await run('/bin/sh', ['-euc', script, 'sh', file, name], { env: plainEnvironment })
  return gunzipSync(result.stdout).toString('utf8')
}
