import { describe, expect, it } from '@jest/globals'
import type { ArchiveKind, Member } from '../../../src/formats/archive.ts'
import { compareMembers } from '../../../src/proof/compare.ts'
import { sha256OfBytes } from '../../../src/platform/files.ts'

const owner = { uid: 0, gid: 0, uname: 'root', gname: 'root' }

function member(changes: Partial<Member> = {}, fields: Member['fields'] = {}): Member {
  const mode = changes.mode ?? 0o644
  return {
    path: 'usr/x',
    kind: 'file',
    mode,
    size: 1,
    sha256: sha256OfBytes('x'),
    linkTarget: null,
    headers: sha256OfBytes(JSON.stringify(fields)),
    packed: null,
    ...changes,
    fields: { mode, mtime: 1, ...owner, linkTarget: '', headerBytes: 512, ...fields }
  }
}

const codes = (kind: ArchiveKind, a: Member[], b: Member[]): string[] =>
  compareMembers(a, b, kind).map(({ code }) => code)

describe('what a deb or image is, and an sdist is not', () => {
  it.each<[string, Member, Member, string]>([
    ['a bit of the mode', member(), member({ mode: 0o640 }), 'mode-differs'],
    ['a set-id bit', member({ mode: 0o755 }), member({ mode: 0o4755 }), 'mode-differs'],
    ['a user', member(), member({}, { uid: 1000 }), 'owner-differs'],
    ['a name of a group', member(), member({}, { gname: 'wheel' }), 'owner-differs'],
    ['a time', member(), member({}, { mtime: 2 }), 'time-differs'],
    ['a fraction of a time', member(), member({}, { mtime: 1.5 }), 'time-differs'],
    ['a capability', member(), member({}, { 'SCHILY.xattr.security.capability': 'x' }), 'attribute-differs'],
    ['a hard link', member(), member({ kind: 'hardlink', linkTarget: 'usr/y' }), 'kind-differs'],
    [
      'where a hard link leads',
      member({ kind: 'hardlink', linkTarget: 'usr/y' }),
      member({ kind: 'hardlink', linkTarget: 'usr/z' }),
      'link-differs'
    ]
  ])('%s', (_, a, b, code) => {
    for (const kind of ['deb', 'image'] as const) expect(codes(kind, [a], [b])).toEqual([code])
    expect(codes('sdist', [a], [b])).toEqual([])
  })

  it('a folder, its mode and its time', () => {
    const folder = (fields: Member['fields'] = {}, mode = 0o755): Member =>
      member({ kind: 'directory', path: 'usr', mode, size: 0 }, fields)
    expect(codes('deb', [folder(), member()], [member()])).toEqual(['member-missing'])
    expect(codes('deb', [folder(), member()], [folder({ mtime: 9 }), member()])).toEqual(['time-differs'])
    expect(codes('image', [folder(), member()], [folder({}, 0o700), member()])).toEqual(['mode-differs'])
    for (const kind of ['sdist', 'wheel'] as const)
      expect(codes(kind, [folder(), member()], [member()])).toEqual([])
  })

  it('a device and its numbers', () => {
    const device = (numbers: string): Member =>
      member({ kind: 'device', size: 0, sha256: sha256OfBytes(`character ${numbers}`) }, { device: numbers })
    expect(codes('image', [device('1:3')], [device('1:5')])).toEqual(['content-differs'])
  })

  it('is never what only the length of headers says', () => {
    expect(codes('deb', [member()], [member({}, { headerBytes: 1536 })])).toEqual([])
  })
})

it('RECORD counts where a wheel is installed, and in no wheel', () => {
  const record = (path: string, text: string): Member => member({ path, sha256: sha256OfBytes(text) })
  const at = 'pkg-1.0.dist-info/RECORD'
  expect(codes('wheel', [record(at, '1')], [record(at, '2')])).toEqual([])
  for (const kind of ['deb', 'image'] as const)
    expect(codes(kind, [record(at, '1')], [record(at, '2')])).toEqual(['content-differs'])
})
