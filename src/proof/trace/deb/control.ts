import type { Generator, TraceContext, TracedMember, Verdict } from '../generator.ts'
import { quotedList } from '../metadata/judgement.ts'
import { changelogVersions } from './changelog.ts'
import { installedSize } from './installed-size.ts'
import { debPackage, type DebPackage } from './package.ts'
import { fieldOf, type Paragraph } from './paragraphs.ts'
import { comesFromSubstitution, forArchitecture, parseRelations, withVersions } from './relations.ts'

/** Fields of relations (deb-control(5)). */
const relationFields = new Set([
  'depends',
  'pre-depends',
  'recommends',
  'suggests',
  'enhances',
  'breaks',
  'conflicts',
  'replaces',
  'provides',
  'built-using',
  'static-built-using'
])

/** `DEBIAN/control`: what dpkg-gencontrol makes of `debian/control`, the changelog and what is packed. */
export const controlFile: Generator = {
  name: 'deb-control',
  reason:
    'dpkg-gencontrol writes control from debian/control, the changelog and the size of the files; each field is derived again.',
  matches: ({ path, kind }) => path === 'DEBIAN/control' && kind === 'file',
  async derive(member, context) {
    const deb = await debPackage(context)
    if (deb === undefined) return refused(member, 'metadata-invalid', 'it is no single paragraph of control')
    // A package that is made of a wheel has no paragraph in the tree: its own rule is asked.
    if (deb.source === undefined || context.target?.deb?.mode === 'venv') return undefined
    if (deb.stanza === undefined)
      return refused(member, 'metadata-undeclared', `debian/control has no package ${quotedList([deb.name])}`)
    return judge(member, deb, context)
  }
}

async function judge(member: TracedMember, deb: DebPackage, context: TraceContext): Promise<Verdict> {
  const wrong: string[] = []
  const undeclared: string[] = []
  let substituted = 0
  for (const [key, { name, value }] of deb.control) {
    if (relationFields.has(key)) {
      const judged = relations(key, value, deb)
      substituted += judged.substituted
      if (judged.added.length > 0) undeclared.push(`${name} ${quotedList(judged.added)}`)
      if (judged.missing.length > 0) wrong.push(`${name} lacks ${quotedList(judged.missing)}`)
      continue
    }
    const expected = await valuesOf(key, deb, context)
    if (expected === undefined) undeclared.push(`${name} ${quotedList([value])}`)
    else if (!expected.includes(value))
      wrong.push(`${name} is ${quotedList([value])}, and would be ${quotedList(expected)}`)
  }
  for (const key of relationFields)
    if (!deb.control.has(key)) {
      const { missing } = relations(key, '', deb)
      if (missing.length > 0) wrong.push(`${key} ${quotedList(missing)} is missing`)
    }
  const from = [`${context.folder}debian/control`, `${context.folder}debian/changelog`]
  if (undeclared.length > 0)
    return refused(
      member,
      'metadata-undeclared',
      `it states what debian/control does not: ${undeclared.join('; ')}`
    )
  if (wrong.length > 0) return refused(member, 'metadata-differs', wrong.slice(0, 5).join('; '))
  const told =
    substituted === 0
      ? 'every field is that of debian/control'
      : `every field is that of debian/control; ${substituted} relations come from substitution variables of known form`
  return { traced: true, from, reason: `Made by dpkg-gencontrol: ${told}.` }
}

/** Values that a field may have; undefined where nothing states the field. */
async function valuesOf(
  key: string,
  { name, version, architecture, control, source, stanza }: DebPackage,
  context: TraceContext
): Promise<string[] | undefined> {
  const stated = (field: string): string => withVersions(statedField(field, [stanza, source]), version)
  switch (key) {
    case 'package':
      return [name]
    case 'source': {
      const sourceName = fieldOf(source, 'Source')
      const sourceVersion = /\(([^)]+)\)$/.exec(fieldOf(control, 'Source'))?.[1]
      const versions = await changelogVersions(context)
      return [
        sourceName,
        ...(sourceVersion !== undefined && versions.includes(sourceVersion)
          ? [`${sourceName} (${sourceVersion})`]
          : [])
      ]
    }
    case 'version':
      return changelogVersions(context)
    case 'architecture': {
      const allowed = fieldOf(stanza, 'Architecture').split(/\s+/)
      if (allowed.includes('all') && allowed.length === 1) return ['all']
      const real = architecture !== 'all' && /^[a-z0-9-]+$/.test(architecture)
      const fits = allowed.some((each) => each === architecture || /(^|-)any(-|$)/.test(each))
      return real && fits ? [architecture] : allowed
    }
    case 'installed-size':
      return installedSize(context)
    case 'build-ids': {
      const ids = [...context.members.keys()].flatMap((path) => {
        const [, one = '', rest = ''] =
          /^usr\/lib\/debug\/\.build-id\/([0-9a-f]{2})\/([0-9a-f]+)\.debug$/.exec(path) ?? []
        return one === '' ? [] : [one + rest]
      })
      const found = fieldOf(control, 'Build-Ids').split(' ')
      return found.every((id) => ids.includes(id)) && found.length === ids.length
        ? [found.join(' ')]
        : [ids.join(' ')]
    }
    case 'description':
      return [described(stated('Description'))]
    default: {
      const value = stated(key)
      return value === '' ? undefined : [value]
    }
  }
}

/** A field of the package, or of the whole source; `XB-` before the name of one that dpkg does not know. */
function statedField(field: string, paragraphs: readonly (Paragraph | undefined)[]): string {
  const names = ['', 'XB-', 'XC-', 'XBC-', 'XSB-', 'XSBC-'].map((prefix) => prefix + field)
  const values = paragraphs.flatMap((paragraph) => names.map((name) => fieldOf(paragraph, name)))
  return values.find((value) => value !== '') ?? ''
}

/** dpkg keeps the text; what a variable stands for in it is not known. */
function described(value: string): string {
  return value
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n')
}

interface JudgedRelations {
  added: string[]
  missing: string[]
  substituted: number
}

function relations(key: string, value: string, deb: DebPackage): JudgedRelations {
  const statedValue = withVersions(fieldOf(deb.stanza, key), deb.version)
  const found = parseRelations(value)
  const stated = parseRelations(statedValue)
    .filter(({ text }) => !text.includes('${'))
    .flatMap((relation) => forArchitecture(relation, deb.architecture) ?? [])
  const texts = new Set(stated.map(({ text }) => text))
  const rest = found.filter(({ text }) => !texts.has(text))
  const added = rest.filter((relation) => !comesFromSubstitution(relation, statedValue))
  // dpkg leaves out what a stronger relation to the same package implies (Dpkg::Deps, simplify_deps).
  const names = new Set(found.flatMap((relation) => relation.names))
  const missing = stated.filter(
    (relation) =>
      !found.some(({ text }) => text === relation.text) && !relation.names.some((name) => names.has(name))
  )
  return {
    added: added.map(({ text }) => text),
    missing: missing.map(({ text }) => text),
    substituted: rest.length - added.length
  }
}

function refused(member: TracedMember, code: string, why: string): Verdict {
  return {
    traced: false,
    code,
    message: `${member.path}: ${why}.`.slice(0, 3000),
    cause:
      'Something else than dpkg-gencontrol wrote it, or was told other values than those of debian/control.',
    fix: 'State it in debian/control or debian/changelog, or find what changes it in debian/rules.'
  }
}
