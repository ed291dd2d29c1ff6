import type { BuiltArtifact } from '../documents/build.ts'

/** What an artifact holds, by name alone. */
export interface MemberList {
  kind: BuiltArtifact['kind']
  /** File name of the artifact. */
  name: string
  /** Paths of files and links inside the artifact, as they stand there. */
  members: readonly string[]
}

/** Stands for the version in a lasting name, as in `tag.pattern` of the configuration. */
export const versionMark = '{version}'

/** What may follow the version where a name states it: folders of metadata and data, and old namespace files. */
const tails = ['.dist-info', '.data', '.egg-info', '-py', '-nspkg.pth']

/**
 * Names of the members that stay the same from release to release: the top folder of an sdist is left out, and the
 * version in names such as `ckan-2.11.5.dist-info` and `ckan-2.11.5-py3.11-nspkg.pth` is written `{version}`. Sorted.
 */
export function lastingNames({ kind, members }: Pick<MemberList, 'kind' | 'members'>): string[] {
  const version = kind === 'sdist' ? versionOfTop(members) : versionOfMetadata(members)
  return [...new Set(members.map((member) => lastingName(inner(member, kind), version)))].sort()
}

/** The path below the one top folder of an sdist; the whole path in other artifacts. */
function inner(member: string, kind: MemberList['kind']): string {
  return kind === 'sdist' ? member.slice(member.indexOf('/') + 1) : member
}

function lastingName(name: string, version: string): string {
  if (version === '') return name
  const [first = '', ...rest] = name.split('/')
  const at = first.indexOf(`-${version}`)
  const tail = first.slice(at + 1 + version.length)
  if (at < 1 || !tails.some((known) => tail.startsWith(known))) return name
  return [`${first.slice(0, at)}-${versionMark}${tail}`, ...rest].join('/')
}

function versionOfTop(members: readonly string[]): string {
  const top = members[0]?.split('/')[0] ?? ''
  return top.slice(top.lastIndexOf('-') + 1)
}

function versionOfMetadata(members: readonly string[]): string {
  const folder = members.find((member) => /^[^/]+\.dist-info\/METADATA$/.test(member))?.split('/')[0] ?? ''
  const stem = folder.slice(0, -'.dist-info'.length)
  return stem.slice(stem.lastIndexOf('-') + 1)
}
