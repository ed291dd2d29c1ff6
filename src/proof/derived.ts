import { isUtf8 } from 'node:buffer'
import path from 'node:path'
import { parseRecord } from '../formats/record.ts'
import type { Member } from '../formats/archive.ts'
import type { PutBacks } from './putback.ts'

/** Members of both worlds by path, as their archives have them, and what is put back so far. */
export interface BothMembers {
  a: ReadonlyMap<string, Member>
  b: ReadonlyMap<string, Member>
  putBacks: PutBacks
}

/** Whether world b's text follows from world b's members as world a's does from world a's, all else equal. */
export function isDerivedText(a: Buffer, b: Buffer, member: string, both: BothMembers): boolean {
  if (a.length > largestText || b.length > largestText || !isUtf8(a) || !isUtf8(b)) return false
  const [one, other] = [a.toString('utf8'), b.toString('utf8')]
  return following.some((follows) => follows(one, other, member, both))
}

const largestText = 16 * 2 ** 20

type FollowingText = (a: string, b: string, member: string, both: BothMembers) => boolean

/**
 * RECORD of an installed distribution, in a deb or layer: lines of members that have their originals back may differ,
 * and each must have hash and size of its own world's member. (A size changes where a compressed file is put back.)
 */
const installedRecord: FollowingText = (a, b, member, both) => {
  if (!/\/[^/]+\.dist-info\/RECORD$/.test(member)) return false
  const [one, other] = [a.split('\n'), b.split('\n')]
  if (one.length !== other.length) return false
  return one.every((line, at) => line === other[at] || isRestoredLine(line, other[at] ?? '', member, both))
}

function isRestoredLine(
  a: string,
  b: string,
  record: string,
  { a: ofA, b: ofB, putBacks }: BothMembers
): boolean {
  const [one, other] = [lineOf(a), lineOf(b)]
  if (one === undefined || one.path !== other?.path || one.algorithm !== 'sha256') return false
  const member = path.posix.join(path.posix.dirname(path.posix.dirname(record)), one.path)
  const [inA, inB] = [ofA.get(member), ofB.get(member)]
  if (!putBacks.has(member) || inA === undefined || inB === undefined) return false
  const rest = (text: string): string => text.slice(0, text.lastIndexOf(',', text.lastIndexOf(',') - 1))
  return (
    rest(a) === rest(b) &&
    a.endsWith('\r') === b.endsWith('\r') &&
    one.digest === inA.sha256 &&
    one.size === inA.size &&
    other.algorithm === 'sha256' &&
    other.digest === inB.sha256 &&
    other.size === inB.size
  )
}

function lineOf(text: string): ReturnType<typeof parseRecord>[number] | undefined {
  try {
    return parseRecord(`${text.replace(/\r$/, '')}\n`)[0]
  } catch {
    return undefined
  }
}

const sizeLine = /^Installed-Size: *([0-9]+)$/m

/**
 * `control` of a deb, whose Installed-Size may follow the size of a compressed file that is put back: then each world's
 * must be what dpkg-gencontrol computes from that world's members, and all other lines must be equal.
 */
const installedSize: FollowingText = (a, b, member, both) => {
  if (member !== 'DEBIAN/control') return false
  const [one, other] = [sizeLine.exec(a)?.[1], sizeLine.exec(b)?.[1]]
  if (one === undefined || other === undefined || a.replace(sizeLine, '') !== b.replace(sizeLine, ''))
    return false
  return Number(one) === sizeOf(both.a) && Number(other) === sizeOf(both.b)
}

/** KiB: a file or link as many as it fills, anything else one; each hard link counts once (dpkg-gencontrol, `-S`). */
function sizeOf(members: ReadonlyMap<string, Member>): number {
  let total = 0
  for (const { path: name, kind, size, linkTarget } of members.values()) {
    if (name.startsWith('DEBIAN/') || name === 'DEBIAN' || kind === 'hardlink') continue
    const bytes = kind === 'symlink' ? Buffer.byteLength(linkTarget ?? '') : size
    total += kind === 'file' || kind === 'symlink' ? Math.ceil(bytes / 1024) : 1
  }
  return total
}

/** `md5sums` of a deb, which its reader has checked line by line: lines of members that are put back may differ. */
const packageSums: FollowingText = (a, b, member, { putBacks }) => {
  if (member !== 'DEBIAN/md5sums') return false
  const [one, other] = [a.split('\n'), b.split('\n')]
  const name = (line = ''): string => /^[0-9a-f]{32} {2}(.+)$/.exec(line)?.[1] ?? ''
  return (
    one.length === other.length &&
    one.every(
      (line, at) => line === other[at] || (name(line) === name(other[at]) && putBacks.has(name(line)))
    )
  )
}

const following: readonly FollowingText[] = [installedRecord, installedSize, packageSums]
