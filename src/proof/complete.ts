import type { Finding } from '../documents/proof.ts'
import { lastingNames, subjectOf, type MemberList } from './lasting-names.ts'

/** Names that two member lists of one kind do not share, in the form that lasts from release to release. */
export interface ListDifference {
  /** The artifact of this release. */
  artifact: MemberList
  /** In the other list alone. */
  lacks: string[]
  /** In this release alone. */
  adds: string[]
}

/** The tagged tree, as far as it explains a difference. */
export interface TreePlaces {
  /** Folder of the target: empty for the top of the tree, otherwise with a slash at its end. */
  folder: string
  has(path: string): boolean
  /** The submodule that a path lies in. */
  submoduleOf(path: string): string | undefined
}

/** More findings of one kind for one artifact are told as a number: the first ones show what is wrong. */
const mostFindings = 500
const mostNames = 60
const longestList = 3000

/** Compares the lists of one target, each with its like; what one side has not at all is another check's business. */
export function compareLists(now: readonly MemberList[], other: readonly MemberList[]): ListDifference[] {
  return now.flatMap((artifact) => {
    const twin = other.find((list) => subjectOf(list) === subjectOf(artifact))
    if (twin === undefined) return []
    const [mine, theirs] = [new Set(lastingNames(artifact)), new Set(lastingNames(twin))]
    const lacks = [...theirs].filter((name) => !mine.has(name))
    const adds = [...mine].filter((name) => !theirs.has(name))
    return lacks.length + adds.length === 0 ? [] : [{ artifact, lacks, adds }]
  })
}

/**
 * What the last release shipped and this one does not (`member-gone`, a warning), and the other way round
 * (`member-new`, a note).
 *
 * @param tag the last release's
 */
export function previousFindings(
  now: readonly MemberList[],
  previous: readonly MemberList[],
  tag: string
): Finding[] {
  return compareLists(now, previous).flatMap(({ artifact, lacks, adds }) => [
    ...(lacks.length === 0
      ? []
      : [
          {
            ...about(artifact, 'member-gone', 'warn'),
            message: `${countOf(lacks)} that ${tag} shipped ${lacks.length === 1 ? 'is' : 'are'} missing now: ${listOf(lacks)}`,
            cause: 'They were removed or renamed, or the build no longer finds them.',
            fix: `Look whether each was meant to go. If so, nothing is to be done; otherwise mend the list of files of the build backend, and tag again.`
          }
        ]),
    ...(adds.length === 0
      ? []
      : [
          {
            ...about(artifact, 'member-new', 'note'),
            message: `${countOf(adds)} that ${tag} did not ship: ${listOf(adds)}`,
            cause: null,
            fix: null
          }
        ])
  ])
}

/** What the project's own build in a full clone ships and Tagproof's does not, or the other way round: refused. */
export function cloneFindings(
  now: readonly MemberList[],
  clone: readonly MemberList[],
  tree: TreePlaces
): Finding[] {
  return compareLists(now, clone).flatMap(({ artifact, lacks, adds }) => [
    ...each(artifact, 'full-clone-differs', lacks, (name) => ({
      message: `The project's own build in a full clone ships ${JSON.stringify(name)}, and this one does not.`,
      cause: whyLacking(name, tree),
      fix: cloneFix
    })),
    ...each(artifact, 'full-clone-differs', adds, (name) => ({
      message: `This build ships ${JSON.stringify(name)}, and the project's own build in a full clone does not.`,
      cause: whyAdded(name, tree),
      fix: cloneFix
    }))
  ])
}

const cloneFix =
  'List what belongs into the package in the tree itself (MANIFEST.in, package-data, or the include lists of the backend), so that no content or history of git is needed; or waive the finding for this path.'

function whyLacking(name: string, tree: TreePlaces): string {
  const tracked = trackedAs(name, tree)
  const submodule = tracked === undefined ? undefined : tree.submoduleOf(tracked)
  if (submodule !== undefined)
    return `The file lies in the submodule ${submodule}, whose own git folder a release build does not get.`
  if (tracked !== undefined)
    return 'The file is in the tag, and the backend takes its list of files from git in a way that needs blobs, history or other refs (git archive, git show, git log); a release build sees the commit and its trees alone.'
  return 'The file is not in the tag: the build makes it from content or history that it reads out of git, which a release build does not have.'
}

function whyAdded(name: string, tree: TreePlaces): string {
  const tracked = trackedAs(name, tree)
  const submodule = tracked === undefined ? undefined : tree.submoduleOf(tracked)
  if (submodule !== undefined)
    return `The file lies in the submodule ${submodule}: Tagproof exports it as plain files, and git lists none of them.`
  if (tracked !== undefined)
    return 'The file is in the tag, and in a full clone git leaves it out of the list of files: by .gitattributes (export-ignore), or by what the build reads from history.'
  return 'The file is not tracked: where git does not answer as in a full clone, the backend takes what lies in the folder, files that the build made among them.'
}

/** The path of the tree that a member probably is, by name: sdists keep paths, wheels may drop `src/` or `lib/`. */
function trackedAs(name: string, tree: TreePlaces): string | undefined {
  return ['', 'src/', 'lib/'].map((top) => `${tree.folder}${top}${name}`).find((path) => tree.has(path))
}

/** One finding per name, so that each can be waived by its path. */
export function each(
  artifact: MemberList,
  code: string,
  names: readonly string[],
  tell: (name: string) => Pick<Finding, 'message' | 'cause' | 'fix'>
): Finding[] {
  const found = names
    .slice(0, mostFindings)
    .map((name) => ({ ...about(artifact, code, 'refuse'), member: name, ...tell(name) }))
  const rest = names.slice(mostFindings)
  const [first] = found
  if (rest.length === 0 || first === undefined) return found
  return [...found, { ...first, member: null, message: `The same holds for ${rest.length} more files.` }]
}

/** The fixed part of a finding of this check. */
export function about(
  artifact: Pick<MemberList, 'name'> | null,
  code: string,
  severity: Finding['severity']
): Omit<Finding, 'message' | 'cause' | 'fix'> {
  return { check: 'complete', code, severity, artifact: artifact?.name ?? null, member: null, waiver: null }
}

/** `1 file`, `12 files`. */
export function countOf(names: readonly string[]): string {
  return names.length === 1 ? '1 file' : `${names.length} files`
}

/** The first names of a list, within what a finding may hold. */
export function listOf(names: readonly string[]): string {
  let text = ''
  let shown = 0
  for (const name of names.slice(0, mostNames)) {
    const next = `${text === '' ? '' : ', '}${name.slice(0, 200)}`
    if (text.length + next.length > longestList) break
    text += next
    shown += 1
  }
  return shown < names.length ? `${text} and ${names.length - shown} more` : text
}
