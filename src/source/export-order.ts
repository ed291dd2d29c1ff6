import type { World } from '../documents/identifiers.ts'

/** A place in an export: a folder, or something that the caller knows by its path. */
export interface ExportPlace<Leaf> {
  path: string
  /** Null for a folder. */
  leaf: Leaf | null
}

interface Folder<Leaf> {
  children: Map<string, Folder<Leaf> | { leaf: Leaf }>
}

/**
 * The order in which a world's export lists its places: each folder before what it holds; names sorted by their
 * bytes for world a, the other way round for world b. A file system that lists names in the order of their making
 * then shows each world another order.
 */
export function exportOrder<Leaf>(leaves: ReadonlyMap<string, Leaf>, world: World): ExportPlace<Leaf>[] {
  const root: Folder<Leaf> = { children: new Map() }
  for (const [path, leaf] of leaves) {
    const parts = path.split('/')
    const name = parts.pop() ?? ''
    parts.reduce(enter, root).children.set(name, { leaf })
  }
  const places: ExportPlace<Leaf>[] = []
  list(root, '', world, places)
  return places
}

function enter<Leaf>(folder: Folder<Leaf>, name: string): Folder<Leaf> {
  const known = folder.children.get(name)
  if (known !== undefined && 'children' in known) return known
  const made: Folder<Leaf> = { children: new Map() }
  folder.children.set(name, made)
  return made
}

function list<Leaf>(folder: Folder<Leaf>, prefix: string, world: World, places: ExportPlace<Leaf>[]): void {
  const children = [...folder.children].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
  for (const [name, child] of world === 'a' ? children : children.reverse()) {
    const path = prefix + name
    places.push({ path, leaf: 'children' in child ? null : child.leaf })
    if ('children' in child) list(child, `${path}/`, world, places)
  }
}
