import type { Archive, Member } from '../formats/archive.ts'
import { type PutBacks } from './putback.ts'

/** What makes two artifacts different packages, whatever they are packed in. */
export interface Difference {
  code: 'member-missing' | 'kind-differs' | 'link-differs' | 'mode-differs' | 'content-differs'
  member: string
  /** As each world has it; null where it has no such member. */
  a: Member | null
  b: Member | null
}

/**
 * Compares members by path; `b` has its originals back already. Folders count only where nothing is in them, and a
 * hard link counts as the file that it leads to: so the canonical form has them. RECORD is not compared: its
 * reader has checked it line by line against content that is compared here.
 */
export function compareMembers(
  a: readonly Member[],
  b: readonly Member[],
  kind: 'sdist' | 'wheel'
): Difference[] {
  const left = significant(a, kind)
  const right = significant(b, kind)
  const paths = [...new Set([...left.keys(), ...right.keys()])].sort()
  return paths.flatMap((member) => {
    const one = left.get(member) ?? null
    const other = right.get(member) ?? null
    const code = differenceOf(one, other)
    return code === undefined ? [] : [{ code, member, a: one, b: other }]
  })
}

function differenceOf(a: Member | null, b: Member | null): Difference['code'] | undefined {
  if (a === null || b === null) return 'member-missing'
  if (plainKind(a) !== plainKind(b)) return 'kind-differs'
  if (a.kind === 'symlink' && a.linkTarget !== b.linkTarget) return 'link-differs'
  if (a.sha256 !== b.sha256 || a.size !== b.size) return 'content-differs'
  return isExecutable(a) === isExecutable(b) ? undefined : 'mode-differs'
}

function plainKind({ kind }: Member): Member['kind'] {
  return kind === 'hardlink' ? 'file' : kind
}

/** The one permission that the canonical form keeps. */
function isExecutable({ kind, mode }: Member): boolean {
  return (kind === 'file' || kind === 'hardlink') && (mode & 0o100) !== 0
}

function significant(members: readonly Member[], kind: 'sdist' | 'wheel'): Map<string, Member> {
  const full = new Set<string>()
  for (const { path } of members)
    for (let cut = path.lastIndexOf('/'); cut > 0; cut = path.lastIndexOf('/', cut - 1))
      full.add(path.slice(0, cut))
  const counted = members.filter((member) => {
    if (member.kind === 'directory') return kind === 'sdist' && !full.has(member.path)
    return !(kind === 'wheel' && isRecord(member.path))
  })
  return new Map(counted.map((member) => [member.path, member]))
}

export function isRecord(path: string): boolean {
  return /^[^/]+\.dist-info\/RECORD$/.test(path)
}

/**
 * In which respects the packing differs where the packages do not: names of header and container fields, `order`,
 * `deflate` and `RECORD`, sorted. Nothing of it changes content, and the canonical form removes it.
 *
 * @param records text of RECORD of a, and of b with originals put back; null for an sdist
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
  const keys = new Set([...Object.keys(a.fields), ...Object.keys(b.fields)])
  const named = [...keys].filter((key) => a.fields[key] !== b.fields[key])
  return named.length === 0 ? ['headers'] : named
}
