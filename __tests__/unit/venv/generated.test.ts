import { describe, expect, it } from '@jest/globals'
import { execFileSync } from 'node:child_process'
import { venvField } from '../../../src/documents/target-settings.ts'
import {
  changelogText,
  commandLinks,
  controlText,
  maintainerScript,
  type VenvFacts
} from '../../../src/targets/deb/venv/generated.ts'
import { controlFits, expectedVenvFiles } from '../../../src/targets/deb/venv/expected.ts'
import { checkVenvSettings } from '../../../src/targets/deb/venv/settings-check.ts'
import { debFileName, debianVersion } from '../../../src/targets/deb/venv/version.ts'
import { thrownBy } from '../../support/thrown.ts'

const settings = venvField.parse({
  package: 'herald',
  prefix: '/usr/lib/herald',
  maintainer: 'Ada <ada@example.org>',
  summary: 'Says what is new'
})
const facts: VenvFacts = {
  version: '1.2-1',
  architecture: 'all',
  minor: '3.11',
  suite: 'bookworm',
  tag: 'v1.2',
  commit: 'c'.repeat(40),
  epoch: 1_714_979_289
}

describe('the Debian form of a version', () => {
  const inOrder = [
    '1.0.dev2',
    '1.0a1',
    '1.0rc1.dev1',
    '1.0rc1',
    '1.0',
    '1.0+local.2',
    '1.0.post1',
    '1.0.1',
    '1!0.5'
  ]

  it('sorts as Python sorts it', () => {
    const forms = inOrder.map((version) => debianVersion(version, '1'))
    expect(forms.slice(0, 4)).toEqual(['1.0~~dev2-1', '1.0~a1-1', '1.0~rc1~~dev1-1', '1.0~rc1-1'])
    for (const [at, form] of forms.slice(1).entries())
      execFileSync('dpkg', ['--compare-versions', forms[at] ?? '', 'lt', form])
  })

  it('has its epoch in the version, not in the file name', () => {
    expect(debianVersion('1!2.0', '3')).toBe('1:2.0-3')
    expect(debFileName('herald', '1:2.0-3', 'all')).toBe('herald_2.0-3_all.deb')
  })

  it('is refused for what is no version', () => {
    expect(thrownBy(() => debianVersion('latest', '1'))).toMatchObject({ code: 'version-unknown' })
  })
})

describe('control', () => {
  it('leaves empty fields out, folds the description, and needs this interpreter', () => {
    const more = {
      ...settings,
      description: 'Long.\n\nLonger.\n',
      user: 'herald',
      depends: ['nginx | httpd', 'adduser'],
      recommends: ['mta']
    }
    expect(controlText(more, facts, { libraries: 'libc6 (>= 2.34)', installedSize: '12' })).toBe(
      `Package: herald
Version: 1.2-1
Architecture: all
Maintainer: Ada <ada@example.org>
Installed-Size: 12
Depends: python3 (>= 3.11), python3 (<< 3.12), libc6 (>= 2.34), adduser, nginx | httpd
Recommends: mta
Section: python
Priority: optional
Description: Says what is new
 Long.
 .
 Longer.
`
    )
  })
})

describe('maintainer scripts', () => {
  const text = '#!/bin/bash\nset -e\necho hello\n'
  const withUser = { ...settings, user: 'herald', services: ['deploy/herald.service'] }

  it('are those of the tree, byte for byte, where the package does nothing', () => {
    expect(maintainerScript('postinst', settings, text)).toBe(text)
    expect(maintainerScript('postinst', settings, null)).toBeNull()
    expect(maintainerScript('prerm', withUser, text)).toBe(text)
  })

  it('make the user first, and enable no service', () => {
    const merged = maintainerScript('postinst', withUser, text) ?? ''
    expect(merged.startsWith('#!/bin/bash\nset -e\n\nif [ "$1" = configure ]')).toBe(true)
    expect(merged.endsWith('\nset -e\necho hello\n')).toBe(true)
    expect(merged).toContain('adduser --system --group')
    expect(merged).not.toMatch(/enable|start/)
    expect(maintainerScript('postrm', withUser, null)).toContain('daemon-reload')
    for (const script of [merged, maintainerScript('postrm', withUser, null) ?? ''])
      execFileSync('sh', ['-n'], { input: script })
  })
})

describe('the other generated files', () => {
  it('date the changelog like the tag', () => {
    expect(changelogText(settings, facts)).toBe(
      `herald (1.2-1) bookworm; urgency=medium\n\n  * Made from v1.2, commit ${'c'.repeat(40)}.\n\n -- Ada <ada@example.org>  Mon, 06 May 2024 07:08:09 +0000\n`
    )
  })

  it('link commands as Debian asks for it', () => {
    const commands = { herald: 'herald', tell: 'herald-tell' }
    expect(commandLinks({ commands, prefix: '/usr/lib/herald' })).toEqual({
      'usr/bin/herald': '../lib/herald/bin/herald',
      'usr/bin/tell': '../lib/herald/bin/herald-tell'
    })
    expect(commandLinks({ commands, prefix: '/opt/herald' })['usr/bin/herald']).toBe('/opt/herald/bin/herald')
  })
})

describe('what must stand in a package', () => {
  const more = venvField.parse({
    ...settings,
    commands: { herald: 'herald' },
    services: ['deploy/herald.service'],
    files: [{ from: 'conf', to: '/etc/herald' }],
    scripts: { postinst: 'deploy/postinst' },
    user: 'herald',
    depends: ['nginx']
  })

  it('is known for every file that no wheel brings', () => {
    const files = expectedVenvFiles(more, facts, { postinst: '#!/bin/sh\nset -e\n' })
    expect([...files].map(([path, { kind, by }]) => `${path} ${kind} ${by}`)).toEqual([
      'DEBIAN/postinst text maintainer-script',
      'DEBIAN/postrm text maintainer-script',
      'usr/lib/herald/pyvenv.cfg text pyvenv-cfg',
      'usr/lib/herald/bin/python link venv-link',
      'usr/lib/herald/bin/python3 link venv-link',
      'usr/lib/herald/bin/python3.11 link venv-link',
      'usr/bin/herald link command-link',
      'etc/herald tree venv.files',
      'usr/lib/systemd/system/herald.service tree venv.services',
      'usr/share/doc/herald/changelog.Debian.gz text venv-changelog'
    ])
  })

  it('leaves only size and libraries of control open', () => {
    const measures = { libraries: 'libc6 (>= 2.34), libpq5', installedSize: '7' }
    const text = controlText(more, facts, measures)
    expect(controlFits(text, more, facts)).toEqual(measures)
    expect(
      controlFits(controlText(more, facts, { ...measures, libraries: '' }), more, facts)?.libraries
    ).toBe('')
    expect(controlFits(text.replace('nginx', 'evil'), more, facts)).toBeNull()
    expect(controlFits(text.replace('libpq5', 'libpq5 (; x)'), more, facts)).toBeNull()
    expect(controlFits(`${text}Pre-Depends: evil\n`, more, facts)).toBeNull()
  })
})

describe('settings that make no sound package', () => {
  it.each([
    [{ prefix: '/lib/herald' }, 'venv.prefix'],
    [{ prefix: '/usr/lib/her ald' }, 'venv.prefix'],
    [{ prefix: `/opt/${'x'.repeat(120)}` }, 'venv.prefix'],
    [{ prefix: '/usr/local/herald' }, 'venv.prefix'],
    [{ files: [{ from: 'x', to: '/usr/lib/herald/x' }] }, 'venv.files'],
    [{ files: [{ from: 'x', to: '/run/x' }] }, 'venv.files'],
    [
      {
        files: [
          { from: 'x', to: '/etc/x' },
          { from: 'y', to: '/etc/x' }
        ]
      },
      'venv.files'
    ],
    [{ commands: { herald: 'herald' }, files: [{ from: 'x', to: '/usr/bin/herald' }] }, 'venv.files'],
    [{ services: ['deploy/herald.sh'] }, 'venv.services']
  ])('are refused: %j', (more, where) => {
    const error = thrownBy(() => checkVenvSettings(venvField.parse({ ...settings, ...more })))
    expect(error).toMatchObject({ code: 'config-invalid', detail: { where } })
  })
})
