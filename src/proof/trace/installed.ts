import type { ArchiveKind } from '../../formats/archive.ts'

/** Where a member of a deb or an image lies once it is installed. */
export interface InstalledPlace {
  /** Path in the installed system without leading `/`. */
  path: string
  /** Folder of modules that it lies in, with a slash at its end, or null. */
  site: string | null
}

const layerPrefix = /^(?:[a-z0-9]+-[a-z0-9-]+\/)?layers\/\d+\//
/**
 * Folders that installers put modules into: `lib/python3/dist-packages` of Debian, `lib/python3.11/site-packages` of a
 * virtual environment or of an interpreter that was built by itself.
 */
const siteFolder = /^(?:[^/]+\/)*?lib(?:64|32)?\/(?:python|pypy)[0-9.]*\/(?:site|dist)-packages\//

/** Undefined for what is not installed: `DEBIAN/control`, `manifest.json`, packed layers. */
export function installedPlace(member: string, kind: ArchiveKind): InstalledPlace | undefined {
  const path = installedPathOf(member, kind)
  return path === undefined ? undefined : { path, site: siteFolder.exec(path)?.[0] ?? null }
}

function installedPathOf(member: string, kind: ArchiveKind): string | undefined {
  if (kind === 'deb') return member === 'DEBIAN' || member.startsWith('DEBIAN/') ? undefined : member
  if (kind !== 'image') return undefined
  const cut = layerPrefix.exec(member)?.[0]
  return cut === undefined ? undefined : member.slice(cut.length)
}

/** The part of a member's path before its installed path: `linux-amd64/layers/3/`; empty for a deb. */
export function layerOf(member: string): string {
  return layerPrefix.exec(member)?.[0] ?? ''
}

/** Prefix of an installation, such as `usr/` or `opt/app/`, from its folder of modules. */
export function prefixOf(site: string): string {
  return site.replace(/lib(?:64|32)?\/(?:python|pypy)[0-9.]*\/(?:site|dist)-packages\/$/, '')
}

/** Path as Python's metadata and package rules see it: below the folder of modules, where there is one. */
export function innerPathOf(member: string, kind: ArchiveKind): string {
  const place = installedPlace(member, kind)
  if (place === undefined) return member
  return place.site === null ? place.path : place.path.slice(place.site.length)
}
