import { normalizeName } from '../../../formats/metadata.ts'
import { parseRecord } from '../../../formats/record.ts'
import { TagproofError } from '../../../platform/errors.ts'
import { nativeForm } from '../code.ts'
import type { DependencySdist } from '../evidence.ts'
import type { Generator, TraceContext, TracedMember, Verdict } from '../generator.ts'
import { installedPlace } from '../installed.ts'
import { memberText } from '../metadata/member-text.ts'
import path from 'node:path'

/**
 * Files of a dependency that the world built from a locked sdist: those of the sdist by their bytes, and what its build
 * made (metadata, compiled modules) where its RECORD lists them and both worlds gave the same.
 */
export const lockedSdist: Generator = {
  name: 'locked-sdist',
  reason: 'A file of a dependency that the world built from a locked sdist.',
  matches: ({ path: name, kind }, { evidence, artifact }) =>
    kind === 'file' &&
    (evidence?.sdists.length ?? 0) > 0 &&
    installedPlace(name, artifact.kind) !== undefined,
  async derive(member, context) {
    const place = installedPlace(member.path, context.artifact.kind)
    const owner = place === undefined ? undefined : (await ownersOf(context)).get(place.path)
    return owner === undefined ? undefined : fromSdist(member, owner, context)
  }
}

function fromSdist(
  member: TracedMember,
  { name, version, file, files }: DependencySdist,
  { build }: TraceContext
): Verdict | undefined {
  if (member.size > 0 && files.has(member.sha256))
    return { traced: true, origin: 'dependency', from: [], reason: `A file of the locked ${file}.` }
  // Installers and compilers of Python have rules of their own.
  if (/\.dist-info\/(RECORD|INSTALLER|REQUESTED|direct_url\.json)$|\.pyc$/.test(member.path)) return undefined
  if (build?.reproduced(member.path) !== true) return undefined
  return {
    traced: true,
    origin: nativeForm(member) === undefined ? 'dependency' : 'compiled',
    from: [],
    rule: 'built-dependency',
    reason: `Made by the build of ${name} ${version} from the locked ${file}; both worlds gave the same.`
  }
}

const known = new WeakMap<TraceContext, Promise<ReadonlyMap<string, DependencySdist>>>()

/** By installed path: the sdist whose distribution's RECORD lists it. */
function ownersOf(context: TraceContext): Promise<ReadonlyMap<string, DependencySdist>> {
  const held = known.get(context)
  if (held !== undefined) return held
  const reading = read(context)
  known.set(context, reading)
  return reading
}

async function read(context: TraceContext): Promise<ReadonlyMap<string, DependencySdist>> {
  const owners = new Map<string, DependencySdist>()
  for (const member of context.members.values()) {
    const [, name = '', version = ''] = /^([^/]+?)-([^/-]+)\.dist-info\/RECORD$/.exec(member.inner) ?? []
    const site = installedPlace(member.path, context.artifact.kind)?.site
    const sdist = context.evidence?.sdists.find(
      (each) => each.name === normalizeName(name) && each.version === version
    )
    const bytes = sdist === undefined || site == null ? undefined : await memberText(member, context)
    if (sdist === undefined || site == null || bytes === undefined) continue
    for (const listed of pathsIn(bytes)) owners.set(path.posix.join(site, listed), sdist)
  }
  return owners
}

function pathsIn(record: Buffer): string[] {
  try {
    return parseRecord(record.toString('utf8')).map((line) => line.path)
  } catch (error) {
    if (error instanceof TagproofError) return []
    throw error
  }
}
