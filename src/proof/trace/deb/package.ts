import { memberText } from '../metadata/member-text.ts'
import type { TraceContext } from '../generator.ts'
import { fieldOf, parseParagraphs, type Paragraph } from './paragraphs.ts'

/** What the tree and the deb itself say of the package. */
export interface DebPackage {
  name: string
  version: string
  architecture: string
  /** Paragraph of the deb's own control file. */
  control: Paragraph
  /** First paragraph of `debian/control`, and the one of this package; undefined where the tree has none. */
  source: Paragraph | undefined
  stanza: Paragraph | undefined
  /** The first package of `debian/control`: files without a package's name are for it. */
  isMain: boolean
}

const known = new WeakMap<TraceContext, Promise<DebPackage | undefined>>()

/** Read once per trace; undefined where control cannot be read. */
export function debPackage(context: TraceContext): Promise<DebPackage | undefined> {
  const held = known.get(context)
  if (held !== undefined) return held
  const reading = read(context)
  known.set(context, reading)
  return reading
}

async function read(context: TraceContext): Promise<DebPackage | undefined> {
  const member = context.members.get('DEBIAN/control')
  const bytes = member === undefined ? undefined : await memberText(member, context)
  const [control, second] = (bytes === undefined ? undefined : parseParagraphs(bytes)) ?? []
  if (control === undefined || second !== undefined) return undefined
  const tree = await context.tree.read(`${context.folder}debian/control`)
  const [source, ...stanzas] = (tree === undefined ? undefined : parseParagraphs(tree)) ?? []
  const name = fieldOf(control, 'Package')
  return {
    name,
    version: fieldOf(control, 'Version'),
    architecture: fieldOf(control, 'Architecture'),
    control,
    source,
    stanza: stanzas.find((stanza) => fieldOf(stanza, 'Package') === name) ?? symbolsStanza(name, stanzas),
    isMain: fieldOf(stanzas[0], 'Package') === name
  }
}

/** `PKG-dbgsym`, which dh_strip makes beside a package: its paragraph follows from that of the package. */
function symbolsStanza(name: string, stanzas: readonly Paragraph[]): Paragraph | undefined {
  const of = name.endsWith('-dbgsym') ? name.slice(0, -'-dbgsym'.length) : undefined
  const stanza = stanzas.find((each) => fieldOf(each, 'Package') === of)
  if (of === undefined || stanza === undefined) return undefined
  const fields: [string, string][] = [
    ['Package', name],
    ['Architecture', fieldOf(stanza, 'Architecture')],
    ['Multi-Arch', 'same'],
    ['Section', 'debug'],
    ['Priority', 'optional'],
    ['Auto-Built-Package', 'debug-symbols'],
    ['Depends', `${of} (= \${binary:Version})`],
    ['Description', `debug symbols for ${of}`]
  ]
  const own = [...stanza].filter(([key]) => key.startsWith('xb'))
  return new Map([
    ...own,
    ...fields.map(([key, value]) => [key.toLowerCase(), { name: key, value }] as const)
  ])
}

/**
 * Files of `debian/` that debhelper takes for a package, best first: `debian/PKG.NAME`, and `debian/NAME` for the main
 * package (debhelper(7), "Debhelper config files").
 */
export function debianFiles(context: TraceContext, { name, isMain }: DebPackage, file: string): string[] {
  const folder = `${context.folder}debian/`
  const paths = [`${folder}${name}.${file}`, ...(isMain ? [folder + file] : [])]
  return paths.filter((path) => context.tree.has(path))
}

/** Text of the first of those files, with its path. */
export async function debianText(
  context: TraceContext,
  deb: DebPackage,
  file: string
): Promise<{ path: string; text: string } | undefined> {
  const [path] = debianFiles(context, deb, file)
  const bytes = path === undefined ? undefined : await context.tree.read(path)
  return path === undefined || bytes === undefined ? undefined : { path, text: bytes.toString('utf8') }
}
