import path from 'node:path'
import type { Generator, TraceContext, TracedMember, Verdict } from '../generator.ts'
import { installedPlace } from '../installed.ts'
import { debianText, debPackage } from './package.ts'

/** Links that dh_link makes of `debian/PKG.links`. */
export const declaredLinks: Generator = {
  name: 'debian-links',
  reason: 'dh_link makes the links that debian/links names, relative within one folder of the top.',
  matches: ({ kind }) => kind === 'symlink',
  async derive(member, context) {
    const deb = await debPackage(context)
    const stated = deb === undefined ? undefined : await debianText(context, deb, 'links')
    if (stated === undefined) return undefined
    for (const line of stated.text.split('\n')) {
      const [source = '', target = ''] = line.trim().split(/\s+/)
      if (source.startsWith('#') || strip(target) !== member.path) continue
      if (linkText(strip(source), member.path) === member.linkTarget)
        return { traced: true, from: [stated.path] }
    }
    return undefined
  }
}

function strip(text: string): string {
  return text.replace(/^\/+/, '')
}

/** Debian policy 10.5: relative inside a top-level folder, absolute between two. */
function linkText(source: string, link: string): string {
  if (source.split('/')[0] !== link.split('/')[0]) return `/${source}`
  return path.posix.relative(path.posix.dirname(link), source)
}

/**
 * Links of one member to another under a name that builds give: `libx.so` to `libx.so.1`, `changelog.gz`, a man page
 * under a second name, a folder of documents that packages share.
 */
export const innerLinks: Generator = {
  name: 'inner-link',
  reason: 'The build links one file of the package to another, whose own origin is known.',
  matches: ({ kind }) => kind === 'symlink',
  derive: (member, context) => Promise.resolve(deriveInner(member, context))
}

/** The documents of a package of symbols are those of its package (dh_strip(1)). */
function isSymbolsDocument({ path: link, linkTarget }: TracedMember): boolean {
  return link === `usr/share/doc/${linkTarget ?? ''}-dbgsym`
}

function deriveInner(member: TracedMember, context: TraceContext): Verdict | undefined {
  if (context.artifact.kind === 'deb' && isSymbolsDocument(member)) return { traced: true, from: [] }
  const place = installedPlace(member.path, context.artifact.kind)
  const text = member.linkTarget ?? ''
  if (place === undefined) return undefined
  const target = text.startsWith('/')
    ? strip(path.posix.normalize(text))
    : path.posix.normalize(path.posix.join(path.posix.dirname(place.path), text))
  if (target.startsWith('..')) return undefined
  const known = targets(context)
  // A library, a man page or a folder under another name runs as what it is; a new command does not appear so.
  const folder = path.posix.dirname(target) === path.posix.dirname(place.path)
  const harmless = folder || /^usr\/share\/(doc|man|locale|icons)\//.test(place.path)
  return known.has(target) && harmless ? { traced: true, from: [] } : undefined
}

const indexes = new WeakMap<TraceContext, ReadonlySet<string>>()

/** Installed paths of all members, folders too. */
function targets(context: TraceContext): ReadonlySet<string> {
  const held = indexes.get(context)
  if (held !== undefined) return held
  const paths = new Set(
    (context.all ?? []).flatMap(({ path: each }) => installedPlace(each, context.artifact.kind)?.path ?? [])
  )
  indexes.set(context, paths)
  return paths
}
