import type { BuiltArtifact } from '../documents/build.ts'
import { memberRules } from './member-rules.ts'

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

/** What an artifact is, apart from its version: the kind, of a deb with the name of its package. */
export function subjectOf({ kind, name }: Pick<MemberList, 'kind' | 'name'>): string {
  return kind === 'deb' ? `deb ${name.split('_')[0] ?? ''}` : kind
}

/**
 * Names of the members that stay the same from release to release: the top folder of an sdist and the layer of an image
 * are left out, and the version in names such as `ckan-2.11.5.dist-info` and `ckan-2.11.5-py3.11-nspkg.pth` is written
 * `{version}`. Sorted.
 */
export function lastingNames(list: MemberList): string[] {
  const { kind, members } = list
  const { inner, exact } = memberRules[kind]
  const version = versionOf[kind](list)
  return [...new Set(members.map((member) => lastingName(inner(member), version, exact)))].sort()
}

/** In an installed tree any folder may be one of metadata; in an sdist or wheel the first part alone. */
function lastingName(name: string, version: string, anywhere: boolean): string {
  if (version === '') return name
  return name
    .split('/')
    .map((part, at) => (at === 0 || anywhere ? lastingPart(part, version) : part))
    .join('/')
}

function lastingPart(part: string, version: string): string {
  const at = part.indexOf(`-${version}`)
  const tail = part.slice(at + 1 + version.length)
  if (at < 1 || !tails.some((known) => tail.startsWith(known))) return part
  return `${part.slice(0, at)}-${versionMark}${tail}`
}

/** The version of the project as names of files spell it; empty where the artifact does not tell. */
const versionOf: Readonly<Record<MemberList['kind'], (list: MemberList) => string>> = {
  sdist: ({ members }) => {
    const top = members[0]?.split('/')[0] ?? ''
    return top.slice(top.lastIndexOf('-') + 1)
  },
  wheel: ({ members }) => {
    const folder = members.find((member) => /^[^/]+\.dist-info\/METADATA$/.test(member))?.split('/')[0] ?? ''
    const stem = folder.slice(0, -'.dist-info'.length)
    return stem.slice(stem.lastIndexOf('-') + 1)
  },
  deb: ({ name }) => (name.split('_')[1] ?? '').replace(/^[0-9]+(?::|%3a)/, '').replace(/-[^-]*$/, ''),
  image: ({ name }) => /-([^-]+)\.oci\.tar$/.exec(name)?.[1] ?? ''
}
