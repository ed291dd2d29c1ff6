import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { Archive } from '../../../src/formats/archive.ts'
import { readImageArchive } from '../../../src/formats/oci/archive.ts'
import type { Tree } from './peers.ts'

/**
 * The file system that our reader sees in an image of one platform, in the form of the peers.
 *
 * @param folder receives the image as a file
 * @throws TagproofError `archive-invalid`
 */
export async function ourImageTree(bytes: Buffer, folder: string): Promise<Tree> {
  const file = path.join(folder, 'image.oci.tar')
  await writeFile(file, bytes)
  return imageTree(await readImageArchive(file))
}

/** Puts the layers together: the specification's rules in the plainest way there is. */
export function imageTree({ members }: Pick<Archive, 'members'>): Tree {
  const tree = new Map<string, Tree[number]>()
  let layer = ''
  let own = new Set<string>()
  for (const member of members) {
    const [, index, name = ''] = /^layers\/(\d+)\/(.*)$/s.exec(member.path) ?? []
    if (index === undefined || name === '.') continue
    if (index !== layer) own = new Set()
    layer = index
    const cut = name.lastIndexOf('/') + 1
    const folder = name.slice(0, cut)
    const base = name.slice(cut)
    if (base === '.wh..wh..opq') {
      for (const other of [...tree.keys()])
        if (other.startsWith(folder) && !own.has(other)) tree.delete(other)
      continue
    }
    if (base.startsWith('.wh.')) {
      remove(tree, folder + base.slice(4))
      continue
    }
    if (member.kind !== 'directory') remove(tree, name)
    const exact = member.kind === 'hardlink' ? tree.get(member.linkTarget ?? '') : undefined
    for (let at = name.indexOf('/'); at > 0; at = name.indexOf('/', at + 1)) {
      const parent = name.slice(0, at)
      if (!tree.has(parent)) tree.set(parent, [parent, 'directory', ''])
      own.add(parent)
    }
    own.add(name)
    if (member.kind === 'directory') tree.set(name, [name, 'directory', ''])
    else if (member.kind === 'symlink') tree.set(name, [name, 'symlink', member.linkTarget ?? ''])
    else if (exact !== undefined) tree.set(name, [name, exact[1], exact[2]])
    else if (member.kind === 'file')
      tree.set(name, [name, 'file', `${(member.mode & 0o100) === 0 ? '-' : 'x'} ${member.sha256}`])
    else tree.set(name, [name, 'other', ''])
  }
  return [...tree.values()].sort(([one], [other]) => Buffer.compare(Buffer.from(one), Buffer.from(other)))
}

function remove(tree: Map<string, unknown>, name: string): void {
  for (const other of [...tree.keys()]) if (other === name || other.startsWith(`${name}/`)) tree.delete(other)
}
