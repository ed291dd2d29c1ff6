import type { Finding } from '../../documents/proof.ts'
import { folderReason } from '../../source/opaque.ts'
import { isCode, isLibrary, isStartupFile, nativeForm } from './code.ts'
import type { ArchiveKind } from '../../formats/archive.ts'
import type { TracedMember } from './generator.ts'
import { installPath, type Placement } from './placement.ts'

type PolicyRequest = { artifact: { name: string; kind: ArchiveKind }; member: TracedMember }

/** What is refused of a member whatever its origin: modes that no package needs. */
export function modeFinding({
  artifact,
  member
}: {
  artifact: PolicyRequest['artifact']
  member: { path: string; mode: number }
}): Finding | undefined {
  const set = member.mode & 0o7000
  if (set === 0) return undefined
  return refusal(artifact.name, member.path, {
    code: 'mode-refused',
    message: `The member has the mode ${member.mode.toString(8)}: ${set & 0o6000 ? 'it would run as its owner' : 'it is sticky'}.`,
    cause: 'Git knows 644, 755 and links only, so the build set it.',
    fix: 'Find the chmod in the build and remove it.'
  })
}

/** What is refused of a member although its bytes are those of a file of the tag. */
export function blobFinding(request: PolicyRequest & { placement: Placement }): Finding | undefined {
  return (
    startupFinding(request) ??
    nativeFinding(request) ??
    metadataFinding(request) ??
    linkedFinding(request) ??
    movedFinding(request)
  )
}

function startupFinding({ artifact, member }: PolicyRequest): Finding | undefined {
  if (artifact.kind === 'sdist' || !isStartupFile(installPath(member.inner))) return undefined
  return refusal(artifact.name, member.path, {
    code: 'pth-blob',
    message: 'Python runs this file at each start, imported or not, once the package is installed.',
    cause: 'The project commits a file for the top of site-packages.',
    fix: 'Leave it out of the package; or, where it is meant, add a waiver with a reason for check traced, code pth-blob.'
  })
}

function nativeFinding({ artifact, member }: PolicyRequest): Finding | undefined {
  const form = nativeForm(member)
  if (form === undefined) return undefined
  if (artifact.kind === 'sdist' && folderReason(member.inner) !== undefined) return undefined
  const said = `The member is ${form} that was committed: nobody can read what it does.`
  if (!isLoadable(member))
    return {
      ...refusal(artifact.name, member.path, {
        code: 'compiled-data',
        message: `${said} Nothing imports or runs it by its name or mode.`,
        cause: 'The tag holds a compiled file, and it is copied into the package as data.',
        fix: 'Say with a waiver why it is there (check traced, code compiled-data), or leave it out.'
      }),
      severity: 'warn'
    }
  return refusal(artifact.name, member.path, {
    code: 'compiled-blob',
    message: said,
    cause: 'The tag holds a compiled file, and it is copied into the package.',
    fix: 'Build it from its source; or leave it out; or add a waiver with a reason for check traced, code compiled-blob.'
  })
}

/** A process can load it; or by its name an importer or a linker takes it, or by its mode a system runs it. */
function isLoadable(member: TracedMember): boolean {
  return (
    isLibrary(member.head) ||
    /\.(so(\.[0-9]+)*|pyd|dll|dylib|exe|com|scr|py[co]|a|lib|wasm)$/i.test(member.path) ||
    /^[^/]+\.data\/(scripts|data\/s?bin)\//.test(member.path) ||
    (member.mode & 0o111) !== 0
  )
}

/** Files of metadata that installers, plugins and `importlib.metadata` read; in any case, for some disks have none. */
const readMetadata =
  /^(?:[^/]+\/)?[^/]+\.(?:dist|egg)-info\/(?:metadata|pkg-info|record|wheel|entry_points\.txt|requires\.txt|depends\.txt|top_level\.txt|namespace_packages\.txt|dependency_links\.txt|installer|requested|direct_url\.json)$/i

/** Metadata that no rule has derived, from a file that nobody takes for metadata. */
function metadataFinding({
  artifact,
  member,
  placement
}: PolicyRequest & { placement: Placement }): Finding | undefined {
  const { origin, from } = placement
  if (origin === 'blob' || from === null || !readMetadata.test(installPath(member.inner))) return undefined
  return refusal(artifact.name, member.path, {
    code: 'metadata-unexpected',
    message: `The member is read as metadata of an installed package, and is ${JSON.stringify(from)} of the tag.`,
    cause: 'The build copies a file to where commands, plugins and requirements are looked for.',
    fix: 'Let the backend alone write metadata; find what copies the file.'
  })
}

/** Code behind a link into a folder whose files are not read as code of the package. */
function linkedFinding({
  artifact,
  member,
  placement
}: PolicyRequest & { placement: Placement }): Finding | undefined {
  const { origin, from } = placement
  if (origin !== 'link' || from === null || member.size === 0 || !isCode(member)) return undefined
  const elsewhere = folderReason(from)
  if (elsewhere === undefined || elsewhere === folderReason(member.inner)) return undefined
  return refusal(artifact.name, member.path, {
    code: 'moved-code',
    message: `The member is code, and a link of the tag leads to ${JSON.stringify(from)}: a file of a folder of ${elsewhere}.`,
    cause: 'A reviewer of the package sees a link, and does not look for its code there.',
    fix: 'Move the file to its place in the tree; or add a waiver with a reason for check traced, code moved-code.'
  })
}

/** Code that comes from a place where no code of the package lies, or under another name. */
function movedFinding({
  artifact,
  member,
  placement
}: PolicyRequest & { placement: Placement }): Finding | undefined {
  const { origin, from, own } = placement
  if (origin !== 'moved' || from === null) return undefined
  if (own !== null && member.size > 0)
    return refusal(artifact.name, member.path, {
      code: 'modified',
      message: `The tag has ${JSON.stringify(own)} for this member, and the artifact holds ${JSON.stringify(from)} in its place.`,
      cause: 'The build replaces one file of the tag by another.',
      fix: 'Find what copies over it in the build (setup.py, build hooks), and remove it.'
    })
  // What a moved link leads to is not known to be what it led to.
  if (member.kind !== 'symlink' && (member.size === 0 || !isCode(member))) return undefined
  const name = (path: string): string => path.slice(path.lastIndexOf('/') + 1)
  const elsewhere = folderReason(from)
  const sameName = name(from) === name(member.path)
  if (sameName && (elsewhere === undefined || elsewhere === folderReason(member.inner))) return undefined
  return refusal(artifact.name, member.path, {
    code: 'moved-code',
    message: `The member is code, and is ${JSON.stringify(from)} of the tag: ${sameName ? `a file of a folder of ${elsewhere ?? 'another kind'}` : 'a file with another name'}.`,
    cause: 'The build copies a file to where it is run, and a reviewer does not look for it there.',
    fix: 'Move the file to its place in the tree; or add a waiver with a reason for check traced, code moved-code.'
  })
}

export function refusal(
  artifact: string,
  member: string | null,
  detail: Pick<Finding, 'code' | 'message' | 'cause' | 'fix'>
): Finding {
  return { check: 'traced', severity: 'refuse', artifact, member, waiver: null, ...detail }
}

export function note(artifact: string, code: string, message: string): Finding {
  return {
    check: 'traced',
    code,
    severity: 'note',
    artifact,
    member: null,
    message: message.slice(0, 3000),
    cause: null,
    fix: null,
    waiver: null
  }
}
