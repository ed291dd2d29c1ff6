import { TagproofError } from '../platform/errors.ts'
import { fieldText, parseControlFile, type ControlStanza } from '../targets/deb/debian/control-file.ts'
import {
  formatRelation,
  onArchitecture,
  parseRelations,
  underProfiles,
  type Alternative
} from './build-depends-relations.ts'

/** Build profiles of every build (DEB_BUILD_PROFILES): tests have no place in the build of a release. */
export const buildProfiles: readonly string[] = ['nocheck']

/** What the root of a `debian/` target is asked to hold. */
export interface DebRootRequest {
  /** Packages by name. */
  packages: string[]
  /**
   * Relations as in `Build-Depends`, for the profiles of our builds, each in one form: `debhelper-compat (= 13)`,
   * `libfoo-dev (>= 2) | libfoo2-dev`, `valgrind [amd64]`. What must not be there begins with `Conflicts: `.
   */
  relations: string[]
  /** By relation, where it is written: `debian/control:7`. */
  places: Record<string, string>
}

const dependFields = ['Build-Depends', 'Build-Depends-Arch', 'Build-Depends-Indep']
const conflictFields = ['Build-Conflicts', 'Build-Conflicts-Arch', 'Build-Conflicts-Indep']
export const conflictMark = 'Conflicts: '

/**
 * What `debian/control` asks its root for. Pure.
 *
 * @param path what errors call the file
 * @throws TagproofError `config-invalid` with file and line for a file or a relation that cannot be read
 */
export function debRootRequest(controlText: string, path: string): DebRootRequest {
  const { source } = parseControlFile(controlText, path)
  const places = new Map<string, string>()
  for (const field of dependFields) addRelations(places, source, field, path)
  for (const field of conflictFields) addRelations(places, source, field, path, conflictMark)
  return {
    packages: needsFakeroot(source) ? ['fakeroot'] : [],
    relations: [...places.keys()].sort(),
    places: Object.fromEntries(places)
  }
}

/** Without the field, dpkg before 1.22.13 takes it that the rules want to be root (deb-src-control(5)). */
export function needsFakeroot(source: ControlStanza): boolean {
  return fieldText(source, 'Rules-Requires-Root') !== 'no'
}

function addRelations(
  places: Map<string, string>,
  source: ControlStanza,
  name: string,
  path: string,
  mark = ''
): void {
  const field = source.get(name.toLowerCase())
  if (field === undefined) return
  const parsed = parseRelations(field.value, field.lines)
  if ('bad' in parsed)
    throw new TagproofError('config-invalid', `${name} holds something that is no relation.`, {
      where: `${path}:${parsed.line}`,
      found: JSON.stringify(parsed.bad.slice(0, 200)),
      expected: 'name (>= version) [architectures] <profiles>, with | between alternatives',
      fix: 'Correct it as deb-src-control(5) says; substitution variables have no meaning there.'
    })
  for (const { alternatives, line } of parsed.relations) {
    const counting = underProfiles(alternatives, buildProfiles)
    const text = mark + formatRelation(counting)
    if (counting.length > 0 && !places.has(text)) places.set(text, `${path}:${line}`)
  }
}

/** A relation of a request on one architecture. */
export interface AskedRelation {
  /** As in the request. */
  asked: string
  conflict: boolean
  alternatives: Alternative[]
}

/** The relations of a request that count on this architecture. */
export function askedRelations(relations: readonly string[], architecture: string): AskedRelation[] {
  return relations.flatMap((asked) => {
    const conflict = asked.startsWith(conflictMark)
    const parsed = parseRelations(conflict ? asked.slice(conflictMark.length) : asked, [1])
    if ('bad' in parsed)
      throw new TagproofError('config-invalid', `${JSON.stringify(asked)} is no relation to a package.`)
    return parsed.relations.flatMap((relation) => {
      const alternatives = onArchitecture(relation.alternatives, architecture)
      return alternatives.length === 0 ? [] : [{ asked, conflict, alternatives }]
    })
  })
}

/** Name of the package that stands for a request while apt plans; no file of it exists. */
export const askedPackage = 'tagproof-asked'

/** Its stanza: what depends on everything that is asked for, so that apt weighs all relations together. */
export function askedStanza(relations: readonly AskedRelation[], architecture: string): string {
  const list = (conflict: boolean): string =>
    relations
      .filter((relation) => relation.conflict === conflict)
      .map((relation) => formatRelation(relation.alternatives))
      .join(', ')
  return [
    `Package: ${askedPackage}`,
    'Version: 1',
    `Architecture: ${architecture}`,
    'Maintainer: nobody <nobody@localhost>',
    ...(list(false) === '' ? [] : [`Depends: ${list(false)}`]),
    ...(list(true) === '' ? [] : [`Conflicts: ${list(true)}`]),
    `Filename: ./${askedPackage}.deb`,
    'Size: 1',
    `SHA256: ${'0'.repeat(64)}`,
    'Description: what a root is asked to hold',
    ''
  ].join('\n')
}
