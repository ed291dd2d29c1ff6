/** How two members stand to each other when they are unpacked. */
type NameKind = 'directory' | 'other'

export interface NameRules {
  /** Names that differ only in case or Unicode form: one file on a case-insensitive disk. Default: refuse. */
  twins?: 'refuse' | 'accept'
}

/** More names than any honest package has; bounds the memory of a reader. */
const mostMembers = 1_000_000
const longestPath = 4096
const longestSegment = 255

/**
 * The names of one archive. Each is checked alone and against those before it, so that every tool unpacks the same
 * tree on every disk: no duplicate, no member below a file or link, no case or Unicode twin.
 */
export class MemberNames {
  private readonly kinds = new Map<string, NameKind>()
  private readonly implied = new Set<string>()
  private readonly folded = new Map<string, string>()
  private readonly rules: NameRules

  constructor(rules: NameRules = {}) {
    this.rules = rules
  }

  /** Adds a path without trailing `/`; returns what is wrong with it, if anything. */
  add(path: string, isDirectory: boolean): string | undefined {
    const alone = pathProblem(path)
    if (alone !== undefined) return alone
    if (this.kinds.has(path)) return 'the name appears twice'
    if (this.kinds.size >= mostMembers) return `the archive has more than ${mostMembers} entries`
    if (!isDirectory && this.implied.has(path)) return 'the name is a folder of earlier entries'
    const above = this.addParents(path)
    if (above !== undefined) return above
    this.kinds.set(path, isDirectory ? 'directory' : 'other')
    return this.rules.twins === 'accept' ? undefined : this.addFolded(path, isDirectory)
  }

  /** Whether an earlier entry with this name exists that is no folder. */
  hasFile(path: string): boolean {
    return this.kinds.get(path) === 'other'
  }

  private addParents(path: string): string | undefined {
    for (let cut = path.lastIndexOf('/'); cut > 0; cut = path.lastIndexOf('/', cut - 1)) {
      const parent = path.slice(0, cut)
      if (this.implied.has(parent)) return undefined
      if (this.kinds.get(parent) === 'other')
        return `${JSON.stringify(parent)} is no folder but an earlier entry`
      this.implied.add(parent)
    }
    return undefined
  }

  private addFolded(path: string, isDirectory: boolean): string | undefined {
    const key = path.normalize('NFC').toUpperCase().toLowerCase()
    const twin = this.folded.get(key)
    if (twin === undefined) this.folded.set(key, path)
    // Two folders that fold to one merge; nothing of theirs is lost.
    else if (!isDirectory || this.kinds.get(twin) === 'other')
      return `the name differs from ${JSON.stringify(twin)} only in case or Unicode form`
    return undefined
  }
}

/** What is wrong with a member's path by itself, if anything. Expects no trailing `/`. */
export function pathProblem(path: string): string | undefined {
  if (path === '') return 'the name is empty'
  if (path.includes('\0')) return 'the name holds NUL'
  if (hasControls(path)) return 'the name holds a control character'
  if (/[\u202a-\u202e\u2066-\u2069\ufeff\u2028\u2029]/u.test(path))
    return 'the name holds an invisible character that changes how it reads'
  if (path.includes('\\')) return 'the name holds a backslash'
  if (path.startsWith('/')) return 'the name is absolute'
  if (/^[A-Za-z]:/.test(path)) return 'the name begins with a drive letter'
  if (Buffer.byteLength(path) > longestPath) return `the name is longer than ${longestPath} bytes`
  for (const segment of path.split('/')) {
    if (segment === '..') return 'the name leaves its folder through ".."'
    if (segment === '' || segment === '.') return 'the name holds an empty or "." part'
    if (Buffer.byteLength(segment) > longestSegment)
      return `a part of the name exceeds ${longestSegment} bytes`
  }
  return undefined
}

function hasControls(text: string): boolean {
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    if (code < 0x20 || (code >= 0x7f && code < 0xa0)) return true
  }
  return false
}

/**
 * Where a relative link at `path` leads, as a path of the archive; undefined if it is absolute, may leave the archive,
 * or has `..` after a name (which leads elsewhere if that name is a link).
 */
export function resolveLink(path: string, target: string): string | undefined {
  if (target.startsWith('/') || target.includes('\\') || /^[A-Za-z]:/.test(target)) return undefined
  const parts = path.split('/').slice(0, -1)
  let named = false
  for (const segment of target.split('/')) {
    if (segment === '' || segment === '.') continue
    if (segment === '..') {
      if (named || parts.pop() === undefined) return undefined
    } else {
      named = true
      parts.push(segment)
    }
  }
  return parts.join('/')
}

/** Byte order of paths: what `LC_ALL=C sort` does. */
export function comparePaths(one: string, other: string): number {
  return Buffer.compare(Buffer.from(one), Buffer.from(other))
}
