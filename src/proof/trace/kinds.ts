import type { Archive, ArchiveKind } from '../../formats/archive.ts'
import type { Member } from '../../formats/member.ts'
import type { Finding } from '../../documents/proof.ts'
import { debGenerators } from './deb/generators.ts'
import { maintainerScriptFindings } from './deb/script-policy.ts'
import { dependencyRules } from './dependencies/rules.ts'
import type { Generator, TraceContext, TracedMember } from './generator.ts'
import { imageGenerators } from './image/generators.ts'
import { innerPathOf, installedPlace } from './installed.ts'
import { placeInstalled } from './placement-installed.ts'
import { installPath, placeMembers, type Placement, type PlacementRequest } from './placement.ts'
import { installedFinding } from './policy-installed.ts'
import { modeFinding } from './policy.ts'

/** What differs between the kinds of artifacts, and nothing else does. */
export interface KindRules {
  /** Path of a member as the rules of packages see it. */
  inner: (path: string, archive: Archive) => string
  place: (request: PlacementRequest) => Map<string, Placement>
  /** Asked before the tree is: what a locked dependency has at the same path is no file of the tag. */
  dependencies: readonly Generator[]
  /** Asked before the generators that all kinds share. */
  generators: readonly Generator[]
  /** Whether generators are asked although the tree holds the bytes somewhere. */
  asksFirst: (member: TracedMember, placement: Placement) => boolean
  /** What is refused of a member whatever its origin; folders are asked about too. */
  policy: (member: Member, context: TraceContext) => Finding | undefined
  /** What is refused of the artifact beyond single members. */
  judge: (context: TraceContext) => Promise<Finding[]>
}

/** Files that say what a package is and how it is installed. */
function isMetadata(inner: string): boolean {
  return inner === 'PKG-INFO' || /^(?:[^/]+\/)?[^/]+\.(?:dist|egg)-info\/[^/]+$/i.test(installPath(inner))
}

const python: Omit<KindRules, 'inner'> = {
  place: placeMembers,
  dependencies: [],
  generators: [],
  // What installers read is derived, even where the tree holds a file with these bytes somewhere.
  asksFirst: ({ inner }, { origin }) => origin === 'moved' && isMetadata(inner),
  policy: (member, { artifact }) =>
    member.kind === 'directory' ? undefined : modeFinding({ artifact, member }),
  judge: () => Promise.resolve([])
}

function installed(kind: ArchiveKind, generators: readonly Generator[]): KindRules {
  return {
    inner: (path) => innerPathOf(path, kind),
    place: (request) => placeParts(request, kind),
    dependencies: dependencyRules,
    generators,
    asksFirst: ({ path }, { origin }) =>
      origin === 'moved' || installedPlace(path, kind) === undefined || isMetadata(innerPathOf(path, kind)),
    policy: installedFinding,
    judge: python.judge
  }
}

export const kindRules: Record<ArchiveKind, KindRules> = {
  sdist: { ...python, inner: belowTop },
  wheel: { ...python, inner: (path) => path },
  deb: { ...installed('deb', debGenerators), judge: maintainerScriptFindings },
  image: installed('image', imageGenerators)
}

function belowTop(path: string, archive: Archive): string {
  const first = archive.members[0]?.path.split('/')[0]
  const top = first === undefined ? '' : `${first}/`
  return path.startsWith(top) ? path.slice(top.length) : path
}

/** Modules by the rules of packages, in each folder of modules by itself; the rest by folders of the system. */
function placeParts(request: PlacementRequest, kind: ArchiveKind): Map<string, Placement> {
  const sites = new Map<string, TracedMember[]>()
  const rest: { member: TracedMember; path: string }[] = []
  for (const member of request.members) {
    const place = installedPlace(member.path, kind)
    if (place?.site == null) rest.push({ member, path: place?.path ?? member.path })
    else {
      const list = sites.get(place.site)
      if (list === undefined) sites.set(place.site, [member])
      else list.push(member)
    }
  }
  const placed = placeInstalled({ ...request, members: rest })
  for (const members of sites.values())
    for (const [path, placement] of placeMembers({ ...request, members })) placed.set(path, placement)
  return placed
}
