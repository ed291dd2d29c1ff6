import { sha256OfBytes } from '../../platform/files.ts'
import { compareDebianVersions } from '../../targets/deb/debian/version-order.ts'
import { identityOf, type PackageEntry } from './packages.ts'

/** What the receipt has room for. */
const longest = 400

/**
 * What a suite stands for, for the packages of a release: of each the newest version, which is what `apt-get install` takes.
 * Older ones stay beside it, and can be asked for.
 *
 * @returns `demo:all=1.0-1 libdemo:amd64=2.0-1`, or a hash of it where that is long; null where the suite has none of them
 */
export function candidatesIn(
  entries: readonly PackageEntry[],
  packages: readonly Pick<PackageEntry, 'package' | 'architecture'>[]
): string | null {
  const wanted = new Set(packages.map((one) => `${one.package}:${one.architecture}`))
  const newest = new Map<string, string>()
  for (const { package: name, version, architecture } of entries) {
    const key = `${name}:${architecture}`
    const other = newest.get(key)
    if (wanted.has(key) && (other === undefined || compareDebianVersions(version, other) > 0))
      newest.set(key, version)
  }
  if (newest.size === 0) return null
  const text = [...newest]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([key, version]) => `${key}=${version}`)
    .join(' ')
  return text.length <= longest ? text : `${newest.size} packages, sha256:${sha256OfBytes(text)}`
}

/** Whether all of these are listed, with just these bytes. */
export function listsAll(entries: readonly PackageEntry[], wanted: readonly PackageEntry[]): boolean {
  const known = new Map(entries.map((entry) => [identityOf(entry), entry.sha256]))
  return wanted.every((entry) => known.get(identityOf(entry)) === entry.sha256)
}
