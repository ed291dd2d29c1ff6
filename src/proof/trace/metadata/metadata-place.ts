import type { ArchiveKind } from '../../../formats/archive.ts'

/**
 * Where a file of metadata lies: in `.egg-info` of an sdist, in `.dist-info` of a wheel, in either of what is installed
 * (Debian's packages of distutils have `.egg-info`). Names are parts of a regular expression.
 */
export function metadataFileIn(kind: ArchiveKind, inDist: string, inEgg: string): RegExp {
  if (kind === 'sdist') return new RegExp(`(^|/)[^/]+\\.egg-info/${inEgg}$`)
  const dist = `^[^/]+\\.dist-info/${inDist}$`
  return new RegExp(kind === 'wheel' ? dist : `${dist}|^[^/]+\\.egg-info/${inEgg}$`)
}

/** The same for a file that has one name in both. */
export function metadataFile(kind: ArchiveKind, name: string): RegExp {
  return metadataFileIn(kind, name, name)
}
