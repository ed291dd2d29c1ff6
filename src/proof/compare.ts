import type { Archive, ArchiveKind, Member } from '../formats/archive.ts'
import { isRecord, memberRules, type MemberRules } from './member-rules.ts'
import { type PutBacks } from './putback.ts'

/** What makes two artifacts different packages, whatever they are packed in. */
export interface Difference {
  code:
    | 'member-missing'
    | 'kind-differs'
    | 'link-differs'
    | 'content-differs'
    | 'mode-differs'
    | 'owner-differs'
    | 'time-differs'
    | 'attribute-differs'
  member: string
  /** As each world has it; null where it has no such member. */
  a: Member | null
  b: Member | null
}

/**
 * Compares members by path; `b` has its originals back already. In an sdist or wheel folders count only where nothing
 * is in them, a hard link counts as the file that it leads to, and of the mode the executable bit alone: so the
 * canonical form has them. RECORD of a wheel is not compared: its reader has checked it line by line against content
 * that is compared here. In a deb or image all counts that the archive says of a member.
 */
export function compareMembers(a: readonly Member[], b: readonly Member[], kind: ArchiveKind): Difference[] {
  const rules = memberRules[kind]
  const left = significant(a, rules)
  const right = significant(b, rules)
  const paths = [...new Set([...left.keys(), ...right.keys()])].sort()
  return paths.flatMap((member) => {
    const one = left.get(member) ?? null
    const other = right.get(member) ?? null
    const code = differenceOf(one, other, rules)
    return code === undefined ? [] : [{ code, member, a: one, b: other }]
  })
}

function differenceOf(
  a: Member | null,
  b: Member | null,
  { exact }: MemberRules
): Difference['code'] | undefined {
  if (a === null || b === null) return 'member-missing'
  if (exact ? a.kind !== b.kind : plainKind(a) !== plainKind(b)) return 'kind-differs'
  if ((a.kind === 'symlink' || exact) && a.linkTarget !== b.linkTarget) return 'link-differs'
  if (a.sha256 !== b.sha256 || a.size !== b.size) return 'content-differs'
  if (exact) return a.mode === b.mode ? fieldDifference(a, b) : 'mode-differs'
  return isExecutable(a) === isExecutable(b) ? undefined : 'mode-differs'
}

const owners = ['uid', 'gid', 'uname', 'gname']
/** Compared by themselves, or of the packing alone. */
const otherFields = ['mode', 'linkTarget', 'headerBytes']

function fieldDifference(a: Member, b: Member): Difference['code'] | undefined {
  const names = differingFields(a, b).filter((name) => !otherFields.includes(name))
  if (names.length === 0) return undefined
  if (names.some((name) => owners.includes(name))) return 'owner-differs'
  return names.some((name) => name !== 'mtime') ? 'attribute-differs' : 'time-differs'
}

/** Names of header fields that differ. */
export function differingFields(a: Member, b: Member): string[] {
  const keys = new Set([...Object.keys(a.fields), ...Object.keys(b.fields)])
  return [...keys].filter((key) => a.fields[key] !== b.fields[key])
}

function plainKind({ kind }: Member): Member['kind'] {
  return kind === 'hardlink' ? 'file' : kind
}

/** The one permission that the canonical form keeps. */
function isExecutable({ kind, mode }: Member): boolean {
  return (kind === 'file' || kind === 'hardlink') && (mode & 0o100) !== 0
}

function significant(members: readonly Member[], { folders, follows }: MemberRules): Map<string, Member> {
  const full = folders === 'empty' ? fullFolders(members) : undefined
  const counted = members.filter(({ kind, path }) => {
    if (kind === 'directory') return folders !== 'none' && full?.has(path) !== true
    return !follows(path)
  })
  return new Map(counted.map((member) => [member.path, member]))
}

function fullFolders(members: readonly Member[]): Set<string> {
  const full = new Set<string>()
  for (const { path } of members)
    for (let cut = path.lastIndexOf('/'); cut > 0; cut = path.lastIndexOf('/', cut - 1))
      full.add(path.slice(0, cut))
  return full
}

/**
 * In which respects the packing differs where the packages do not: names of header and container fields, `order`,
 * `deflate` and `RECORD`, sorted. Nothing of it changes content, and the canonical form removes it.
 *
 * @param records text of RECORD of a, and of b with originals put back; null where there is no such file
 */
export function packingDifferences(
  a: Archive,
  b: Archive,
  putBacks: PutBacks,
  records: { a: string; b: string } | null
): string[] {
  const found = new Set<string>()
  const keys = new Set([...Object.keys(a.container), ...Object.keys(b.container)])
  for (const key of keys) if (a.container[key] !== b.container[key]) found.add(key)
  if (records !== null && records.a !== records.b) found.add('RECORD')
  const sameOrder =
    a.members.length === b.members.length &&
    a.members.every((member, index) => member.path === b.members[index]?.path)
  if (!sameOrder) found.add('order')
  const others = new Map(b.members.map((member) => [member.path, member]))
  for (const member of a.members) {
    const other = others.get(member.path)
    if (other === undefined) continue
    for (const field of headerDifferences(member, other)) found.add(field)
    const contentChanged = putBacks.has(member.path) || (isRecord(member.path) && putBacks.size > 0)
    if (!contentChanged && member.packed !== other.packed) found.add('deflate')
  }
  return [...found].sort()
}

function headerDifferences(a: Member, b: Member): string[] {
  if (a.headers === b.headers) return []
  const named = differingFields(a, b)
  return named.length === 0 ? ['headers'] : named
}
