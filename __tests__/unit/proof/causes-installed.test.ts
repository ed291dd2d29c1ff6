import { describe, expect, it } from '@jest/globals'
import type { ArchiveKind, Member } from '../../../src/formats/archive.ts'
import { findCause, type Cause } from '../../../src/proof/causes.ts'
import { explainShape } from '../../../src/proof/causes/shapes.ts'
import type { Difference } from '../../../src/proof/compare.ts'
import { firstDifference, isText, lineAt } from '../../../src/proof/content.ts'
import { sha256OfBytes } from '../../../src/platform/files.ts'
import { scrambledFile } from './packages.ts'

const fixture = scrambledFile('tests/prog.bin', 'original', 'xqzjkvwp')

function causeOf(
  kind: ArchiveKind,
  member: string,
  one: string | Buffer,
  other: string | Buffer
): Cause | null {
  const [a, b] = [Buffer.from(one), Buffer.from(other)]
  const { offset } = firstDifference(a, b)
  return findCause({
    kind,
    member,
    a,
    b,
    text: isText(a) && isText(b),
    lineA: lineAt(a, offset),
    lineB: lineAt(b, offset),
    members: new Set([member]),
    scrambled: new Map([[fixture.scrambled, fixture]]),
    backend: null,
    variations: { a: [], b: [] }
  })
}

describe('a file that the system leaves in a layer', () => {
  it.each([
    ['etc/shadow', 'shadow-day', 'ARG SOURCE_DATE_EPOCH'],
    ['etc/shadow-', 'shadow-day', 'rm -f /etc/*-'],
    ['etc/machine-id', 'machine-id', ': > /etc/machine-id'],
    ['var/lib/dbus/machine-id', 'machine-id', 'rm -f /var/lib/dbus/machine-id'],
    ['etc/passwd-', 'account-backup', 'rm -f /etc/*-'],
    ['etc/ssh/ssh_host_rsa_key', 'host-keys', 'rm -f /etc/ssh/ssh_host_*'],
    ['var/cache/ldconfig/aux-cache', 'ldconfig-cache', 'rm -f /var/cache/ldconfig/aux-cache'],
    ['var/cache/fontconfig/ab-le64.cache-8', 'fontconfig-cache', 'rm -rf /var/cache/fontconfig'],
    ['var/cache/apt/pkgcache.bin', 'apt-cache', 'rm -rf /var/cache/apt'],
    ['var/lib/apt/lists/x_InRelease', 'apt-cache', 'apt-get clean'],
    ['var/log/apt/history.log', 'package-log', 'rm -rf /var/log/apt'],
    ['var/log/dpkg.log', 'package-log', '/var/log/dpkg.log'],
    ['var/cache/debconf/config.dat-old', 'debconf-backup', 'rm -f /var/cache/debconf'],
    ['root/.cache/pip/http/x', 'tool-cache', 'pip install --no-cache-dir'],
    ['root/.wget-hsts', 'tool-cache', '.wget-hsts'],
    ['tmp/tmpab12cd', 'temporary-file', 'rm -rf /tmp/*']
  ])('%s is told with its line for the Dockerfile', (place, rule, line) => {
    for (const prefix of ['layers/2/', 'linux-arm-v7/layers/0/']) {
      const found = causeOf('image', `${prefix}${place}`, 'a 20000 1', 'a 20400 1')
      expect(found?.rule).toBe(rule)
      expect(found?.fix).toContain(line)
    }
    // In a wheel such a name says nothing.
    expect(causeOf('wheel', place, 'a\0a', 'a\0b')?.rule).not.toBe(rule)
  })

  it('is told too where its time, mode or place differs', () => {
    const of = (code: Exclude<Difference['code'], 'content-differs'>): string | null =>
      explainShape(
        { code, member: 'layers/0/var/log/dpkg.log', a: null, b: null },
        { kind: 'image', backend: null, scramble: [] }
      ).fix
    for (const code of ['member-missing', 'time-differs', 'mode-differs', 'owner-differs'] as const)
      expect(of(code)).toContain('rm -rf /var/log/apt')
  })
})

describe('the cause of a difference in a deb or image', () => {
  it.each<[ArchiveKind, string, string, string, string, string]>([
    ['deb', 'DEBIAN/control', 'Depends: libc6, libx1\n', 'Depends: libc6\n', 'control-field', 'probing'],
    ['deb', 'DEBIAN/control', 'Version: 1.0\n', 'Version: 1.0+d\n', 'control-field', 'changelog: tag'],
    ['deb', 'DEBIAN/control', 'Built-On: x\n', 'Built-On: y\n', 'control-field', 'substvars'],
    ['deb', 'usr/bin/prog', 'another', 'xqzjkvwp', 'changed-copy', 'dh_strip -Xprog'],
    ['image', 'layers/0/prog', 'another', 'xqzjkvwp', 'changed-copy', '`inputs:`'],
    ['deb', 'usr/share/x', 'T = 1764019999\n', 'T = 1798579999\n', 'timestamp', 'debian/rules'],
    ['image', 'layers/0/x', 'T = 1764019999\n', 'T = 1798579999\n', 'timestamp', 'ARG SOURCE_DATE_EPOCH'],
    ['image', 'layers/0/x.pyc', 'a\0', 'b\0', 'bytecode', 'ENV PYTHONDONTWRITEBYTECODE=1'],
    ['deb', 'usr/lib/x.pyc', 'a\0', 'b\0', 'bytecode', 'dh_python3'],
    ['image', 'config.json', '{"created":"1"}', '{"created":"2"}', 'image-config', 'SOURCE_DATE_EPOCH'],
    [
      'image',
      'config.json',
      '{"config":{"Env":["A=1"]}}',
      '{"config":{"Env":[]}}',
      'image-config',
      'ENV and LABEL'
    ],
    ['image', 'a-b/config.json', '{"history":[1]}', '{"history":[2]}', 'image-config', 'ARG'],
    [
      'image',
      'config.json',
      '{"rootfs":{"diff_ids":["1"]}}',
      '{"rootfs":{"diff_ids":["2"]}}',
      'image-layers',
      'members of layers'
    ]
  ])('%s %s: %j and %j', (kind, member, one, other, rule, fix) => {
    const found = causeOf(kind, member, one, other)
    expect(found?.rule).toBe(rule)
    expect(found?.fix).toContain(fix)
  })

  it('is told of headers in the words of the kind', () => {
    const member = (fields: Member['fields'], mode = 0o644): Member => ({
      path: 'usr/x',
      kind: 'file',
      mode,
      size: 0,
      sha256: sha256OfBytes(''),
      linkTarget: null,
      headers: sha256OfBytes(''),
      packed: null,
      fields
    })
    const told = (
      code: Exclude<Difference['code'], 'content-differs'>,
      kind: ArchiveKind,
      a: Member,
      b: Member
    ): string =>
      JSON.stringify(explainShape({ code, member: 'usr/x', a, b }, { kind, backend: null, scramble: [] }))
    const [one, other] = [
      member({ mtime: 1, uid: 0, gid: 0, uname: 'root', gname: 'root', 'SCHILY.xattr.user.x': 'a' }),
      member({ mtime: 2, uid: 7, gid: 7, uname: '', gname: '\u001b[2J' }, 0o600)
    ]
    expect(told('mode-differs', 'deb', one, other)).toMatch(/0644 .* 0600.*dh_fixperms/)
    expect(told('mode-differs', 'image', one, other)).toContain('COPY --chmod=644')
    expect(told('owner-differs', 'deb', one, other)).toMatch(/0:0 .*7:7.*Rules-Requires-Root: no/)
    expect(told('owner-differs', 'image', one, other)).toContain('COPY --chown')
    expect(told('time-differs', 'deb', one, other)).toContain('time 1 in world a and 2 in world b')
    expect(told('attribute-differs', 'image', one, other)).toContain('SCHILY.xattr.user.x')
    // Foreign names must not move a cursor.
    expect(told('owner-differs', 'image', one, other)).not.toContain('\\u001b[2J"')
  })
})
