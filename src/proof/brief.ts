import type { Brief, BriefClass, BriefCommit, BriefPart } from '../documents/brief.ts'
import { briefClasses } from '../documents/brief.ts'
import type { TagRef } from '../documents/fields.ts'
import { configPath, lockPath } from '../documents/layout.ts'
import { printable } from '../platform/printable.ts'

const mostChanges = 200
const mostCommits = 50
const longestLine = 500

/** What was gathered about the time since the last release. */
export interface BriefFacts {
  previous: TagRef
  limits: string | null
  /** Changed files: what happened, and whether their content is opaque to a reader. */
  files: { path: string; status: string; opaque: string | null }[]
  /** Newest first, with the paths that each touched. */
  commits: (BriefCommit & { paths: readonly string[] })[]
  /** Lines that say more than the name of a file; null with a reason where they could not be made. */
  lines: Partial<Record<BriefClass, Told>> & Record<'read-set', Told>
}
export type Told = { changes: readonly string[] } | { unknown: string }

const buildFile =
  /(^|\/)(pyproject\.toml|setup\.(py|cfg)|MANIFEST\.in|[^/]*\.spec|tox\.ini|noxfile\.py|Makefile[^/]*|[^/]+\.mk|meson\.build|meson_options\.txt|meson\.options|CMakeLists\.txt|[^/]+\.cmake|configure(\.ac|\.in)?|[^/]+\.m4|Cargo\.(toml|lock)|build\.rs|requirements[^/]*\.(txt|in)|constraints[^/]*\.txt|([^/]*\.)?(Dockerfile|Containerfile)(\.[^/]*)?|\.dockerignore|\.gitmodules|\.gitattributes)$|(^|\/)debian\//i

/** The classes that a changed file belongs to. */
export function classesOf(path: string, opaque: string | null): BriefClass[] {
  const classes: BriefClass[] = []
  if (path.startsWith('.github/workflows/') || path.startsWith('.github/actions/')) classes.push('workflow')
  if (path === configPath) classes.push('config')
  if (path === lockPath) classes.push('lock')
  if (buildFile.test(path)) classes.push('build-files')
  if (opaque !== null) classes.push('opaque')
  return classes
}

/** The brief where there is nothing to compare with: it says why, and never that nothing changed. */
export function briefWithout(tag: TagRef, reason: string): Brief {
  return { schema: 'tagproof/brief/1', tag: named(tag), previous: null, limits: line(reason), parts: [] }
}

/** The brief of a release. Pure: the same facts make the same document. */
export function briefOf(tag: TagRef, facts: BriefFacts): Brief {
  return {
    schema: 'tagproof/brief/1',
    tag: named(tag),
    previous: named(facts.previous),
    limits: facts.limits === null ? null : line(facts.limits),
    parts: briefClasses.map((name) => partOf(name, facts))
  }
}

function partOf(name: BriefClass, facts: BriefFacts): BriefPart {
  // Waivers and pairs stand in the configuration, so its commits are theirs.
  const told = facts.lines[name]
  const holder: BriefClass = name === 'waivers' || name === 'pairs' ? 'config' : name
  const files = facts.files.filter((file) => classesOf(file.path, file.opaque).includes(holder))
  const paths = new Set(files.map(({ path }) => path))
  const own = holder === name ? files.map(fileLine) : []
  const changes = [...own, ...(told !== undefined && 'changes' in told ? told.changes : [])]
  const commits =
    changes.length === 0 ? [] : facts.commits.filter((one) => one.paths.some((path) => paths.has(path)))
  return {
    class: name,
    changes: changes.slice(0, mostChanges).map(line),
    moreChanges: Math.max(0, changes.length - mostChanges),
    commits: commits
      .slice(0, mostCommits)
      .map(({ id, author, subject }) => ({ id, author: line(author), subject: line(subject) })),
    moreCommits: Math.max(0, commits.length - mostCommits),
    unknown: told !== undefined && 'unknown' in told ? line(told.unknown) : null
  }
}

function fileLine({ path, status, opaque }: BriefFacts['files'][number]): string {
  const what = { A: 'added', D: 'removed', M: 'changed', T: 'of another type' }[status] ?? 'changed'
  return `${path}: ${what}${opaque === null ? '' : ` (${opaque})`}`
}

function named({ name, commit }: TagRef): { name: string; commit: TagRef['commit'] } {
  return { name, commit }
}

/** Foreign text as one bounded line. */
function line(value: string): string {
  return printable(value.slice(0, 4 * longestLine)).slice(0, longestLine)
}

/** What came and went of a list in the configuration, a line each. */
export function listChanges(before: readonly object[], after: readonly object[]): string[] {
  const [old, now] = [before, after].map((list) => list.map((item) => JSON.stringify(item)))
  return [
    ...(now ?? []).filter((item) => old?.includes(item) !== true).map((item) => `new: ${item}`),
    ...(old ?? []).filter((item) => now?.includes(item) !== true).map((item) => `gone: ${item}`)
  ]
}
