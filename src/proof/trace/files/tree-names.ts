import type { TraceContext } from '../generator.ts'

const known = new WeakMap<TraceContext, ReadonlyMap<string, readonly string[]>>()

/** Paths of the target's files by their last part: an artifact may ask once per member. */
export function pathsNamed(context: TraceContext, name: string): readonly string[] {
  return index(context).get(name) ?? []
}

function index(context: TraceContext): ReadonlyMap<string, readonly string[]> {
  const held = known.get(context)
  if (held !== undefined) return held
  const names = new Map<string, string[]>()
  for (const path of context.tree.paths) {
    if (!path.startsWith(context.folder)) continue
    const name = lastPart(path)
    const paths = names.get(name)
    if (paths === undefined) names.set(name, [path])
    else paths.push(path)
  }
  known.set(context, names)
  return names
}

export function lastPart(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}
