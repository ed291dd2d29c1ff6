import path from 'node:path'
import type { Finding } from '../../documents/proof.ts'
import type { Member } from '../../formats/member.ts'
import type { InstalledFile } from './evidence.ts'
import type { TraceContext } from './generator.ts'
import { installedPlace } from './installed.ts'
import { refusal } from './policy.ts'

/** What a rule says of a member of a deb or layer; undefined where it has nothing against it. */
type Rule = (member: Member, installed: string, context: TraceContext) => Refusal | undefined
type Refusal = Pick<Finding, 'code' | 'message' | 'cause' | 'fix'>

/**
 * What is refused of a member of a deb or a layer whatever its origin, unless a locked package has the same at the same
 * place with the same mode: git knows 644, 755 and links, and no owner.
 */
export function installedFinding(member: Member, context: TraceContext): Finding | undefined {
  const place = installedPlace(member.path, context.artifact.kind)
  if (place === undefined) return controlMode(member, context)
  if (isLocked(member, place.path, context)) return undefined
  for (const rule of rules) {
    const refused = rule(member, place.path, context)
    if (refused !== undefined) return refusal(context.artifact.name, member.path, refused)
  }
  return undefined
}

function controlMode(member: Member, { artifact }: TraceContext): Finding | undefined {
  if (artifact.kind !== 'deb' || (member.mode & 0o7022) === 0 || member.kind === 'symlink') return undefined
  return refusal(
    artifact.name,
    member.path,
    modeRefusal(member, 'it can be written by others, or would run as its owner')
  )
}

function isLocked(member: Member, installed: string, { evidence }: TraceContext): boolean {
  const kind = member.kind === 'hardlink' ? 'file' : member.kind
  return (evidence?.roots ?? []).some(({ files }) => {
    const file: InstalledFile | undefined = files.get(installed)
    if (file?.kind !== kind || attributesOf(member).length > 0) return false
    const owner = `${member.fields.uid ?? 0}:${member.fields.gid ?? 0}`
    return (
      file.mode === member.mode &&
      file.owner === owner &&
      (file.sha256 === null || file.sha256 === member.sha256)
    )
  })
}

const device: Rule = ({ kind }) =>
  kind === 'device' || kind === 'fifo'
    ? {
        code: 'special-file',
        message: `The member is ${kind === 'device' ? 'a device' : 'a named pipe'}: no file of a tag is one.`,
        cause: 'The build makes it (mknod, mkfifo).',
        fix: 'Leave it out; what a service needs at run time it makes itself, or systemd and the container runtime do.'
      }
    : undefined

const setId: Rule = (member) =>
  member.kind !== 'symlink' &&
  (member.mode & 0o6000) !== 0 &&
  !(member.kind === 'directory' && (member.mode & 0o4000) === 0)
    ? modeRefusal(member, 'it would run as its owner')
    : undefined

const writable: Rule = (member, installed) => {
  const sticky = member.kind === 'directory' && (member.mode & 0o1000) !== 0
  if (member.kind === 'symlink' || (member.mode & 0o002) === 0 || sticky) return undefined
  return modeRefusal(member, `everybody can write to /${installed}`)
}

function modeRefusal(member: Member, why: string): Refusal {
  return {
    code: 'mode-refused',
    message: `The member has the mode ${member.mode.toString(8)}: ${why}.`,
    cause: 'Git knows 644, 755 and links only, so the build set it.',
    fix: 'Find the chmod in the build and remove it; where it is meant, add a waiver with a reason for check traced, code mode-refused.'
  }
}

/** Extended attributes of pax headers: capabilities make a program root without a set-id bit (capabilities(7)). */
function attributesOf({ fields }: Member): string[] {
  return Object.keys(fields).filter((key) => /^(SCHILY\.xattr|LIBARCHIVE\.xattr)\./.test(key))
}

const capabilities: Rule = (member) => {
  const named = attributesOf(member).map((key) => key.replace(/^[A-Z]+\.xattr\./, ''))
  const told = named.filter(
    (name) => !name.startsWith('user.overlay.') && !name.startsWith('trusted.overlay.')
  )
  return told.length === 0
    ? undefined
    : {
        code: 'attribute-refused',
        message: `The member has the extended attribute ${told.join(', ').slice(0, 300)}${told.includes('security.capability') ? ': it runs with rights of root' : ''}.`,
        cause: 'The build sets it (setcap, setfattr); no file of a tag has one.',
        fix: 'Give the rights to the service at run time (systemd AmbientCapabilities=, docker run --cap-add); or waive it with a reason.'
      }
}

/**
 * Users that a package may give files to: root. Steps of a Dockerfile may name others; folders of an assembled image are
 * those of its base.
 */
const owner: Rule = (member, _installed, { artifact, target }) => {
  const { uid = 0, gid = 0 } = member.fields
  if (Number(uid) === 0 && Number(gid) === 0) return undefined
  const assembled = target?.image?.mode === 'assemble' && member.kind !== 'directory'
  if (artifact.kind !== 'deb' && !assembled) return undefined
  return {
    code: 'owner-refused',
    message: `The member belongs to ${String(uid)}:${String(gid)}: whoever has that number on a user's machine owns it.`,
    cause: 'The package was not built with --root-owner-group, or something changed owners.',
    fix: 'Let the package belong to root, and let the maintainer script give folders to a user that it makes.'
  }
}

const escape: Rule = (member, installed) => {
  if (member.kind !== 'symlink' || member.linkTarget === null) return undefined
  const text = member.linkTarget
  if (!text.startsWith('/')) {
    const led = path.posix.normalize(path.posix.join(path.posix.dirname(installed), text))
    return led.startsWith('..') ? leavesRoot(member) : undefined
  }
  return /^\/(proc|sys|dev\/(?!null$)|tmp\/|var\/tmp\/|home\/|run\/(?!lock)|mnt\/|media\/)/.test(text)
    ? leavesRoot(member)
    : undefined
}

function leavesRoot({ linkTarget }: Member): Refusal {
  return {
    code: 'link-refused',
    message: `The member leads to ${JSON.stringify(linkTarget)}: what is there is no file of a package, and others may put it there.`,
    cause: 'The build leaves a link into its own surroundings.',
    fix: 'Link to a path of the package, or of a package that it depends on.'
  }
}

/** Code that every process or every start of Python runs, beside the folder of modules. */
const startup: Rule = (member, installed) =>
  member.kind !== 'directory' && (runsAtStart(installed) || leadsPython(installed))
    ? {
        code: 'pth-file',
        message: `/${installed} runs in every process, or at each start of Python.`,
        cause: 'The build puts it there.',
        fix: 'Leave it out; or, where it is meant, add a waiver with a reason for check traced, code pth-file.'
      }
    : undefined

/** `ld.so.preload`, and what site.py imports, as a file of any form or as a package, in a folder of the standard library. */
function runsAtStart(installed: string): boolean {
  return (
    installed === 'etc/ld.so.preload' ||
    /^(etc|etc\/python[\d.]*|usr\/(local\/)?lib\/python[\d.]*(\/lib-dynload)?)\/(site|user)customize(\.[^/]+$|\/)/.test(
      installed
    )
  )
}

/**
 * What comes before the standard library, or says where it is: `lib/python311.zip` of any prefix, and `pyvenv.cfg` beside
 * the interpreter of the system or above it (Python library reference, "The initialization of the sys.path module search path").
 */
function leadsPython(installed: string): boolean {
  return (
    /(^|\/)lib(64)?\/python\d+\.zip$/.test(installed) ||
    /^(usr\/(local\/)?)?(bin\/)?pyvenv\.cfg$/.test(installed)
  )
}

const rules: readonly Rule[] = [device, setId, writable, capabilities, owner, escape, startup]
