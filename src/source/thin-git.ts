import type { TagRef } from '../documents/fields.ts'
import { scrambleSeed } from '../worlds/scramble.ts'
import { gitIndex } from './git-index.ts'
import { looseObject } from './loose-object.ts'
import type { ObjectFormat } from './private-git.ts'
import type { Repository } from './repository.ts'
import { syntheticTree } from './synthetic-tree.ts'
import { tagObjects } from './tag.ts'
import type { ReadTree } from './tree.ts'

/** A file of the thin git folder, its path relative to `.git`. */
export interface GitFile {
  path: string
  content: Buffer
}

/**
 * The `.git` that a build sees, the same in both worlds: the real commit as a shallow one, the tag, trees that list
 * the real names, and an index in which every entry is assumed unchanged. Plugins that ask git for version and file
 * list get true answers; file content cannot be read from it, for there are no blobs, and cannot be guessed, for the
 * names of files' objects are synthetic ({@link syntheticTree}). A replace ref puts the synthetic tree in the place of
 * the commit's own, which is not there. Nothing of the repository's own configuration is in it.
 */
export async function thinGit(repository: Repository, tag: TagRef, tree: ReadTree): Promise<GitFile[]> {
  const format = repository.objectFormat
  const commit = await repository.readObject(tag.commit, 'commit')
  const synthetic = syntheticTree(tree.index, scrambleSeed(tag), format)
  const objects = [
    { id: tag.commit, type: 'commit' as const, data: commit.data },
    ...synthetic.trees.map(({ id, data }) => ({ id, type: 'tree' as const, data })),
    ...(await tagObjects(repository, tag)).map(({ id, data }) => ({ id, type: 'tag' as const, data }))
  ]
  const files = [
    { path: 'HEAD', content: Buffer.from(`${tag.commit}\n`) },
    { path: 'config', content: Buffer.from(thinConfig(format)) },
    { path: 'index', content: gitIndex(synthetic.index, format) },
    { path: 'shallow', content: Buffer.from(`${tag.commit}\n`) },
    { path: `refs/replace/${tag.tree}`, content: Buffer.from(`${synthetic.root}\n`) },
    ...(tag.kind === 'untagged'
      ? []
      : [{ path: `refs/tags/${tag.name}`, content: Buffer.from(`${tag.object}\n`) }]),
    ...objects.map(({ id, type, data }) => ({
      path: `objects/${id.slice(0, 2)}/${id.slice(2)}`,
      content: looseObject(type, data)
    }))
  ]
  return files.sort((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)))
}

function thinConfig(format: ObjectFormat): string {
  const core = ['filemode = true', 'bare = false', 'logallrefupdates = false', 'autocrlf = false']
  const version = format === 'sha1' ? 0 : 1
  const extensions = format === 'sha1' ? '' : `[extensions]\n\tobjectformat = ${format}\n`
  const settings = [`repositoryformatversion = ${version}`, ...core].map((line) => `\t${line}\n`).join('')
  return `[core]\n${settings}${extensions}[gc]\n\tauto = 0\n`
}
