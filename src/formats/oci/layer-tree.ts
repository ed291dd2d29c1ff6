import type { MemberKind } from '../member.ts'

/** What of an entry decides how later entries are unpacked. */
export interface LayerEntry {
  path: string
  kind: MemberKind
  mode: number
  uid: number
  gid: number
  mtime: number
  linkTarget: string | null
}

/** A file, folder or link of the layers so far. */
export interface TreeNode {
  kind: 'directory' | 'symlink' | 'other'
  /** The layer that brought it last. */
  layer: number
  mode: number
  uid: number
  gid: number
  mtime: number
  linkTarget: string | null
  children: Map<string, TreeNode> | null
}

const marker = '.wh.'
const opaqueMarker = '.wh..wh..opq'
const mostLinks = 40

/**
 * The file system that layers make, one upon the other, as far as it decides where entries go (image-spec, "Image Layer
 * Filesystem Changeset"). Content is not held.
 */
export class LayerTree {
  private readonly root: TreeNode = folder(0)
  private layer = -1
  private removed = new Set<string>()

  /** What is added from now on belongs to the next layer. */
  nextLayer(): void {
    this.layer += 1
    this.removed = new Set()
  }

  /**
   * Adds an entry of the current layer, or removes what a whiteout names.
   *
   * @returns what is wrong with it, if anything: whiteouts that tools read differently, and ways through a link or file
   */
  add(entry: LayerEntry): string | undefined {
    if (entry.path === '.') {
      Object.assign(this.root, own(entry, this.layer))
      return undefined
    }
    const parts = entry.path.split('/')
    const name = parts.pop() ?? ''
    if (parts.some((part) => part.startsWith(marker))) return 'a folder of the name is a whiteout'
    const above = this.parent(parts)
    if (typeof above === 'string') return above
    if (name.startsWith(marker)) return this.remove(entry, above, name)
    if (this.removed.has(entry.path)) return 'the layer removes and adds the same name'
    const before = above.children?.get(name)
    const kept = entry.kind === 'directory' && before?.kind === 'directory' ? before.children : null
    above.children?.set(name, { ...own(entry, this.layer), children: childrenOf(entry, kept) })
    return undefined
  }

  /** Follows links as a process in the image would. Undefined where nothing is, or links go in circles. */
  find(path: string): { path: string; node: TreeNode } | undefined {
    const ahead = path.split('/').reverse()
    const behind: TreeNode[] = [this.root]
    const names: string[] = []
    for (let links = 0; ;) {
      const part = ahead.pop()
      const here = behind.at(-1) ?? this.root
      if (part === undefined) return { path: names.join('/'), node: here }
      if (part === '' || part === '.') continue
      if (part === '..') {
        if (names.pop() !== undefined) behind.pop()
        continue
      }
      const next = here.children?.get(part)
      if (next === undefined) return undefined
      if (next.kind !== 'symlink') {
        behind.push(next)
        names.push(part)
        continue
      }
      links += 1
      if (links > mostLinks) return undefined
      const target = next.linkTarget ?? ''
      if (target.startsWith('/')) {
        behind.length = 1
        names.length = 0
      }
      ahead.push(...target.split('/').reverse())
    }
  }

  private parent(parts: readonly string[]): TreeNode | string {
    let node = this.root
    for (const [at, part] of parts.entries()) {
      const path = parts.slice(0, at + 1).join('/')
      let next = node.children?.get(part)
      if (next !== undefined && next.kind !== 'directory')
        return `${JSON.stringify(path)} is a ${next.kind === 'symlink' ? 'link' : 'file'} of an earlier layer, which tools follow or replace`
      if (this.removed.has(path)) return `the layer removes ${JSON.stringify(path)} and adds to it`
      if (next === undefined) {
        next = folder(this.layer)
        node.children?.set(part, next)
      }
      node = next
    }
    return node
  }

  private remove({ path, kind }: LayerEntry, above: TreeNode, name: string): string | undefined {
    if (kind !== 'file') return 'a whiteout is no file'
    if (name === opaqueMarker) {
      above.children = keepOf(above.children, this.layer)
      return undefined
    }
    const gone = name.slice(marker.length)
    if (gone === '' || gone === '.' || gone === '..') return 'a whiteout names no file'
    if (gone.startsWith(marker)) return 'a whiteout names another whiteout'
    const node = above.children?.get(gone)
    if (node !== undefined && isOf(node, this.layer)) return 'the layer adds and removes the same name'
    above.children?.delete(gone)
    this.removed.add(path.slice(0, path.length - name.length) + gone)
    return undefined
  }
}

function folder(layer: number): TreeNode {
  const common = { mode: 0o755, uid: 0, gid: 0, mtime: 0, linkTarget: null }
  return { kind: 'directory', layer, ...common, children: new Map() }
}

function own(
  { kind, mode, uid, gid, mtime, linkTarget }: LayerEntry,
  layer: number
): Omit<TreeNode, 'children'> {
  const known = kind === 'directory' || kind === 'symlink' ? kind : 'other'
  return { kind: known, layer, mode, uid, gid, mtime, linkTarget: kind === 'symlink' ? linkTarget : null }
}

function childrenOf({ kind }: LayerEntry, kept: TreeNode['children']): TreeNode['children'] {
  return kind === 'directory' ? (kept ?? new Map<string, TreeNode>()) : null
}

function isOf(node: TreeNode, layer: number): boolean {
  if (node.layer === layer) return true
  return [...(node.children?.values() ?? [])].some((child) => isOf(child, layer))
}

/** What of a folder this layer brought itself: an opaque folder hides all else. */
function keepOf(children: TreeNode['children'], layer: number): Map<string, TreeNode> {
  const kept = new Map<string, TreeNode>()
  for (const [name, node] of children ?? []) {
    const below = node.children === null ? null : keepOf(node.children, layer)
    if (node.layer === layer || (below !== null && below.size > 0))
      kept.set(name, { ...node, children: below })
  }
  return kept
}
