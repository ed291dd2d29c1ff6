import { folderReason } from '../../../source/opaque.ts'
import type { TraceContext } from '../generator.ts'

const known = new WeakMap<TraceContext, ReadonlyMap<string, readonly string[]>>()

/** Paths of the target's files by their last part: an artifact may ask once per member. */
export function pathsNamed(context: TraceContext, name: string): readonly string[] {
  return index(context).get(name) ?? []
}

/** The same without tests, documents, examples and benchmarks, unless the member lies in such a folder itself. */
export function packagePathsNamed(context: TraceContext, inner: string): readonly string[] {
  const own = folderReason(inner)
  return pathsNamed(context, lastPart(inner)).filter((path) => {
    const reason = folderReason(path.slice(context.folder.length))
    return reason === undefined || reason === own
  })
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
