import { createHash, type Hash } from 'node:crypto'
import { sha256 as asSha256 } from '../documents/identifiers.ts'
import type { Member } from './member.ts'
import type { TarEntry } from './tar/reader.ts'

/**
 * An entry of a tar as a member of an artifact.
 *
 * @param content what has seen the entry's bytes
 * @param target the member that a hard link leads to
 */
export function tarMember(entry: TarEntry, content: Hash, target: Member | undefined): Member {
  const { path, kind, mode, linkTarget, mtime, uid, gid, uname, gname, device, attributes } = entry
  if (kind === 'symlink') content.update(linkTarget ?? '')
  if (device !== null) content.update(`${device.type} ${device.major}:${device.minor}`)
  const linked = kind === 'hardlink' ? target : undefined
  return {
    path,
    kind,
    mode,
    size: linked?.size ?? entry.size,
    sha256: linked?.sha256 ?? asSha256(content.digest('hex')),
    linkTarget,
    headers: asSha256(createHash('sha256').update(entry.headers).digest('hex')),
    packed: null,
    fields: {
      mode,
      mtime,
      uid,
      gid,
      uname,
      gname,
      linkTarget: linkTarget ?? '',
      headerBytes: entry.headers.length,
      ...(device === null ? {} : { deviceType: device.type, device: `${device.major}:${device.minor}` }),
      ...Object.fromEntries(attributes)
    }
  }
}
