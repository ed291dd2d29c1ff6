import type { ScrambledFile } from '../../documents/plan.ts'
import type { ArchiveKind, Member } from '../../formats/archive.ts'
import type { Difference } from '../compare.ts'
import { escaped } from '../content.ts'
import { fixFor, nameFiles, type Backend } from './backend.ts'
import { fixOfKind } from './by-kind.ts'
import { systemFileAt } from './system.ts'

/** A difference that shows without a look at content, in words. */
export interface Shape {
  message: string
  cause: string | null
  fix: string | null
}

export interface ShapeContext {
  kind: ArchiveKind
  backend: Backend | null
  scramble: readonly ScrambledFile[]
}

type ShapeCode = Exclude<Difference['code'], 'content-differs'>

/** What is to be said of a difference in anything but content; its place alone may tell the cause. */
export function explainShape(difference: Difference & { code: ShapeCode }, context: ShapeContext): Shape {
  const shape = shapes[difference.code](difference, context)
  const known = systemFileAt(difference.member, context.kind)
  return known === undefined ? shape : { ...shape, ...known }
}

const shapes: Record<ShapeCode, (difference: Difference, context: ShapeContext) => Shape> = {
  'member-missing': ({ member, a }, context) => ({
    message: `${member} is in world ${a === null ? 'b' : 'a'} alone`,
    ...((a === null ? undefined : bytecodeOfScrambled(member, context)) ?? {
      cause:
        'The build includes the file under a condition that differs between the worlds, or its name holds a time, a path or a random part.',
      fix: fixFor(context.backend, nameFiles)
    })
  }),
  'kind-differs': ({ member, a, b }) => ({
    message: `${member} is a ${a?.kind ?? ''} in world a and a ${b?.kind ?? ''} in world b`,
    cause: null,
    fix: 'Let the build make a regular file there in any case.'
  }),
  'link-differs': ({ member, a, b }) => ({
    message: `${member} leads to ${escaped(a?.linkTarget ?? '')} in world a and to ${escaped(b?.linkTarget ?? '')} in world b`,
    cause: 'The link holds a path of the machine that built it.',
    fix: 'Make the link relative.'
  }),
  'mode-differs': ({ member, a, b }, { kind }) => ({
    message: `${member} has mode ${octal(a?.mode)} in world a and ${octal(b?.mode)} in world b`,
    ...modes[kind]
  }),
  'owner-differs': ({ member, a, b }, { kind }) => ({
    message: `${member} belongs to ${ownerOf(a)} in world a and to ${ownerOf(b)} in world b`,
    cause: 'The owner follows the user who builds.',
    fix:
      kind === 'deb'
        ? 'Set `Rules-Requires-Root: no` in debian/control, so that all files belong to root; pass --root-owner-group to dpkg-deb.'
        : 'Name owners by number in the Dockerfile (COPY --chown=1000:1000), and give users fixed ids (useradd --uid).'
  }),
  'time-differs': ({ member, a, b }, { kind }) => ({
    message: `${member} has the time ${timeOf(a)} in world a and ${timeOf(b)} in world b`,
    cause:
      'The time of the file is not that of the tagged commit. Builders replace later times alone, and keep older ones.',
    fix:
      kind === 'deb'
        ? 'Set the times before the package is made: `find debian/PACKAGE -newermt @0 -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +` in debian/rules.'
        : 'Set the times in the RUN step that makes the files: `&& find DIR -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +`.'
  }),
  'attribute-differs': ({ member, a, b }) => ({
    message: `${member} differs in ${attributesOf(a, b).map(escaped).join(', ')}`,
    cause: 'An extended attribute, a capability or a device number follows the build.',
    fix: 'Set it to a fixed value (setcap, setfattr), or leave it out.'
  })
}

const modes: Record<ArchiveKind, Pick<Shape, 'cause' | 'fix'>> = {
  sdist: executable(),
  wheel: executable(),
  deb: {
    cause: 'The mode follows the umask of the builder, or is set under a condition that differs.',
    fix: 'Let dh_fixperms set modes, or install files with `install -m 644`; do not rely on the umask.'
  },
  image: {
    cause: 'The mode follows the umask of the RUN step, or is set under a condition that differs.',
    fix: 'Write `COPY --chmod=644`, or `&& chmod -R u=rwX,go=rX DIR` in the RUN step that makes the files.'
  }
}

function executable(): Pick<Shape, 'cause' | 'fix'> {
  return {
    cause: 'The build sets the executable bit under a condition that differs between the worlds.',
    fix: 'Set the mode in git (git update-index --chmod=+x), or in the build without looking at the umask.'
  }
}

/** Bytecode that world b could not compile, since it sees the source scrambled. */
function bytecodeOfScrambled(
  member: string,
  { kind, scramble }: ShapeContext
): Pick<Shape, 'cause' | 'fix'> | undefined {
  const [, folder = '', name] = /^(?:(.*)\/)?__pycache__\/([^/.]+)\.[^/]*pyc$/.exec(member) ?? []
  if (name === undefined) return undefined
  const source = `${folder.slice(folder.lastIndexOf('/') + 1)}/${name}.py`
  const file = scramble.find(({ path }) => `/${path}`.endsWith(`/${source}`))
  const fix = fixOfKind(kind, 'bytecode')
  if (file === undefined || fix === undefined) return undefined
  return {
    cause: `It is compiled from ${file.path}, which world b sees scrambled (${file.reason}) and so cannot compile.`,
    fix
  }
}

function octal(mode: number | undefined): string {
  return (mode ?? 0).toString(8).padStart(4, '0')
}

function ownerOf(member: Member | null): string {
  const { uid = '', gid = '', uname = '', gname = '' } = member?.fields ?? {}
  return `${uid}:${gid} (${escaped(String(uname))}, ${escaped(String(gname))})`
}

function timeOf(member: Member | null): string {
  return String(member?.fields.mtime ?? '')
}

function attributesOf(a: Member | null, b: Member | null): string[] {
  const [one, other] = [a?.fields ?? {}, b?.fields ?? {}]
  const ignored = ['mode', 'linkTarget', 'headerBytes', 'mtime']
  return [...new Set([...Object.keys(one), ...Object.keys(other)])]
    .filter((key) => one[key] !== other[key] && !ignored.includes(key))
    .sort()
}
