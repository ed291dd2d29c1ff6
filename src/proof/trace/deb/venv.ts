import { readGzip } from '../../../formats/gzip.ts'
import { TagproofError } from '../../../platform/errors.ts'
import { once, whole } from '../../../platform/pieces.ts'
import { controlFits, expectedVenvFiles, type ExpectedFile } from '../../../targets/deb/venv/expected.ts'
import { scriptNames, type VenvFacts } from '../../../targets/deb/venv/generated.ts'
import { debianVersion } from '../../../targets/deb/venv/version.ts'
import type { VenvSettings } from '../../../documents/target-settings.ts'
import { differs } from '../files/verdicts.ts'
import type { Generator, TraceContext, TracedMember, Verdict } from '../generator.ts'
import { memberText } from '../metadata/member-text.ts'
import { suiteIn } from './changelog.ts'
import { debPackage, type DebPackage } from './package.ts'

/** What the settings of the target say of a package that is made of a wheel. */
interface Venv {
  settings: VenvSettings
  facts: VenvFacts
  files: ReadonlyMap<string, ExpectedFile>
}

const known = new WeakMap<TraceContext, Promise<Venv | undefined>>()

/** Files of a package with a virtual environment that its settings say by themselves. */
export const venvFiles: Generator = {
  name: 'venv-deb',
  reason: 'The settings of the target say what stands at this path; it is made again from them.',
  matches: ({ kind }, { target }) => target?.deb?.mode === 'venv' && kind !== 'device' && kind !== 'fifo',
  async derive(member, context) {
    const venv = await venvOf(context)
    if (venv === undefined) return undefined
    if (member.path === 'DEBIAN/control') return control(member, venv, context)
    const [place, expected] = expectedAt(member.path, venv.files)
    return expected === undefined ? undefined : compare(member, { place, expected }, context)
  }
}

/** The file of a path, or the folder of the tree that is installed above it. */
function expectedAt(
  path: string,
  files: ReadonlyMap<string, ExpectedFile>
): [string, ExpectedFile | undefined] {
  const own = files.get(path)
  if (own !== undefined) return [path, own]
  for (let cut = path.lastIndexOf('/'); cut > 0; cut = path.lastIndexOf('/', cut - 1)) {
    const above = files.get(path.slice(0, cut))
    if (above?.kind === 'tree') return [path.slice(0, cut), above]
  }
  return [path, undefined]
}

async function compare(
  member: TracedMember,
  { place, expected }: { place: string; expected: ExpectedFile },
  context: TraceContext
): Promise<Verdict | undefined> {
  const traced = { traced: true as const, rule: expected.by }
  if (expected.kind === 'link')
    return member.linkTarget === expected.target
      ? { ...traced, from: [] }
      : differs(member, Buffer.from(expected.target), 'the package')
  const found = await context.content(member.path)
  if (found === undefined) return undefined
  if (expected.kind === 'tree') {
    const source = expected.from + member.path.slice(place.length)
    const original = await context.tree.read(source)
    return original?.equals(found) === true ? { traced: true, origin: 'blob', from: [source] } : undefined
  }
  const bytes = expected.packed === 'gzip' ? await unpacked(found) : found
  const from = member.path.startsWith('DEBIAN/') ? scriptsOf(context) : []
  return bytes?.equals(Buffer.from(expected.text)) === true
    ? { ...traced, from }
    : differs({ ...member, content: bytes ?? found }, Buffer.from(expected.text), 'the package')
}

function scriptsOf({ target }: TraceContext): string[] {
  return target?.deb?.mode === 'venv' ? Object.values(target.deb.venv.scripts) : []
}

async function unpacked(content: Buffer): Promise<Buffer | undefined> {
  try {
    return await whole(readGzip(once(content), { maximumSize: 4 * 2 ** 20 }))
  } catch (error) {
    if (error instanceof TagproofError) return undefined
    throw error
  }
}

async function control(
  member: TracedMember,
  { settings, facts }: Venv,
  context: TraceContext
): Promise<Verdict> {
  const text = (await memberText(member, context))?.toString('utf8') ?? ''
  const measures = controlFits(text, settings, facts)
  if (measures === null) return differs(member, undefined, 'the package')
  const size = sizeOf(context)
  if (measures.installedSize !== String(size))
    return {
      traced: false,
      code: 'metadata-differs',
      message: `${member.path}: Installed-Size is ${measures.installedSize}, and would be ${size}.`,
      cause: 'Files were added or removed after the package was measured.',
      fix: 'Let nothing change the package once it is put together.'
    }
  const libraries = measures.libraries === '' ? '' : `; dpkg-shlibdeps found ${measures.libraries}`
  return {
    traced: true,
    from: [],
    reason: `Made from the settings of the target${libraries}.`.slice(0, 2000)
  }
}

/** As the assembly counts: kibibytes of each file, rounded up, and one for anything else. */
function sizeOf({ all = [] }: TraceContext): number {
  return all
    .filter(({ path }) => path !== '.' && path !== 'DEBIAN' && !path.startsWith('DEBIAN/'))
    .reduce((sum, { kind, size }) => sum + (kind === 'file' ? Math.ceil(size / 1024) : 1), 0)
}

function venvOf(context: TraceContext): Promise<Venv | undefined> {
  const held = known.get(context)
  if (held !== undefined) return held
  const reading = read(context)
  known.set(context, reading)
  return reading
}

async function read(context: TraceContext): Promise<Venv | undefined> {
  const { target, tag, tree } = context
  const deb = await debPackage(context)
  if (target?.deb?.mode !== 'venv' || deb === undefined) return undefined
  const settings = target.deb.venv
  const facts = await factsOf(settings, deb, context)
  if (facts === undefined) return undefined
  const scripts: Partial<Record<(typeof scriptNames)[number], string>> = {}
  for (const name of scriptNames) {
    const path = settings.scripts[name]
    const text = path === undefined ? undefined : await tree.read(path)
    if (text !== undefined) scripts[name] = text.toString('utf8')
  }
  return {
    settings,
    facts: { ...facts, tag: tag.name, commit: tag.commit, epoch: tag.epoch },
    files: expectedVenvFiles(settings, facts, scripts)
  }
}

/** What the settings do not say and the package shows: the Python that it is for, and the suite of its root. */
async function factsOf(
  settings: VenvSettings,
  deb: DebPackage,
  context: TraceContext
): Promise<VenvFacts | undefined> {
  const site = new RegExp(`^${escaped(settings.prefix.slice(1))}/lib/python(3\\.\\d+)/site-packages/`)
  const minor = [...context.members.keys()]
    .map((path) => site.exec(path)?.[1])
    .find((found) => found !== undefined)
  const version = versionOf(settings, deb, context)
  if (minor === undefined || version === undefined) return undefined
  const changelog = await context.content(`usr/share/doc/${settings.package}/changelog.Debian.gz`)
  const text = changelog === undefined ? undefined : await unpacked(changelog)
  return {
    version,
    architecture: deb.architecture,
    minor,
    suite: suiteIn(text?.toString('utf8') ?? '') ?? 'unstable',
    tag: context.tag.name,
    commit: context.tag.commit,
    epoch: context.tag.epoch
  }
}

/** Of an untagged commit the package's own version is all that there is. */
function versionOf(
  { revision }: VenvSettings,
  deb: DebPackage,
  { version }: TraceContext
): string | undefined {
  if (version === null) return deb.version
  try {
    return debianVersion(version, revision)
  } catch (error) {
    if (error instanceof TagproofError) return undefined
    throw error
  }
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
}
