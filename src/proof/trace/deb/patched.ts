import { lastPart } from '../files/tree-names.ts'
import type { Generator, TraceContext, TracedMember, Verdict } from '../generator.ts'
import { applyHunks, parseUnifiedDiff, type FilePatch } from './unified-diff.ts'

interface Series {
  /** By the path of the file, relative to the target: the patches that change it, in order. */
  patches: ReadonlyMap<string, readonly { path: string; patch: FilePatch }[]>
}

const known = new WeakMap<TraceContext, Promise<Series>>()
const none: Series = { patches: new Map() }

/** A file of the tag with the patches of `debian/patches` applied, as dpkg-source does before a build. */
export const patchedFile: Generator = {
  name: 'quilt-patch',
  reason: 'dpkg-source applies debian/patches before the build: the file of the tag, patched, is the member.',
  matches: ({ kind }) => kind === 'file',
  derive: derivePatched
}

async function derivePatched(member: TracedMember, context: TraceContext): Promise<Verdict | undefined> {
  const { patches } = await seriesOf(context)
  if (patches.size === 0 || member.content === null) return undefined
  const own = context.own?.(member.path) ?? null
  // Where nothing else tells the file's place in the tree, its name must do: the bytes decide.
  const named = [...patches.keys()].filter((path) => lastPart(path) === lastPart(member.path))
  const places = own === null ? named : [own.slice(context.folder.length)]
  for (const place of places) {
    const verdict = await patched(member, place, patches.get(place) ?? [], context)
    if (verdict !== undefined) return verdict
  }
  return undefined
}

async function patched(
  member: TracedMember,
  place: string,
  list: readonly { path: string; patch: FilePatch }[],
  { tree, folder }: TraceContext
): Promise<Verdict | undefined> {
  const own = folder + place
  const original = await tree.read(own)
  if (list.length === 0 || original === undefined || member.content === null) return undefined
  let text: string | undefined = original.toString('latin1')
  for (const { patch } of list) text = text === undefined ? undefined : applyHunks(text, patch)
  if (text === undefined || !Buffer.from(text, 'latin1').equals(member.content)) return undefined
  return { traced: true, from: [own, ...list.map(({ path }) => path)] }
}

function seriesOf(context: TraceContext): Promise<Series> {
  const held = known.get(context)
  if (held !== undefined) return held
  const reading = read(context)
  known.set(context, reading)
  return reading
}

/** A patch that is not understood takes the whole series with it: later ones may build on it. */
async function read({ tree, folder }: TraceContext): Promise<Series> {
  const patches = new Map<string, { path: string; patch: FilePatch }[]>()
  const text = (await tree.read(`${folder}debian/patches/series`))?.toString('utf8') ?? ''
  for (const line of text.split('\n')) {
    const [name = '', option] = line
      .replace(/(^|\s)#.*$/, '')
      .trim()
      .split(/\s+/)
    if (name === '') continue
    const path = `${folder}debian/patches/${name}`
    const bytes = await tree.read(path)
    const files = bytes === undefined ? undefined : parseUnifiedDiff(bytes.toString('latin1'))
    if (files === undefined || (option !== undefined && option !== '-p1')) return none
    for (const patch of files) {
      const file = patch.to ?? patch.from
      if (file === null) return none
      const list = patches.get(file)
      if (list === undefined) patches.set(file, [{ path, patch }])
      else list.push({ path, patch })
    }
  }
  return { patches }
}
