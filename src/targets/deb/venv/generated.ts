import path from 'node:path'
import type { Epoch } from '../../../documents/identifiers.ts'
import type { VenvSettings } from '../../../documents/target-settings.ts'

/**
 * The texts that a venv deb gets besides files of wheels and of the tree. All pure: who has the settings, the lock and
 * the wheels can say what must stand in the package.
 */

/** What is known before the package is put together. */
export interface VenvFacts {
  /** Debian version with revision. */
  version: string
  /** `all`, or that of the root. */
  architecture: string
  /** The interpreter, `3.11`. */
  minor: string
  /** Suite of the root, such as `bookworm`. */
  suite: string
  tag: string
  commit: string
  epoch: Epoch
}

/** What follows from the files of the package. */
export interface VenvMeasures {
  /** Relations that dpkg-shlibdeps found, as in `Depends`; empty for none. */
  libraries: string
  /** In KiB, as dpkg-gencontrol counts. */
  installedSize: string
}

/** `DEBIAN/control` (deb-control(5)). */
export function controlText(settings: VenvSettings, facts: VenvFacts, measures: VenvMeasures): string {
  const fields: [string, string][] = [
    ['Package', settings.package],
    ['Version', facts.version],
    ['Architecture', facts.architecture],
    ['Maintainer', settings.maintainer],
    ['Installed-Size', measures.installedSize],
    ['Depends', dependsOf(settings, facts.minor, measures.libraries).join(', ')],
    ['Recommends', settings.recommends.join(', ')],
    ['Suggests', settings.suggests.join(', ')],
    ['Conflicts', settings.conflicts.join(', ')],
    ['Replaces', settings.replaces.join(', ')],
    ['Provides', settings.provides.join(', ')],
    ['Section', settings.section],
    ['Priority', 'optional'],
    ['Homepage', settings.homepage ?? ''],
    ['Description', descriptionOf(settings)]
  ]
  return fields.flatMap(([name, value]) => (value === '' ? [] : [`${name}: ${value}\n`])).join('')
}

/** The interpreter of this minor version alone: packages lie in a folder that is named after it. */
export function dependsOf(settings: VenvSettings, minor: string, libraries: string): string[] {
  const [major = '3', version = '0'] = minor.split('.')
  const relations = [
    `python3 (>= ${minor})`,
    `python3 (<< ${major}.${Number(version) + 1})`,
    ...(libraries === '' ? [] : [libraries]),
    ...(settings.user === undefined ? [] : ['adduser']),
    ...settings.depends
  ]
  return [...new Set(relations)]
}

function descriptionOf({ summary, description }: VenvSettings): string {
  const lines = description.trim() === '' ? [] : description.trimEnd().split(/\r?\n/)
  return [summary, ...lines.map((line) => (line.trim() === '' ? ' .' : ` ${line.trimEnd()}`))].join('\n')
}

export type ScriptName = keyof VenvSettings['scripts']
export const scriptNames: readonly ScriptName[] = ['preinst', 'postinst', 'prerm', 'postrm']

/** What the package itself does in a maintainer script, for a POSIX shell with `set -e`; empty for nothing. */
export function ownScript(name: ScriptName, settings: VenvSettings): string {
  const parts: string[] = []
  if (name === 'postinst' && settings.user !== undefined)
    parts.push(
      `if [ "$1" = configure ] && ! getent passwd ${settings.user} >/dev/null; then\n` +
        `    adduser --system --group --quiet --no-create-home --home /nonexistent ${settings.user}\nfi\n`
    )
  const reload = name === 'postinst' ? 'configure' : name === 'postrm' ? 'remove' : null
  if (reload !== null && settings.services.length > 0)
    parts.push(
      `if [ "$1" = ${reload} ] && [ -d /run/systemd/system ]; then\n` +
        '    systemctl --system daemon-reload >/dev/null || true\nfi\n'
    )
  return parts.join('\n')
}

/** The first lines with which a script of the tree can follow ours. */
export const shellLine = /^#![ \t]*\/(?:usr\/)?bin\/(?:sh|dash|bash)(?:[ \t]+-[eux]+)?[ \t]*$/

/**
 * A maintainer script: ours, then that of the tree, which is kept byte for byte where ours does nothing. Null where
 * there is none.
 *
 * @param text of the tree; null where it has none
 */
export function maintainerScript(
  name: ScriptName,
  settings: VenvSettings,
  text: string | null
): string | null {
  const own = ownScript(name, settings)
  if (own === '') return text
  if (text === null) return `#!/bin/sh\nset -e\n\n${own}`
  const [first = '', ...rest] = text.split('\n')
  return `${first}\nset -e\n\n${own}\n${rest.join('\n')}`
}

/** `changelog.Debian`, before `gzip -9n`: one entry, dated like the tag. */
export function changelogText(settings: VenvSettings, facts: VenvFacts): string {
  return [
    `${settings.package} (${facts.version}) ${facts.suite}; urgency=medium`,
    '',
    `  * Made from ${facts.tag}, commit ${facts.commit}.`,
    '',
    ` -- ${settings.maintainer}  ${dateText(facts.epoch)}`,
    ''
  ].join('\n')
}

function dateText(epoch: Epoch): string {
  return new Date(epoch * 1000).toUTCString().replace(/GMT$/, '+0000')
}

/** Folder of the documentation, without a leading slash. */
export function documentationFolder({ package: name }: Pick<VenvSettings, 'package'>): string {
  return `usr/share/doc/${name}`
}

/**
 * The links of `commands`: text of the link by path, without a leading slash. Relative inside one top folder, else
 * absolute (Debian Policy 10.5).
 */
export function commandLinks({
  commands,
  prefix
}: Pick<VenvSettings, 'commands' | 'prefix'>): Record<string, string> {
  const inUsr = prefix.startsWith('/usr/')
  return Object.fromEntries(
    Object.entries(commands).map(([name, target]) => [
      `usr/bin/${name}`,
      inUsr ? path.posix.relative('/usr/bin', `${prefix}/bin/${target}`) : `${prefix}/bin/${target}`
    ])
  )
}

/** Where a unit of systemd goes, without a leading slash. */
export function servicePath(unit: string): string {
  return `usr/lib/systemd/system/${path.posix.basename(unit)}`
}

/** Names under which the licence of a project lies at its top, the best first. */
export const licenceNames: readonly string[] = ['LICENSE', 'LICENCE', 'COPYING', 'COPYRIGHT'].flatMap(
  (name) => ['', '.txt', '.md', '.rst'].map((end) => `${name}${end}`)
)
