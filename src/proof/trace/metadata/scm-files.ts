import { sameVersion } from '../../../source/version.ts'
import type { Generator, TraceContext, TracedMember, Verdict } from '../generator.ts'
import { quotedList } from './judgement.ts'
import { memberText } from './member-text.ts'
import { asTable, asTexts, type Table } from './toml-values.ts'

type Check = (value: unknown, context: TraceContext) => boolean

/** A JSON file of a plugin: known keys alone, each with a value that follows from the tag. */
function jsonFile(name: string, reason: string, checks: Readonly<Record<string, Check>>): Generator {
  return {
    name: name.replace(/\.json$/, '').replaceAll('_', '-'),
    reason,
    matches: ({ inner, kind }) =>
      kind === 'file' && /(^|\/)[^/]+\.(dist|egg)-info\/[^/]+$/.test(inner) && inner.endsWith(`/${name}`),
    async derive(member, context) {
      const bytes = await memberText(member, context)
      const value = bytes === undefined ? undefined : parsed(bytes)
      if (value === undefined) return undefined
      const wrong = Object.entries(value).filter(([key, each]) => checks[key]?.(each, context) !== true)
      return wrong.length === 0 ? { traced: true, from: [] } : otherCommit(member, wrong, context)
    }
  }
}

function otherCommit(
  member: TracedMember,
  wrong: readonly [string, unknown][],
  context: TraceContext
): Verdict {
  const told = wrong.map(([key, value]) => `${key}: ${JSON.stringify(value)}`)
  return {
    traced: false,
    code: 'metadata-differs',
    message: `${member.inner} has ${quotedList(told)}, which does not fit the tag's commit ${context.tag.commit}.`,
    cause: 'The artifact was built from another commit than the tag, or from a changed tree.',
    fix: 'Build from the tag.'
  }
}

function parsed(bytes: Buffer): Table | undefined {
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'))
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? asTable(value) : undefined
  } catch {
    // Not what the plugin writes: the next rule is asked.
    return undefined
  }
}

function isCommit(value: unknown, { tag }: TraceContext): boolean {
  const name = typeof value === 'string' ? value.replace(/^[ghj](?=[0-9a-f]+$)/, '') : ''
  return value === '' || (/^[0-9a-f]{7,64}$/.test(name) && tag.commit.startsWith(name))
}

function isTag(value: unknown, { tag, version }: TraceContext): boolean {
  if (typeof value !== 'string') return false
  return version === null || value === tag.name || sameVersion(value.replace(/^v/, ''), version)
}

function areFiles(value: unknown, context: TraceContext): boolean {
  const { tree, folder } = context
  const paths = asTexts(value)
  const known = (path: string): boolean =>
    tree.has(folder + path) || tree.has(path) || context.member(path) !== undefined
  return Array.isArray(value) && paths.length === value.length && paths.every(known)
}

/** pbr and setuptools-scm say which commit they built from, and which files it has. */
export const scmFiles: readonly Generator[] = [
  jsonFile(
    'pbr.json',
    'pbr writes the commit that it builds from, and whether it is tagged, into pbr.json.',
    {
      git_version: isCommit,
      is_release: (value) => typeof value === 'boolean'
    }
  ),
  jsonFile('scm_version.json', 'setuptools-scm writes what it read from git into scm_version.json.', {
    tag: isTag,
    distance: (value, { version }) => value === 0 || (version === null && Number.isSafeInteger(value)),
    node: (value, context) => value === null || isCommit(value, context),
    dirty: (value) => value === false,
    branch: (value) => value === null || (typeof value === 'string' && /^[\w./-]{0,200}$/.test(value)),
    node_date: (value) => value === null || (typeof value === 'string' && /^\d{4}-\d\d-\d\d$/.test(value))
  }),
  jsonFile('scm_file_list.json', 'setuptools-scm lists the files of the commit in scm_file_list.json.', {
    files: areFiles
  })
]
