/** How two members stand to each other when they are unpacked. */
type NameKind = 'directory' | 'other'

export interface NameRules {
  /**
   * Names that are one file, another one or none on the disks of some systems: twins that differ only in case, Unicode
   * form or characters that Windows replaces, and names that Windows keeps for itself or splits at backslashes (units of
   * systemd have such). Default: refuse. File systems are read with `accept`.
   */
  twins?: 'refuse' | 'accept'
}

/** Direction marks and overrides, separators, and what has no width: honest names need the joiners alone. */
const invisible =
  /[\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]/u

/** More names than any honest package or file system has; they bound the memory of a reader. */
const most = { package: 250_000, fileSystem: 1_000_000 } as const
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
    const portable = this.rules.twins !== 'accept'
    const alone = pathProblem(path) ?? (portable ? windowsProblem(path) : undefined)
    if (alone !== undefined) return alone
    if (this.kinds.has(path)) return 'the name appears twice'
    const limit = portable ? most.package : most.fileSystem
    if (this.kinds.size >= limit) return `the archive has more than ${limit} entries`
    if (!isDirectory && this.implied.has(path)) return 'the name is a folder of earlier entries'
    const above = this.addParents(path)
    if (above !== undefined) return above
    this.kinds.set(path, isDirectory ? 'directory' : 'other')
    return portable ? this.addFolded(path, isDirectory) : undefined
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
    const key = folded(path)
    const twin = this.folded.get(key)
    if (twin === undefined) this.folded.set(key, path)
    // Two folders that fold to one merge; nothing of theirs is lost.
    else if (!isDirectory || this.kinds.get(twin) === 'other')
      return `the name differs from ${JSON.stringify(twin)} only in case or Unicode form`
    return undefined
  }
}

/**
 * One text for all names that may be one file: case and Unicode form do not count, nor do the joiners that HFS+
 * ignores; what Windows cannot hold is an underscore there (`zipfile._sanitize_windows_name`).
 */
function folded(path: string): string {
  const plain = isAsciiText(path)
    ? path
    : path
        .replace(/[\u200c\u200d]/g, '')
        .normalize('NFC')
        .toUpperCase()
  return plain.replace(/[<>"|?*]/g, '_').toLowerCase()
}

function isAsciiText(text: string): boolean {
  return /^[ -~]*$/.test(text)
}

/** Names of devices, which Windows opens in any folder and with any extension. */
const deviceName = /(?:^|\/)(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(?:\.[^/]*)?(?:\/|$)/i

/** What makes a path another file, or none, on Windows alone. */
function windowsProblem(path: string): string | undefined {
  if (path.includes('\\')) return 'the name holds a backslash'
  if (/^[A-Za-z]:/.test(path)) return 'the name begins with a drive letter'
  if (path.includes(':')) return 'the name holds a colon, which names a stream of another file on Windows'
  if (/[. ](?:\/|$)/.test(path)) return 'a part of the name ends in a dot or space, which Windows leaves out'
  if (deviceName.test(path)) return 'a part of the name is that of a device on Windows'
  return undefined
}

/** What is wrong with a member's path by itself, if anything. Expects no trailing `/`. */
export function pathProblem(path: string): string | undefined {
  if (path === '') return 'the name is empty'
  if (path.includes('\0')) return 'the name holds NUL'
  if (hasControls(path)) return 'the name holds a control character'
  if (invisible.test(path)) return 'the name holds an invisible character that changes how it reads'
  if (path.startsWith('/')) return 'the name is absolute'
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
