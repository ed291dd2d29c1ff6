import type { Generator, TraceContext, TracedMember, Verdict } from '../generator.ts'
import { debPackage, type DebPackage } from './package.ts'

/** What debhelper installs under another name than that of the file in `debian/` (the manual page of each tool). */
const places: readonly [from: string, to: (name: string) => string][] = [
  ['init', (name) => `etc/init.d/${name}`],
  ['default', (name) => `etc/default/${name}`],
  ['upstart', (name) => `etc/init/${name}.conf`],
  ['logrotate', (name) => `etc/logrotate.d/${name}`],
  ['logcheck.ignore.server', (name) => `etc/logcheck/ignore.d.server/${name}`],
  ['pam', (name) => `etc/pam.d/${name}`],
  ['ppp.ip-up', (name) => `etc/ppp/ip-up.d/${name}`],
  ['if-up', (name) => `etc/network/if-up.d/${name}`],
  ['cron.d', (name) => `etc/cron.d/${name}`],
  ['cron.hourly', (name) => `etc/cron.hourly/${name}`],
  ['cron.daily', (name) => `etc/cron.daily/${name}`],
  ['cron.weekly', (name) => `etc/cron.weekly/${name}`],
  ['cron.monthly', (name) => `etc/cron.monthly/${name}`],
  ['service', (name) => `lib/systemd/system/${name}.service`],
  ['service', (name) => `usr/lib/systemd/system/${name}.service`],
  ['socket', (name) => `lib/systemd/system/${name}.socket`],
  ['socket', (name) => `usr/lib/systemd/system/${name}.socket`],
  ['timer', (name) => `lib/systemd/system/${name}.timer`],
  ['timer', (name) => `usr/lib/systemd/system/${name}.timer`],
  ['user.service', (name) => `usr/lib/systemd/user/${name}.service`],
  ['tmpfiles', (name) => `usr/lib/tmpfiles.d/${name}.conf`],
  ['sysusers', (name) => `usr/lib/sysusers.d/${name}.conf`],
  ['udev', (name) => `lib/udev/rules.d/60-${name}.rules`],
  ['udev', (name) => `usr/lib/udev/rules.d/60-${name}.rules`],
  ['bash-completion', (name) => `usr/share/bash-completion/completions/${name}`],
  ['lintian-overrides', (name) => `usr/share/lintian/overrides/${name}`],
  ['bug-script', (name) => `usr/share/bug/${name}/script`],
  ['bug-control', (name) => `usr/share/bug/${name}/control`],
  ['apport', (name) => `usr/share/apport/package-hooks/${name}.py`],
  ['doc-base', (name) => `usr/share/doc-base/${name}.${name}`],
  ['NEWS', (name) => `usr/share/doc/${name}/NEWS.Debian`],
  ['README.Debian', (name) => `usr/share/doc/${name}/README.Debian`],
  ['TODO', (name) => `usr/share/doc/${name}/TODO.Debian`],
  ['copyright', (name) => `usr/share/doc/${name}/copyright`],
  ['changelog', (name) => `usr/share/doc/${name}/changelog.Debian`]
]

/** A file of `debian/` at the place, and under the name, that debhelper gives it. */
export const debhelperPlaces: Generator = {
  name: 'debhelper-place',
  reason: 'debhelper installs the file of debian/ as it is, under the name that the system looks for.',
  matches: ({ path, kind }) => kind === 'file' && !path.startsWith('DEBIAN/'),
  async derive(member, context) {
    const deb = await debPackage(context)
    return deb === undefined ? undefined : place(member, deb, context)
  }
}

async function place(
  member: TracedMember,
  deb: DebPackage,
  context: TraceContext
): Promise<Verdict | undefined> {
  const folder = `${context.folder}debian/`
  for (const [file, to] of places) {
    const named = namesFor(file, member.path, to, deb)
    for (const path of named.map((each) => folder + each).filter((each) => context.tree.has(each))) {
      const bytes = await context.tree.read(path)
      if (bytes !== undefined && member.content?.equals(bytes) === true) return { traced: true, from: [path] }
    }
  }
  return undefined
}

/** `PKG.init`, `init`, and `PKG.NAME.init` of a tool called with `--name` (which must then be the installed name). */
function namesFor(
  file: string,
  installed: string,
  to: (name: string) => string,
  { name, isMain }: DebPackage
): string[] {
  if (to(name) === installed) return [`${name}.${file}`, ...(isMain ? [file] : [])]
  const [before = '', after = ''] = to('\0').split('\0')
  if (!installed.startsWith(before) || !installed.endsWith(after)) return []
  const other = installed.slice(before.length, installed.length - after.length)
  return /^[A-Za-z0-9@._-]+$/.test(other)
    ? [`${name}.${other}.${file}`, ...(isMain ? [`${other}.${file}`] : [])]
    : []
}
