import path from 'node:path'
import { parseRecord, type RecordLine } from '../../formats/record.ts'
import { asTagproofError } from '../../platform/errors.ts'
import type { Generator, TraceContext, TracedMember, Verdict } from './generator.ts'
import { installedPlace, layerOf, prefixOf } from './installed.ts'
import { quotedList } from './metadata/judgement.ts'
import { invalidFile, memberText } from './metadata/member-text.ts'

/**
 * RECORD as an installer leaves it: each line with a hash is a file of the installation with that hash. dh_python3 and
 * dh_compress change or move some afterwards (man pages, catalogues, licences): those lines are told.
 */
export const installedRecord: Generator = {
  name: 'installed-record',
  reason: 'Installers list what they have put in place in RECORD; each line is compared with what is there.',
  matches: ({ inner, kind }, { artifact }) =>
    (artifact.kind === 'deb' || artifact.kind === 'image') &&
    kind === 'file' &&
    /^[^/]+\.dist-info\/RECORD$/.test(inner),
  async derive(member, context) {
    const bytes = await memberText(member, context)
    const place = installedPlace(member.path, context.artifact.kind)
    if (bytes === undefined || place?.site == null) return undefined
    try {
      const lines = parseRecord(bytes.toString('utf8'))
      return compare(member, lines, { context, site: place.site, at: indexOf(context) })
    } catch (thrown) {
      return invalidFile(member, asTagproofError(thrown).message)
    }
  }
}

interface Installation {
  context: TraceContext
  /** Folder of modules, with a slash at its end. */
  site: string
  at: ReadonlyMap<string, TracedMember>
}

function compare(record: TracedMember, lines: readonly RecordLine[], installation: Installation): Verdict {
  const wrong: string[] = []
  const later: string[] = []
  const seen = new Set<string>()
  for (const line of lines) {
    if (seen.has(line.path)) wrong.push(line.path)
    seen.add(line.path)
    if (`${installation.site}${line.path}` === installedPath(record, installation)) continue
    const judged = judge(line, installation)
    if (judged === 'wrong') wrong.push(line.path)
    if (judged === 'later') later.push(line.path)
  }
  if (wrong.length > 0)
    return {
      traced: false,
      code: 'record-differs',
      message: `${record.inner}: ${quotedList(wrong)} is not what is installed.`,
      cause: 'Files were changed, added or removed after the installer wrote RECORD.',
      fix: 'Find what changes the files after they were installed (debian/rules, RUN); leave them as the wheel has them.'
    }
  return {
    traced: true,
    from: [],
    ...(later.length === 0
      ? {}
      : {
          reason: `Written by the installer; changed or moved by later steps of the build: ${quotedList(later)}.`
        })
  }
}

function installedPath(record: TracedMember, { context }: Installation): string {
  return installedPlace(record.path, context.artifact.kind)?.path ?? ''
}

/** Paths that dh_python3, dh_compress, dh_fixperms and strip-nondeterminism change, or leave out, by their own rules. */
const changedLater =
  /\.(mo|pyc|gz|so|png|jar|zip|h|pyi?)$|(^|\/)(LICEN[CS]E|COPYING|NOTICE|AUTHORS|__pycache__)(\b|\/)/i

function judge(line: RecordLine, { context, site, at }: Installation): 'right' | 'later' | 'wrong' {
  const places = placesOf(line.path, site)
  if (places === undefined) return 'wrong'
  const found = places.map((place) => at.get(place)).find((member) => member !== undefined)
  if (found !== undefined && (line.digest === null || matches(line, found))) return 'right'
  // Nothing runs after the installer where the package is made of a wheel.
  const deb = context.artifact.kind === 'deb' && context.target?.deb?.mode !== 'venv'
  if (found !== undefined)
    return deb && (changedLater.test(line.path) || isScript(line.path))
      ? 'later'
      : line.digest === null
        ? 'right'
        : 'wrong'
  // pip lists bytecode that a layer may leave out again; debs have none, and keep documents elsewhere.
  if (line.path.endsWith('.pyc')) return 'right'
  return deb &&
    (changedLater.test(line.path) ||
      /^\.\.\/(data|scripts|headers)\//.test(line.path) ||
      isPacked(places, at))
    ? 'later'
    : 'wrong'
}

function matches(line: RecordLine, member: TracedMember): boolean {
  return (
    (line.size === null || line.size === member.size) &&
    (line.algorithm !== 'sha256' || line.digest === member.sha256)
  )
}

function isScript(name: string): boolean {
  return /(^|\/)(bin|scripts)\/[^/]+$/.test(name)
}

function isPacked(places: readonly string[], at: ReadonlyMap<string, TracedMember>): boolean {
  return places.some((place) => at.has(`${place}.gz`))
}

/**
 * Where a line's file lies. pybuild installs into a folder of its own, whose `../scripts` and `../data` are put under
 * the prefix.
 */
function placesOf(name: string, site: string): string[] | undefined {
  const scheme = /^\.\.\/(scripts|data|headers)\/(.+)$/.exec(name)
  const prefix = prefixOf(site)
  if (scheme !== null) return [prefix + (scheme[1] === 'scripts' ? 'bin/' : '') + (scheme[2] ?? '')]
  const joined = name.startsWith('/') ? name.slice(1) : path.posix.join(site, name)
  return joined.startsWith('..') ? undefined : [joined]
}

const indexes = new WeakMap<TraceContext, ReadonlyMap<string, TracedMember>>()

/** Members by installed path; that of the upper layer where there are several. */
export function indexOf(context: TraceContext): ReadonlyMap<string, TracedMember> {
  const held = indexes.get(context)
  if (held !== undefined) return held
  const byPath = new Map<string, TracedMember>()
  for (const member of context.members.values()) {
    const place = installedPlace(member.path, context.artifact.kind)
    if (place !== undefined) byPath.set(place.path, member)
  }
  indexes.set(context, byPath)
  return byPath
}

/** The same layer's member at an installed path. */
export function sameLayer(
  context: TraceContext,
  member: TracedMember,
  installed: string
): TracedMember | undefined {
  return context.members.get(layerOf(member.path) + installed) ?? indexOf(context).get(installed)
}
