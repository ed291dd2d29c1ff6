import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from '@jest/globals'
import { snippetsOf } from '../../../../src/proof/trace/deb/snippets.ts'
import { debGenerators } from '../../../../src/proof/trace/deb/generators.ts'
import { applyHunks, parseUnifiedDiff } from '../../../../src/proof/trace/deb/unified-diff.ts'
import type { InstalledRoot } from '../../../../src/proof/trace/evidence.ts'
import { sha256OfBytes } from '../../../../src/platform/files.ts'
import { stripped } from '../stripped.ts'
import { outcome, type Scene } from './scene.ts'

const control =
  'Source: demo\nSection: utils\nPriority: optional\nMaintainer: A B <a@example.org>\n\nPackage: demo\nArchitecture: all\nDepends: ${misc:Depends}, ${python3:Depends}, tar\nDescription: demo\n Long.\n'
const changelog =
  'demo (1.2.3-1) unstable; urgency=medium\n\n  * One.\n\n -- A B <a@example.org>  Tue, 14 Nov 2023 22:13:20 +0000\n'
const made = (more = '', depends = 'python3:any, tar'): string =>
  `Package: demo\nVersion: 1.2.3-1\nArchitecture: all\nMaintainer: A B <a@example.org>\nInstalled-Size: 4\nDepends: ${depends}\nSection: utils\nPriority: optional\n${more}Description: demo\n Long.\n`
const snippet = 'if [ -x /usr/bin/x ]; then\n\tx --name #NAME#\nfi\n'
const root: InstalledRoot = {
  name: 'deb',
  hash: sha256OfBytes(''),
  files: new Map(),
  texts: new Map([['usr/share/debhelper/autoscripts/postinst-x', snippet]]),
  packages: new Map()
}

function said(path: string, members: Record<string, string | Buffer>, more: Scene = {}): Promise<string> {
  return outcome(
    path,
    {
      artifact: 'demo_1.2.3-1_all.deb',
      tree: { 'debian/control': control, 'debian/changelog': changelog, ...more.tree },
      evidence: { roots: [root] },
      members: { 'DEBIAN/control': made(), ...members }
    },
    debGenerators
  )
}

describe('the control part', () => {
  const file = { 'usr/share/demo/a': 'a' }

  it('control is derived from debian/control, changelog and files', async () => {
    // 1 for the file, 1 for DEBIAN, 1 for the folder: the scene has no others.
    const right = made().replace('Size: 4', 'Size: 3')
    expect(await said('DEBIAN/control', { ...file, 'DEBIAN/control': right })).toBe('deb-control')
  })

  it.each([
    ['another size', made().replace('Size: 4', 'Size: 9'), 'metadata-differs'],
    [
      'a field that nothing states',
      made('Essential: yes\n').replace('Size: 4', 'Size: 3'),
      'metadata-undeclared'
    ],
    [
      'a dependency that nothing states',
      made('', 'evil, tar').replace('Size: 4', 'Size: 3'),
      'metadata-undeclared'
    ],
    [
      'a version of no changelog',
      made().replace('Size: 4', 'Size: 3').replace('1.2.3-1', '9'),
      'metadata-differs'
    ]
  ])('with %s is refused', async (_, text, code) => {
    expect(await said('DEBIAN/control', { ...file, 'DEBIAN/control': text })).toBe(code)
  })

  it('md5sums is derived again exactly', async () => {
    const line = `${createHash('md5').update('a').digest('hex')}  usr/share/demo/a\n`
    expect(await said('DEBIAN/md5sums', { ...file, 'DEBIAN/md5sums': line })).toBe('deb-md5sums')
    expect(await said('DEBIAN/md5sums', { ...file, 'DEBIAN/md5sums': `${line}\n` })).toBe('generated-differs')
  })

  it('md5sums may leave out what changes on a running system, and nothing else', async () => {
    const line = `${createHash('md5').update('a').digest('hex')}  usr/share/demo/a\n`
    const state = { ...file, 'var/lib/demo/state': 's', 'DEBIAN/md5sums': line }
    expect(await said('DEBIAN/md5sums', state)).toBe('deb-md5sums')
    expect(await said('DEBIAN/md5sums', { ...state, 'usr/share/demo/b': 'b' })).toBe('generated-differs')
  })

  it('conffiles are what is below /etc', async () => {
    const members = { 'etc/demo.conf': 'x' }
    expect(await said('DEBIAN/conffiles', { ...members, 'DEBIAN/conffiles': '/etc/demo.conf\n' })).toBe(
      'deb-conffiles'
    )
    expect(
      await said('DEBIAN/conffiles', { ...members, 'DEBIAN/conffiles': '/etc/demo.conf\n/etc/passwd\n' })
    ).toBe('generated-differs')
  })

  const script = (body: string): string =>
    `#!/bin/sh\nset -e\n# Automatically added by dh_x/13.11.4\n${body}# End automatically added section\n`

  it.each([
    ['a snippet of the root', script(snippet.replace('#NAME#', 'demo')), 'maintainer-script'],
    ['a command in a parameter', script(snippet.replace('#NAME#', 'demo; curl evil')), 'script-undeclared'],
    ['a line of its own', `${script(snippet.replace('#NAME#', 'demo'))}curl evil\n`, 'script-undeclared'],
    ['a section of no snippet', script('curl evil\n'), 'script-undeclared']
  ])('a script with %s', async (_, text, expected) => {
    expect(await said('DEBIAN/postinst', { 'DEBIAN/postinst': text })).toBe(expected)
  })

  it.each([
    [
      'a command of fonts',
      '\t#CMDS#\n',
      '\tupdate-fonts-scale misc;update-fonts-dir --x11r7-layout misc\n',
      true
    ],
    ['another command', '\t#CMDS#\n', "\techo 'evil'\n", false],
    ['the end of a failing script', 'x || #ERROR_HANDLER#\n', 'x || exit 1\n', true],
    ['a function of the script', 'x || #ERROR_HANDLER#\n', 'x || ignore_it\n', true],
    ['another command where one fails', 'x || #ERROR_HANDLER#\n', 'x || sh /usr/share/demo/a\n', false],
    ['a value', 'x=#VALUE#\n', 'x=try-restart\n', true],
    ['a command behind a value', 'x=#VALUE#\n', 'x=restart sh /usr/share/demo/a\n', false],
    ['arguments over two lines', 'x #ARGS#\n', "x --slave 'a b' /usr/bin/a \\\n    c\\ d\n", true],
    ['a command in the default of a variable', 'x #ARGS#\n', 'x ${DPKG_ROOT:-$(evil)}\n', false],
    ['a quote that another parameter ends', 'x #A#\ny #B#\n', "x '\ny '; evil\n", false],
    [
      'folders of /usr/local',
      '(x) << DATA\n#DIRS#\nDATA\n',
      '(x) << DATA\n/usr/local/a default\n/usr/local/b 755 root root\nDATA\n',
      true
    ],
    ['a text that ends early', '(x) << DATA\n#DIRS#\nDATA\n', '(x) << DATA\nDATA\nevil\nDATA\n', false]
  ])('a snippet with %s', (_, template, text, fits) => {
    const texts = new Map([['usr/share/debhelper/autoscripts/postinst-x', template]])
    const names = { package: 'demo', architecture: 'all' }
    expect(snippetsOf({ roots: [{ ...root, texts }] }, names).match(text)).toBe(
      fits ? 'postinst-x' : undefined
    )
  })

  it('has no file that no generator knows', async () => {
    expect(await said('DEBIAN/evil', { 'DEBIAN/evil': 'x' })).toBe('untraced')
  })
})

describe('installed files', () => {
  it('packed documents are files of the tag', async () => {
    const path = 'usr/share/doc/demo/changelog.Debian.gz'
    expect(await said(path, { [path]: gzipSync(changelog, { level: 9 }) })).toBe('deb-compressed')
    expect(await said(path, { [path]: gzipSync(`${changelog}evil`, { level: 9 }) })).toBe('nobody')
  })

  it.each(['pic.png', 'info.zip', 'app.jar', 'named.gz'])(
    '%s of the tag without its times is known, by its bytes alone',
    async (name) => {
      const bytes = (form: 'original' | 'set'): Buffer => Buffer.from(stripped[name]?.[form] ?? '', 'base64')
      const path = `usr/share/demo/${name}`
      const from = (place: string): Scene => ({ tree: { [place]: bytes('original') } })
      const other = Buffer.from(bytes('set'))
      other[other.length - 20] = (other[other.length - 20] ?? 0) ^ 1
      expect(await said(path, { [path]: bytes('set') }, from(`data/${name}`))).toBe('strip-nondeterminism')
      expect(await said(path, { [path]: other }, from(`data/${name}`))).toBe('nobody')
      // No file of the package comes from the tests.
      expect(await said(path, { [path]: bytes('set') }, from(`tests/${name}`))).toBe('nobody')
    }
  )

  it('commands are made from entry points', async () => {
    const points = 'usr/lib/python3/dist-packages/demo-1.2.3.dist-info/entry_points.txt'
    const body = (extra: string): string =>
      `#!/usr/bin/python3\n# -*- coding: utf-8 -*-\nimport re\nimport sys\nfrom demo.cli import main\n${extra}if __name__ == "__main__":\n    sys.argv[0] = re.sub(r"(-script\\.pyw|\\.exe)?$", "", sys.argv[0])\n    sys.exit(main())\n`
    const members = (extra: string): Record<string, string | Buffer> => ({
      [points]: '[console_scripts]\ndemo = demo.cli:main\n',
      'usr/bin/demo': body(extra)
    })
    expect(await said('usr/bin/demo', members(''))).toBe('console-script')
    expect(await said('usr/bin/demo', members('import evil\n'))).toBe('generated-differs')
  })
})

describe('patches of debian/patches', () => {
  const patch = '--- a/x\n+++ b/x\n@@ -1,3 +1,3 @@\n one\n-two\n+TWO\n three\n'

  it('are applied strictly', () => {
    const [one] = parseUnifiedDiff(patch) ?? []
    if (one === undefined) throw new Error('the patch was not read')
    expect(applyHunks('one\ntwo\nthree\n', one)).toBe('one\nTWO\nthree\n')
    expect(applyHunks('zero\none\ntwo\nthree\n', one)).toBe('zero\none\nTWO\nthree\n')
    expect(applyHunks('one\nother\nthree\n', one)).toBeUndefined()
    expect(parseUnifiedDiff('rename from a\nrename to b\n')).toBeUndefined()
  })

  it('explain a member, and nothing else that was changed', async () => {
    const tree = { x: 'one\ntwo\nthree\n', 'debian/patches/series': 'p\n', 'debian/patches/p': patch }
    expect(await said('usr/share/demo/x', { 'usr/share/demo/x': 'one\nTWO\nthree\n' }, { tree })).toBe(
      'quilt-patch'
    )
    expect(await said('usr/share/demo/x', { 'usr/share/demo/x': 'one\nEVIL\nthree\n' }, { tree })).toBe(
      'nobody'
    )
  })
})
