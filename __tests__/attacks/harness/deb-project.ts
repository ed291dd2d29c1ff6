import type { Files, Report } from './attack.ts'

export interface DebProject {
  /** Names of the packages: NAME is the binary package `victim-NAME` with the module `victim_NAME`. */
  packages: readonly string[]
  /** Those that are made for one architecture. */
  compiled?: readonly string[]
  files?: Files
  /**
   * What debian/rules does besides debhelper, as shell scripts: before dh_auto_build, after dh_install, before and after
   * dh_installdeb, after dh_md5sums; and in the place of dh_gencontrol and dh_builddeb.
   */
  steps?: Partial<Record<Step, string>>
  /** Further lines of each paragraph of debian/control. */
  paragraph?: (name: string) => string
  /** Version in debian/changelog. */
  version?: string
}

/** Where Python of the system looks for modules. */
export const site = 'usr/lib/python3/dist-packages'

/** Where debian/rules puts together what `victim-NAME` installs. */
export const staged = (name: string): string => `debian/victim-${name}`

type Step = 'build' | 'install' | 'fixperms' | 'scripts' | 'control' | 'gencontrol' | 'packed' | 'builddeb'

/** Overridden targets of debhelper: whether debhelper does its part, and which steps come before and after it. */
const targets: readonly { name: string; own: boolean; before: Step[]; after: Step[] }[] = [
  { name: 'dh_auto_configure', own: false, before: [], after: [] },
  { name: 'dh_auto_build', own: false, before: ['build'], after: [] },
  { name: 'dh_auto_test', own: false, before: [], after: [] },
  { name: 'dh_auto_install', own: false, before: [], after: [] },
  { name: 'dh_install', own: true, before: [], after: ['install'] },
  { name: 'dh_fixperms', own: true, before: [], after: ['fixperms'] },
  { name: 'dh_installdeb', own: true, before: ['scripts'], after: ['control'] },
  { name: 'dh_gencontrol', own: false, before: ['gencontrol'], after: [] },
  { name: 'dh_md5sums', own: true, before: [], after: ['packed'] },
  { name: 'dh_builddeb', own: false, before: ['builddeb'], after: [] }
]

/** A project with a `debian/` folder and one binary package for each name. */
export function debProject(project: DebProject): Files {
  const { packages, steps = {}, version = '1.2.3-1' } = project
  const files: Files = {
    'debian/changelog': `victim (${version}) unstable; urgency=low

  * First.

 -- Victims <victims@example.org>  Mon, 05 Feb 2024 10:00:00 +0000
`,
    'debian/copyright': 'Public domain.\n',
    'debian/source/format': version.includes('-') ? '3.0 (quilt)\n' : '3.0 (native)\n',
    'debian/control': controlText(project),
    'debian/rules': { executable: rulesText(steps) }
  }
  for (const [name, text] of Object.entries(steps)) files[`debian/steps/${name}`] = `${text.trim()}\n`
  for (const name of packages) {
    files[`victim_${name}/__init__.py`] = `"""An honest package: ${name}."""\n`
    files[`debian/victim-${name}.install`] = `victim_${name} ${site}\n`
  }
  return { ...files, ...project.files }
}

function controlText({ packages, compiled = [], paragraph = () => '' }: DebProject): string {
  const paragraphs = packages.map(
    (name) => `
Package: victim-${name}
Architecture: ${compiled.includes(name) ? 'any' : 'all'}
Depends: \${misc:Depends}, \${shlibs:Depends}
${paragraph(name)}Description: something to attack: ${name}
 With a module.
`
  )
  return `Source: victim
Section: misc
Priority: optional
Maintainer: Victims <victims@example.org>
Build-Depends: debhelper-compat (= 13), python3-all
Standards-Version: 4.6.2
Rules-Requires-Root: no
${paragraphs.join('')}`
}

function rulesText(steps: NonNullable<DebProject['steps']>): string {
  const calls = (names: readonly Step[]): string[] =>
    names.filter((name) => name in steps).map((name) => `\tsh -eu debian/steps/${name}\n`)
  const rules = targets.map(({ name, own, before, after }) => {
    const [first, last] = [calls(before), calls(after)]
    if (first.length + last.length === 0 && !name.startsWith('dh_auto_')) return ''
    return [`override_${name}:\n`, ...first, ...(own ? [`\t${name}\n`] : []), ...last].join('')
  })
  return `#!/usr/bin/make -f\n%:\n\tdh $@\n${rules.join('')}`
}

/** A report about the deb of a name. */
export function inDeb(name: string, code: string, member: string, check: Report['check'] = 'traced'): Report {
  return { check, code, artifact: 'deb', package: `victim-${name}`, member }
}
