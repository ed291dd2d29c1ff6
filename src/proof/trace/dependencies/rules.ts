import { createHash } from 'node:crypto'
import type { Sha256 } from '../../../documents/identifiers.ts'
import type { InstalledRoot } from '../evidence.ts'
import type { Generator, TraceContext, TracedMember, Verdict } from '../generator.ts'
import { installedPlace, type InstalledPlace } from '../installed.ts'
import { memberText } from '../metadata/member-text.ts'
import { lockedSdist } from './sdists.ts'
import { placesInWheel } from './wheel-places.ts'

/** Members that are what a locked dependency has at the same place; asked before the tree is. */
const wheelMember: Generator = {
  name: 'wheel-member',
  reason: 'The file of the wheel that was built from the same tag.',
  matches: ({ path, kind }, { evidence, artifact }) =>
    kind !== 'symlink' && evidence?.wheel != null && installedPlace(path, artifact.kind) !== undefined,
  async derive(member, context) {
    const wheel = context.evidence?.wheel
    const place = installedPlace(member.path, context.artifact.kind)
    if (wheel == null || place === undefined) return undefined
    for (const path of placesInWheel(wheel, place)) {
      if (!(await isFrom(member, wheel.members.get(path), path, context))) continue
      const origin = wheel.origins.get(path)
      if (origin === undefined || origin.origin === 'untraced')
        return {
          traced: false,
          code: 'untraced',
          message: `${member.path} is ${path} of ${wheel.file}, whose origin is not known.`,
          cause: 'The wheel has a finding of its own about it.',
          fix: 'Mend what the finding of the wheel says first.'
        }
      return {
        traced: true,
        origin: origin.origin,
        from: origin.from,
        ...(origin.rule === null ? {} : { rule: origin.rule }),
        reason: `${path} of ${wheel.file}: ${origin.reason}`
      }
    }
    return undefined
  }
}

const lockedWheel: Generator = {
  name: 'locked-wheel',
  reason: 'The file of a dependency whose wheel is in the lock.',
  matches: ({ path, kind }, { evidence, artifact }) =>
    kind !== 'symlink' &&
    (evidence?.wheels.length ?? 0) > 0 &&
    installedPlace(path, artifact.kind) !== undefined,
  async derive(member, context) {
    const place = installedPlace(member.path, context.artifact.kind)
    if (place === undefined) return undefined
    for (const wheel of context.evidence?.wheels ?? [])
      for (const path of placesInWheel(wheel, place))
        if (await isFrom(member, wheel.members.get(path), path, context)) {
          const reason = `${path} of the locked wheel of ${wheel.name} ${wheel.version}.`
          return { traced: true, origin: 'dependency', from: [], reason }
        }
    return undefined
  }
}

/** The same bytes, or a script whose first line the installer has turned into its own interpreter. */
async function isFrom(
  member: TracedMember,
  expected: Sha256 | undefined,
  path: string,
  context: TraceContext
): Promise<boolean> {
  if (expected === undefined) return false
  if (expected === member.sha256) return true
  if (!/\.data\/scripts\/[^/]+$/.test(path) || member.size > 4 * 2 ** 20) return false
  const content = await memberText(member, context)
  const end = content?.indexOf(0x0a) ?? -1
  const first = content?.subarray(0, Math.max(end, 0)).toString('latin1') ?? ''
  if (content === undefined || !/^#!\/\S*\/python[0-9.]*( .*)?$/.test(first)) return false
  const rest = content.subarray(end)
  return ['#!python', '#!pythonw'].some(
    (line) => createHash('sha256').update(line).update(rest).digest('hex') === expected
  )
}

/** A root of locked packages holds the same bytes at the same path, with the same mode. */
const reinstall: Generator = {
  name: 'reinstall',
  reason: 'Installing the locked packages in a clean root gives the same bytes at the same path.',
  matches: ({ kind }, { artifact, evidence }) =>
    artifact.kind === 'image' && kind !== 'fifo' && kind !== 'device' && (evidence?.roots.length ?? 0) > 0,
  derive(member, context) {
    const place = installedPlace(member.path, context.artifact.kind)
    const root = place === undefined ? undefined : rootWith(member, place, context.evidence?.roots ?? [])
    return Promise.resolve(
      root === undefined
        ? undefined
        : {
            traced: true,
            origin: 'dependency',
            from: [],
            reason: `The root ${root.name} of the lock has the same bytes there.`
          }
    )
  }
}

function rootWith(
  member: TracedMember,
  place: InstalledPlace,
  roots: readonly InstalledRoot[]
): InstalledRoot | undefined {
  return roots.find(({ files }) => {
    const file = files.get(place.path) ?? files.get(merged(place.path))
    const kind = member.kind === 'hardlink' ? 'file' : member.kind
    return file?.kind === kind && file.sha256 === member.sha256
  })
}

/** Since Debian 12 `/lib` is a link to `/usr/lib` (merged /usr), and packages may still name the old path. */
export function merged(path: string): string {
  return /^(lib|lib32|lib64|libx32|bin|sbin)\//.test(path) ? `usr/${path}` : path
}

/** A locked package lists the file with the same MD5. The package itself is locked by SHA-256, and so is its list. */
const lockedPackage: Generator = {
  name: 'locked-package',
  reason: 'The file of a locked Debian package.',
  matches: ({ path, kind }, { artifact, evidence }) =>
    kind === 'file' &&
    artifact.kind === 'image' &&
    (evidence?.packages.length ?? 0) > 0 &&
    installedPlace(path, artifact.kind) !== undefined,
  derive: (member, context) => Promise.resolve(fromPackage(member, context))
}

function fromPackage(member: TracedMember, context: TraceContext): Verdict | undefined {
  const place = installedPlace(member.path, context.artifact.kind)
  if (place === undefined) return undefined
  const { packages = [] } = context.evidence ?? {}
  const [, owner, part] =
    /^var\/lib\/dpkg\/info\/([a-z0-9][a-z0-9+.-]*)(?::[a-z0-9-]+)?\.([a-z0-9]+)$/.exec(place.path) ?? []
  for (const { name, version, md5sums, control } of packages) {
    const listed = md5sums.get(place.path)
    const own = owner === name && part !== undefined ? control.get(part) : undefined
    if (
      (listed !== undefined && listed === member.md5) ||
      (own !== undefined && member.content?.equals(own) === true)
    )
      return {
        traced: true,
        origin: 'dependency',
        from: [],
        reason: `A file of the locked package ${name} ${version}.`
      }
  }
  return undefined
}

export const dependencyRules: readonly Generator[] = [
  reinstall,
  lockedPackage,
  wheelMember,
  lockedWheel,
  lockedSdist
]
