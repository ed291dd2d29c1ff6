import { describe, expect, it } from '@jest/globals'
import { createHash } from 'node:crypto'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { contentDigest, readArchive } from '../../../src/formats/archive.ts'
import { canonicalSdist, canonicalSdistDigest } from '../../../src/formats/sdist.ts'
import { readTar } from '../../../src/formats/tar/reader.ts'
import type { Replace } from '../../../src/formats/replacement.ts'
import {
  asFile,
  inFolder,
  paxRecord,
  pieces,
  refusal,
  tarExtension,
  tarFolder,
  tarHardLink,
  tarLink,
  tarMember,
  tarOf
} from './forge.ts'

const info = tarMember('demo-1.0/PKG-INFO', 'Metadata-Version: 2.1\nName: demo\nVersion: 1.0\n')
const members = [
  tarFolder('demo-1.0'),
  tarFolder('demo-1.0/empty'),
  tarFolder('demo-1.0/src'),
  tarExtension('x', paxRecord('mtime', '1699999999.5')),
  tarMember('demo-1.0/src/run.sh', 'run', { 100: '0000775' }),
  tarMember('demo-1.0/src/data.bin', 'data', { 100: '0000600' }),
  tarLink('demo-1.0/link', 'src/data.bin'),
  tarHardLink('demo-1.0/hard', 'demo-1.0/src/data.bin', 0o600),
  info
]
const sdist = (...parts: Buffer[]): Buffer => gzipSync(tarOf(...parts))
const demo = sdist(...members)

async function pack(bytes: Buffer, epoch = 1_700_000_000, replace?: Replace): Promise<Buffer> {
  return inFolder(async (folder) => {
    const input = path.join(folder, 'in.tar.gz')
    await writeFile(input, bytes)
    await canonicalSdist(input, path.join(folder, 'out.tar.gz'), epoch, replace)
    expect(await readdir(folder)).toEqual(['in.tar.gz', 'out.tar.gz'])
    return readFile(path.join(folder, 'out.tar.gz'))
  })
}

describe('readArchive of an sdist', () => {
  it('tells members, container and metadata', async () => {
    const archive = await asFile('demo-1.0.tar.gz', demo, (file) => readArchive(file, 'sdist'))
    expect(archive.metadata).toMatchObject({ name: 'demo', version: '1.0' })
    expect(archive.container).toMatchObject({ gzipFlags: 0, gzipMtime: 0, gzipName: '', tarEndZeros: 1024 })
    const byPath = new Map(archive.members.map((member) => [member.path, member]))
    expect(byPath.get('demo-1.0/src/run.sh')).toMatchObject({
      mode: 0o775,
      fields: { mtime: 1_699_999_999.5, uid: 0 }
    })
    expect(byPath.get('demo-1.0/hard')).toMatchObject({
      kind: 'hardlink',
      size: 4,
      sha256: byPath.get('demo-1.0/src/data.bin')?.sha256
    })
    expect(byPath.get('demo-1.0/link')?.sha256).toBe(
      createHash('sha256').update('src/data.bin').digest('hex')
    )
  })

  it.each<[string, Buffer[], RegExp]>([
    [
      'two top folders',
      [info, tarMember('other/x')],
      /sdist entry 1 at offset 1024 .*not below the one top folder/
    ],
    ['a file at the top', [tarMember('setup.py'), info], /file stands beside/],
    ['no PKG-INFO', [tarMember('demo-1.0/setup.py')], /no PKG-INFO/],
    ['PKG-INFO deeper only', [tarMember('demo-1.0/demo.egg-info/PKG-INFO')], /no PKG-INFO/],
    [
      'a file that is executable for some',
      [info, tarMember('demo-1.0/x', '', { 100: '0000645' })],
      /sdist entry 1 .*installers disagree on whether mode 645/
    ],
    [
      'a folder that is closed to its owner',
      [info, tarMember('demo-1.0/d', '', { 100: '0000555', 156: '5' })],
      /sdist entry 1 .*mode 555, in which its owner cannot put files/
    ],
    ['a link to an absolute path', [info, tarLink('demo-1.0/l', '/etc/passwd')], /lead out/],
    ['a link that leaves the top folder', [info, tarLink('demo-1.0/l', '../x')], /lead out/],
    ['a link that leaves through a name', [info, tarLink('demo-1.0/l', 'a/../../../x')], /lead out/],
    [
      'a device',
      [info, tarMember('demo-1.0/dev', '', { 156: '4' })],
      /tar entry 1 at offset 1024 .*block device/
    ]
  ])('refuses %s', async (_, parts, message) => {
    const error = await asFile('x.tar.gz', sdist(...parts), (file) => refusal(readArchive(file, 'sdist')))
    expect(error.code).toBe('archive-invalid')
    expect(error.message).toMatch(message)
  })

  it('stops a bomb', async () => {
    const bomb = sdist(info, tarMember('demo-1.0/bomb', Buffer.alloc(70 * 2 ** 20)))
    const error = await asFile('x.tar.gz', bomb, (file) => refusal(readArchive(file, 'sdist')))
    expect(error.message).toMatch(/more than 67108864 bytes come out/)
  })
})

describe('canonicalSdist', () => {
  it('orders, sets modes and times, keeps links and empty folders only', async () => {
    const listed = []
    for await (const entry of readTar(pieces(gunzipSync(await pack(demo)))))
      listed.push([entry.path, entry.kind, entry.mode.toString(8), entry.size, entry.mtime])
    expect(listed).toEqual([
      ['demo-1.0/PKG-INFO', 'file', '644', 46, 1_700_000_000],
      ['demo-1.0/empty', 'directory', '755', 0, 1_700_000_000],
      ['demo-1.0/hard', 'file', '644', 4, 1_700_000_000],
      ['demo-1.0/link', 'symlink', '777', 0, 1_700_000_000],
      ['demo-1.0/src/data.bin', 'file', '644', 4, 1_700_000_000],
      ['demo-1.0/src/run.sh', 'file', '755', 3, 1_700_000_000]
    ])
  })

  it('changes nothing a second time, nor with other times, order, folders or compression', async () => {
    const once = await pack(demo)
    expect(await pack(once)).toEqual(once)
    const other = [
      info,
      tarMember('demo-1.0/src/data.bin', 'data'),
      tarMember('demo-1.0/src/run.sh', 'run', { 100: '0000755', 136: '00000000007' }),
      tarMember('demo-1.0/hard', 'data'),
      tarLink('demo-1.0/link', 'src/data.bin'),
      tarFolder('demo-1.0/empty')
    ]
    expect(await pack(gzipSync(tarOf(...other), { level: 1 }))).toEqual(once)
  })

  it('puts other bytes in the place of a member’s own, of another size too', async () => {
    const replace: Replace = ({ path: name }) =>
      Promise.resolve(name.endsWith('.sh') ? { size: 6, content: pieces(Buffer.from('longer')) } : undefined)
    const longer = members.map((part, at) =>
      at === 4 ? tarMember('demo-1.0/src/run.sh', 'longer', { 100: '0000775' }) : part
    )
    expect(await pack(demo, 5, replace)).toEqual(await pack(sdist(...longer), 5))
  })

  it('leaves nothing behind when it refuses', async () => {
    await inFolder(async (folder) => {
      const input = path.join(folder, 'in.tar.gz')
      await writeFile(input, demo.subarray(0, -1))
      await refusal(canonicalSdist(input, path.join(folder, 'out.tar.gz'), 0))
      expect(await readdir(folder)).toEqual(['in.tar.gz'])
    })
  })
})

describe('canonicalSdistDigest', () => {
  const digest = (bytes: Buffer, replace?: Replace): Promise<string> =>
    asFile('x.tar.gz', bytes, (file) => canonicalSdistDigest(file, `${file}.spool`, 0, replace))

  it('is the digest of the tar stream in the canonical file', async () => {
    await asFile('in.tar.gz', demo, async (file) => {
      const packed = await canonicalSdist(file, `${file}.new`, 0)
      expect(packed).toBe(
        createHash('sha256')
          .update(gunzipSync(await readFile(`${file}.new`)))
          .digest('hex')
      )
      expect(await digest(demo)).toBe(packed)
    })
  })

  it('sees through scrambled content, and through nothing else', async () => {
    const back: Replace = ({ path: name, size }) =>
      Promise.resolve(name.endsWith('.bin') ? { size, content: pieces(Buffer.from('data')) } : undefined)
    const scrambled = sdist(
      ...members.map((part, at) =>
        at === 5 ? tarMember('demo-1.0/src/data.bin', 'XXXX', { 100: '0000600' }) : part
      )
    )
    expect(await digest(scrambled, back)).toBe(await digest(demo))
    expect(await digest(scrambled)).not.toBe(await digest(demo))
    expect(await digest(sdist(...members, tarMember('demo-1.0/more')), back)).not.toBe(await digest(demo))
  })
})

describe('contentDigest', () => {
  it('counts files and links, not folders, packing or order', async () => {
    const of = async (bytes: Buffer): Promise<string> =>
      asFile('x.tar.gz', bytes, async (file) => contentDigest((await readArchive(file, 'sdist')).members))
    expect(await of(sdist(info, tarFolder('demo-1.0/d')))).toBe(await of(sdist(info)))
    expect(await of(sdist(info, tarLink('demo-1.0/d', 'PKG-INFO')))).not.toBe(await of(sdist(info)))
    expect(await of(sdist(info, tarMember('demo-1.0/a')))).toBe(
      await of(sdist(tarMember('demo-1.0/a'), info))
    )
  })
})
