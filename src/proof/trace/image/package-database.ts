import type { Generator, TraceContext, TracedMember, Verdict } from '../generator.ts'
import { installedPlace } from '../installed.ts'
import { quotedList } from '../metadata/judgement.ts'
import { memberLines, memberText } from '../metadata/member-text.ts'
import { fieldOf, parseParagraphs, type Paragraph } from '../deb/paragraphs.ts'

/** Paths in the installed system that a rule is for. */
function at(pattern: RegExp): Generator['matches'] {
  return ({ path, kind }, { artifact }) =>
    kind === 'file' &&
    artifact.kind === 'image' &&
    pattern.test(installedPlace(path, artifact.kind)?.path ?? '')
}

/** `var/lib/dpkg/status`: a paragraph for each installed package, with the fields of its own control file. */
export const dpkgStatus: Generator = {
  name: 'dpkg-status',
  reason: 'dpkg copies the control file of each installed package; those of locked packages are compared.',
  matches: at(/^var\/lib\/dpkg\/(status|status\.d\/[^/]+)$/),
  async derive(member, context) {
    const bytes = await memberText(member, context)
    const paragraphs = bytes === undefined ? undefined : parseParagraphs(bytes)
    if (paragraphs === undefined) return undefined
    return judgeStatus(member, paragraphs, context)
  }
}

function judgeStatus(
  member: TracedMember,
  paragraphs: readonly Paragraph[],
  { evidence }: TraceContext
): Verdict | undefined {
  const locked = new Map((evidence?.packages ?? []).map((each) => [each.name, each]))
  const inRoots = new Map((evidence?.roots ?? []).flatMap(({ packages }) => [...packages]))
  const inBases = (evidence?.bases.length ?? 0) > 0
  if (locked.size === 0 && inRoots.size === 0) return undefined
  const wrong: string[] = []
  let ofBase = 0
  for (const paragraph of paragraphs) {
    const name = fieldOf(paragraph, 'Package')
    const version = fieldOf(paragraph, 'Version')
    const own = locked.get(name)
    if (own === undefined && inRoots.get(name) === version) continue
    if (own === undefined) {
      if (inBases) ofBase += 1
      else wrong.push(`${name} ${version}`)
      continue
    }
    const [control] = parseParagraphs(own.control.get('control') ?? Buffer.alloc(0)) ?? []
    const differing = [...(control ?? [])].filter(
      ([key, { value }]) => fieldOf(paragraph, key) !== value && key !== 'installed-size'
    )
    if (own.version === version && differing.length > 0)
      wrong.push(`${name}: ${differing.map(([key]) => key).join(', ')}`)
    else if (own.version !== version) ofBase += 1
  }
  if (wrong.length > 0)
    return {
      traced: false,
      code: 'generated-differs',
      message: `${member.path}: ${quotedList(wrong)} is not as locked.`,
      cause:
        'A package was installed that the lock does not name, or something wrote into the database of dpkg.',
      fix: 'Lock the package (packages: of the target), and let apt alone install.'
    }
  return {
    traced: true,
    from: [],
    reason: `Written by dpkg from the control files of locked packages${ofBase > 0 ? `; ${ofBase} paragraphs are of the base image` : ''}.`
  }
}

/** `PKG.list`: every path of the package, folders too. */
export const dpkgList: Generator = {
  name: 'dpkg-list',
  reason:
    'dpkg lists the paths of each package that it installs; files are compared with md5sums of the locked package.',
  matches: at(/^var\/lib\/dpkg\/info\/[^/]+\.list$/),
  async derive(member, context) {
    const lines = await memberLines(member, context)
    const [, name = ''] = /\/([a-z0-9][a-z0-9+.-]*)(?::[a-z0-9-]+)?\.list$/.exec(member.path) ?? []
    const own = context.evidence?.packages.find((each) => each.name === name)
    if (lines === undefined || own === undefined) return undefined
    const conffiles = new Set(
      (own.control.get('conffiles')?.toString('utf8') ?? '').split('\n').map((line) => line.trim())
    )
    const listed = new Set(lines)
    if (isShortened(member, lines, context)) return { traced: true, from: [] }
    const missing = [...own.md5sums.keys()].filter(
      (path) => !listed.has(`/${path}`) && !listed.has(`/${path.replace(/^usr\//, '')}`)
    )
    const folders = new Set<string>(['/.'])
    for (const line of lines)
      for (let cut = line.lastIndexOf('/'); cut > 0; cut = line.lastIndexOf('/', cut - 1))
        folders.add(line.slice(0, cut))
    const added = lines.filter(
      (line) =>
        !own.md5sums.has(line.slice(1)) &&
        !conffiles.has(line) &&
        !folders.has(line) &&
        !isOther(line, context)
    )
    if (missing.length === 0 && added.length === 0) return { traced: true, from: [] }
    return undefined
  }
}

/** Links and empty folders are in no list of hashes. */
function isOther(line: string, { all = [], artifact }: TraceContext): boolean {
  return all.some(
    ({ path, kind }) => kind !== 'file' && installedPlace(path, artifact.kind)?.path === line.slice(1)
  )
}

/**
 * The list of a package of the base, out of which dpkg takes folders that went with their last file: each line that is
 * left is in the list of the same package in the clean root.
 */
function isShortened(
  member: TracedMember,
  lines: readonly string[],
  { evidence, artifact }: TraceContext
): boolean {
  const path = installedPlace(member.path, artifact.kind)?.path ?? ''
  return (evidence?.roots ?? []).some(({ texts }) => {
    const whole = texts.get(path)
    if (whole === undefined) return false
    const known = new Set(whole.split('\n'))
    return lines.every((line) => known.has(line))
  })
}

/** `extended_states`: which packages apt has installed for others alone. */
export const aptStates: Generator = {
  name: 'apt-extended-states',
  reason: 'apt notes which packages were installed for others alone; each is a package of the lock.',
  matches: at(/^var\/lib\/apt\/extended_states$/),
  async derive(member, context) {
    const bytes = await memberText(member, context)
    const paragraphs = bytes === undefined ? undefined : parseParagraphs(bytes)
    const { evidence } = context
    if (paragraphs === undefined || evidence === undefined) return undefined
    const names = new Set([
      ...evidence.packages.map(({ name }) => name),
      ...evidence.roots.flatMap(({ packages }) => [...packages.keys()])
    ])
    const right = paragraphs.every(
      (each) =>
        names.has(fieldOf(each, 'Package')) &&
        [...each.keys()].every((key) => ['package', 'architecture', 'auto-installed'].includes(key))
    )
    return right && names.size > 0 ? { traced: true, from: [] } : undefined
  }
}

/** `ld.so.cache`: names of libraries with their paths, which ldconfig finds in folders of libraries. */
export const linkerCache: Generator = {
  name: 'ldconfig-cache',
  reason:
    'ldconfig lists the libraries that it finds; each path in it is a library of the lock or of the image.',
  matches: at(/^etc\/ld\.so\.cache$/),
  async derive(member, context) {
    const bytes = await memberText(member, context)
    if (bytes === undefined || context.build?.reproduced(member.path) !== true) return undefined
    if (
      !bytes.subarray(0, 17).equals(Buffer.from('glibc-ld.so.cache')) &&
      !bytes.includes('glibc-ld.so.cache1.1')
    )
      return undefined
    const paths = bytes
      .toString('latin1')
      .split('\0')
      .filter((text) => text.startsWith('/'))
    const odd = paths.filter((text) => !/^\/(usr\/)?(local\/)?lib[0-9a-z]*\/[A-Za-z0-9_+./-]+$/.test(text))
    return odd.length === 0 ? { traced: true, from: [] } : undefined
  }
}
