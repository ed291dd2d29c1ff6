import { createReadStream } from 'node:fs'
import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { TagRef } from '../documents/fields.ts'
import type { Epoch } from '../documents/identifiers.ts'
import type { Complete } from '../documents/complete.ts'
import { readTar } from '../formats/tar/reader.ts'
import { TagproofError } from '../platform/errors.ts'
import { exportPrefix } from './export-entries.ts'
import { gitIndex } from './git-index.ts'
import { endOf, walk, withHistory } from './previous-release.ts'
import type { PrivateGit } from './private-git.ts'
import type { Repository } from './repository.ts'
import { TarFile } from './tar-file.ts'
import { readTree } from './tree.ts'

export interface CloneRequest {
  tag: TagRef
  /** World a's export of the same tag: the tree is taken from it as it is. */
  exported: string
  /** Where the archive is written. */
  file: string
  /** A private folder for the pack. */
  folder: string
}

/** A build seldom looks further back, and the pack must fit into the memory of a world. */
const mostCommits = 5_000
const largestPack = 1024 ** 3
const packSeconds = 900

/**
 * Writes the tree of an export with a git folder as a full clone has it: blobs, history and all tags of that history.
 * Names are true, for git computes them when it indexes the pack. A history of more than 5,000 commits, or of more
 * than 1 GiB, is cut off as in a shallow clone. Submodules have no git folder of their own.
 *
 * @throws TagproofError `object-missing` where the history cannot be packed, `input-missing`
 */
export async function writeFullClone(
  repository: Repository,
  { tag, exported, file, folder }: CloneRequest
): Promise<Complete['clone']['history']> {
  return withHistory(repository, async (git, shallow) => {
    let edge = await shallowEdge(git, tag, mostCommits)
    let pack = await writePack(git, tag, edge, folder)
    if ((await stat(pack.pack)).size > largestPack) {
      edge = await shallowEdge(git, tag, 1)
      pack = await writePack(git, tag, edge, folder)
    }
    const { index } = await readTree(repository, tag.tree)
    await writeArchive(exported, file, tag.epoch, pack, [
      ['HEAD', Buffer.from(`${tag.commit}\n`)],
      ['index', gitIndex(index, repository.objectFormat)],
      ['packed-refs', Buffer.from(edge.refs)],
      ...(edge.cut === '' ? [] : [['shallow', Buffer.from(edge.cut)] as const])
    ])
    return { commits: edge.commits, whole: edge.cut === '' && !shallow }
  })
}

interface Edge {
  commits: number
  /** Lines of git's `shallow` file: commits whose parents are left out. */
  cut: string
  /** Lines of `packed-refs`. */
  refs: string
  /** Annotated tags of the commits. */
  tagObjects: string[]
}

/** Writes the `shallow` file of the private folder, which everything after it follows. */
async function shallowEdge(git: PrivateGit, tag: TagRef, most: number): Promise<Edge> {
  const lines = (await text(git, ['rev-list', '--parents', `--max-count=${most}`, tag.commit]))
    .trim()
    .split('\n')
  const kept = new Set(lines.map((line) => line.split(' ')[0] ?? ''))
  const cut = lines
    .map((line) => line.split(' '))
    .filter(([, ...parents]) => parents.some((parent) => !kept.has(parent)))
    .map(([commit = '']) => `${commit}\n`)
  const shallowFile = path.join(git.environment.GIT_DIR ?? '', 'shallow')
  const before = await readFile(shallowFile, 'utf8').catch(() => '')
  const inside = before.split('\n').filter((commit) => kept.has(commit))
  const all = [...new Set([...cut, ...inside.map((commit) => `${commit}\n`)])].sort().join('')
  await writeFile(shallowFile, all)
  return { commits: kept.size, cut: all, ...(await tagsOf(git, tag, kept)) }
}

async function tagsOf(
  git: PrivateGit,
  tag: TagRef,
  kept: ReadonlySet<string>
): Promise<Pick<Edge, 'refs' | 'tagObjects'>> {
  const format = '--format=%(objectname) %(*objectname) %(refname)'
  const listed = (await text(git, ['for-each-ref', `--merged=${tag.commit}`, format, 'refs/tags'])).split(
    '\n'
  )
  const refs: string[] = []
  const tagObjects: string[] = []
  for (const line of listed) {
    const [object = '', peeled = '', name = ''] = line.split(' ')
    if (name === '' || !kept.has(peeled === '' ? object : peeled)) continue
    refs.push(`${object} ${name}\n${peeled === '' ? '' : `^${peeled}\n`}`)
    if (peeled !== '') tagObjects.push(object)
  }
  return { refs: `# pack-refs with: peeled fully-peeled sorted \n${refs.join('')}`, tagObjects }
}

interface Pack {
  name: string
  pack: string
  index: string
}

async function writePack(git: PrivateGit, tag: TagRef, edge: Edge, folder: string): Promise<Pack> {
  const wanted = [tag.commit, ...edge.tagObjects].map((id) => `${id}\n`).join('')
  const base = path.join(folder, 'pack')
  await text(git, ['pack-objects', '--quiet', '--revs', '--delta-base-offset', base], wanted)
  const names = await readdir(folder)
  const index = names.filter((name) => /^pack-[0-9a-f]+\.idx$/.test(name))
  const times = await Promise.all(index.map(async (name) => (await stat(path.join(folder, name))).mtimeMs))
  const newest = index[times.indexOf(Math.max(...times))]?.replace(/\.idx$/, '')
  if (newest === undefined) throw unpackable('git left no pack')
  const pack = path.join(folder, `${newest}.pack`)
  const checked = path.join(folder, `${newest}.checked.idx`)
  // The index is made anew from the content: a name that an altered repository gives an object does not survive it.
  await text(git, ['index-pack', '-o', checked, pack])
  return { name: newest, pack, index: checked }
}

const gitFolder = `${exportPrefix}/.git`

async function writeArchive(
  exported: string,
  file: string,
  epoch: Epoch,
  pack: Pack,
  files: readonly (readonly [name: string, content: Buffer])[]
): Promise<void> {
  const tar = await TarFile.create(file)
  try {
    for await (const entry of readTar(createReadStream(exported, { highWaterMark: 1 << 20 }))) {
      if (isReplaced(entry.path)) continue
      const { path, kind, mode, size, mtime, linkTarget } = entry
      const header = { path, mode, size, mtime }
      if (kind === 'file') await tar.add({ ...header, kind }, entry.content)
      else if (kind === 'symlink') await tar.add({ ...header, kind, linkTarget: linkTarget ?? '' })
      else if (kind === 'directory') await tar.add({ ...header, kind })
    }
    for (const name of ['objects', 'objects/pack', 'refs', 'refs/heads', 'refs/tags'])
      await tar.add({ path: `${gitFolder}/${name}`, kind: 'directory', mode: 0o755, size: 0, mtime: epoch })
    const add = async (
      name: string,
      size: number,
      content: AsyncIterable<Buffer> | Buffer[]
    ): Promise<void> => {
      await tar.add({ path: `${gitFolder}/${name}`, kind: 'file', mode: 0o644, size, mtime: epoch }, content)
    }
    for (const [ending, source] of [
      ['pack', pack.pack],
      ['idx', pack.index]
    ] as const)
      await add(`objects/pack/${pack.name}.${ending}`, (await stat(source)).size, createReadStream(source))
    for (const [name, content] of files) await add(name, content.length, [content])
    await tar.end()
  } finally {
    await tar.close()
  }
}

/** What the thin git folder has in its own way; its configuration stays. */
function isReplaced(path: string): boolean {
  return ['HEAD', 'index', 'objects', 'refs', 'shallow', 'packed-refs'].some(
    (name) => path === `${gitFolder}/${name}` || path.startsWith(`${gitFolder}/${name}/`)
  )
}

async function text(git: PrivateGit, args: readonly string[], stdin?: string): Promise<string> {
  const result = await walk(git, args, {
    timeoutSeconds: packSeconds,
    ...(stdin === undefined ? {} : { stdin: Buffer.from(stdin) })
  })
  if (result.code === 0) return result.stdout.toString('utf8')
  throw unpackable(endOf(result))
}

function unpackable(found: string): TagproofError {
  return new TagproofError('object-missing', 'The history of the tag cannot be packed for a full clone.', {
    found,
    fix: 'Run git fsck; clone the project again with its whole history (fetch-depth: 0, no --filter).'
  })
}
