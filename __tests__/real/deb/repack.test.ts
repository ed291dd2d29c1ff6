import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { beforeAll, describe, expect, it } from '@jest/globals'
import { sha256OfBytes } from '../../../src/platform/files.ts'
import type { Repack } from '../../../src/proof/kinds/deb-packing.ts'
import { reproduce, type Reproduced } from '../../../src/proof/reproduce.ts'
import { repackIn } from '../../../src/targets/deb/repack.ts'
import { arOf, writeDeb, type DebForm } from '../../unit/proof/debs.ts'
import { epoch, inFolder, scrambledFile } from '../../unit/proof/packages.ts'
import { debRoot } from '../support/deb-root.ts'

const [original, scrambled] = [randomBytes(900), randomBytes(900)]
const logo = {
  ...scrambledFile('docs/logo.bin', '', ''),
  size: original.length,
  original: sha256OfBytes(original),
  scrambled: sha256OfBytes(scrambled)
}
/** Long enough for levels to show. */
const words = Array.from({ length: 20_000 }, (_, at) => `word ${(at * 7919) % 1013} of ${at}\n`).join('')

/** What somebody makes of a deb in world a, after dpkg-deb or in its place. */
type Change = (deb: string) => Promise<void>

describe('how a deb with originals in it is compressed', () => {
  let repack: Repack
  beforeAll(async () => {
    const { root } = await debRoot('own')
    repack = repackIn({
      root,
      limits: { minutes: 5, 'memory-mib': 1024, 'disk-mib': 256, processes: 200 }
    })
  }, 600_000)

  async function proven(
    forms: { a?: Partial<DebForm>; b?: Partial<DebForm>; change?: Change },
    check: boolean
  ): Promise<Reproduced> {
    return inFolder(async (folder) => {
      const name = 'pkg_1.0-1_all.deb'
      const place = (side: string): string => path.join(folder, side, name)
      for (const side of ['a', 'b', 'shipped']) await mkdir(path.dirname(place(side)))
      const form = (content: Buffer): DebForm => ({
        files: {
          'usr/share/pkg/logo.bin': content,
          'usr/share/pkg/words': words,
          'usr/bin/x': '#!/bin/sh\n'
        },
        hardlinks: { 'usr/share/pkg/same': 'usr/share/pkg/words' },
        links: { 'usr/bin/y': 'x' },
        real: true
      })
      await writeDeb(place('a'), { ...form(original), ...forms.a })
      await writeDeb(place('b'), { ...form(scrambled), ...forms.b })
      await forms.change?.(place('a'))
      return reproduce({
        a: place('a'),
        b: place('b'),
        shipped: place('shipped'),
        kind: 'deb',
        name,
        epoch,
        scramble: [logo],
        original: () => Promise.resolve(original),
        ...(check ? { repack } : {})
      })
    })
  }

  it.each<[string, readonly string[]]>([
    ['by itself', []],
    ['harder, as the package asks for', ['-z9', '-Sextreme']]
  ])('is confirmed by dpkg-deb of the root: %s', async (_, options) => {
    const { artifact, findings } = await proven({ a: { options }, b: { options } }, true)
    expect(findings.map(({ code }) => code)).toEqual(['packed-again'])
    expect(artifact?.packing).toBe('backend')
  })

  const compressed =
    (...options: string[]): Change =>
    async (deb) => {
      const tar = execFileSync('dpkg-deb', ['--fsys-tarfile', deb], { maxBuffer: 1 << 26 })
      const data = execFileSync('xz', ['--stdout', '--threads=2', ...options], {
        input: tar,
        maxBuffer: 1 << 26
      })
      const control = execFileSync('ar', ['p', deb, 'control.tar.xz'])
      await writeFile(
        deb,
        arOf(
          [
            ['debian-binary', Buffer.from('2.0\n')],
            ['control.tar.xz', control],
            ['data.tar.xz', data]
          ],
          epoch
        )
      )
    }

  it.each<[string, { a?: Partial<DebForm>; change?: Change }]>([
    ['at another level in world a alone', { a: { options: ['-z5'] } }],
    ['in more blocks', { change: compressed('--check=crc64', '--block-size=65536') }],
    ['with choices that no level makes', { change: compressed('--check=crc64', '--lzma2=preset=6,nice=100') }]
  ])('is refused %s, and passes with the check off', async (_, forms) => {
    const { artifact, findings } = await proven(forms, true)
    expect(artifact).toBeNull()
    expect(findings).toMatchObject([{ code: 'container-differs', severity: 'refuse' }])
    expect(findings[0]?.message).toContain('compressed bytes')
    const off = await proven(forms, false)
    expect(off.findings.map(({ code }) => code)).toEqual(['packed-by-a'])
    expect(off.artifact).not.toBeNull()
  })

  it.each<[string, Change]>([
    ['padding behind the stream', (deb) => writePadded(deb)],
    [
      'data behind the last member',
      async (deb) => writeFile(deb, Buffer.concat([await readFile(deb), original]))
    ]
  ])('is refused by every reader with %s', async (_, change) => {
    const { findings } = await proven({ change }, false)
    expect(findings).toMatchObject([{ code: 'archive-invalid', severity: 'refuse' }])
  })
})

/** Stream padding of the xz format, 2.2: zeros that every tool skips. */
async function writePadded(deb: string): Promise<void> {
  const part = (name: string): Buffer => execFileSync('ar', ['p', deb, name], { maxBuffer: 1 << 26 })
  const members: [string, Buffer][] = [
    ['debian-binary', part('debian-binary')],
    ['control.tar.xz', part('control.tar.xz')],
    ['data.tar.xz', Buffer.concat([part('data.tar.xz'), Buffer.alloc(8)])]
  ]
  await writeFile(deb, arOf(members, epoch))
}
