import type { TraceContext } from '../generator.ts'

const entry = /^([a-z0-9][a-z0-9+.-]*) \(([A-Za-z0-9.+~:-]+)\) [^;\n]+;/m

/** Source package and version of the first entry of a changelog (deb-changelog(5)). */
export function firstEntry(text: string): { source: string; version: string } | undefined {
  const [, source, version] = entry.exec(text) ?? []
  return source === undefined || version === undefined ? undefined : { source, version }
}

/**
 * Versions that the package may have: that of `debian/changelog` in the tree; where an entry for the tag is put on top of
 * it, the tag's version with a revision.
 */
export async function changelogVersions(context: TraceContext): Promise<string[]> {
  const text = await context.tree.read(`${context.folder}debian/changelog`)
  const first = text === undefined ? undefined : firstEntry(text.toString('utf8'))
  const stated = first === undefined ? [] : [first.version]
  const { target, version } = context
  if (target?.deb?.mode === 'debian' && target.deb.changelog === 'tree') return stated
  const own = statedVersion(context)
  return own !== undefined && version !== null && isVersionOfTag(own, version) ? [...stated, own] : stated
}

/** The version in the deb's file name, without epoch, is not believed: control's is, once it is the tag's. */
function statedVersion(context: TraceContext): string | undefined {
  const control = context.members.get('DEBIAN/control')?.content?.toString('utf8') ?? ''
  return /^Version: (\S+)$/m.exec(control)?.[1]
}

/** `1.4.0-1` for 1.4.0, `1.4.0~rc1` for 1.4.0rc1: revision, epoch and tilde are Debian's. */
export function isVersionOfTag(version: string, tag: string): boolean {
  const plain = (text: string): string =>
    text.toLowerCase().replace(/[-_.~]?(a|b|rc|dev|post|alpha|beta)[-_.]?(\d)/, '$1$2')
  const upstream = version.replace(/^\d+:/, '')
  const candidates = [
    upstream,
    upstream.replace(/-[^-]*$/, ''),
    upstream.replace(/[-+~](ds|dfsg)[0-9.]*(-.*)?$/, '')
  ]
  return candidates.some((each) => plain(each) === plain(tag))
}
