import { mkdir, rm } from 'node:fs/promises'
import path from 'node:path'
import type { TagRef } from '../documents/fields.ts'
import type { Plan, PlanTarget } from '../documents/plan.ts'
import type { Log } from '../platform/log.ts'
import { scrambleSeed } from '../worlds/scramble.ts'
import type { Leaf } from './export-entries.ts'
import { writeOriginals } from './export-originals.ts'
import { writeScrambled } from './export-scrambled.ts'
import { checkInputGlobs, chooseScrambled } from './inputs.ts'
import type { Repository } from './repository.ts'
import { thinGit } from './thin-git.ts'
import { byPath, readTree } from './tree.ts'

export interface ExportOptions {
  /** Where `export-a.tar` and `export-b.tar` are written. */
  folder: string
  /** Globs of files that are never scrambled, as the configuration says. */
  inputs: readonly string[]
  /** What is built from the tree; by default its top. */
  targets?: readonly Pick<PlanTarget, 'path'>[]
  log: Log
}

/**
 * Writes what each world is given: the tree of the commit from its blobs, with a thin `.git`, every time the
 * epoch and every owner 0. World a sees sorted names and the originals; world b the reverse order, and scrambled
 * copies of what must have no influence. The bytes of both files depend on the tag and the options alone.
 *
 * @throws TagproofError those of `readTree`, and `config-invalid` for an input glob that fits nothing
 */
export async function writeExports(
  repository: Repository,
  tag: TagRef,
  options: ExportOptions
): Promise<Pick<Plan, 'exports' | 'scramble'>> {
  const tree = await readTree(repository, tag.tree)
  checkInputGlobs(tree.entries, options.inputs)
  const targets = options.targets?.map((target) => target.path) ?? ['.']
  const choice = await chooseScrambled(tree.entries, targets, options.inputs, async (entry) => {
    return (await repository.readObject(entry.id, 'blob')).data
  })
  const leaves = new Map<string, Leaf>()
  for (const entry of tree.entries) leaves.set(entry.path, { kind: 'tree', entry })
  for (const file of await thinGit(repository, tag, tree))
    leaves.set(`.git/${file.path}`, { kind: 'git', file })

  const common = { leaves, epoch: tag.epoch, seed: scrambleSeed(tag) }
  const files = { a: path.join(options.folder, 'export-a.tar'), b: path.join(options.folder, 'export-b.tar') }
  await mkdir(options.folder, { recursive: true })
  try {
    const a = await writeOriginals({ ...common, repository, choice, file: files.a })
    const b = await writeScrambled({ ...common, exported: a.exported, originals: files.a, file: files.b })
    return {
      exports: {
        a: { file: path.basename(files.a), ...a.archive },
        b: { file: path.basename(files.b), ...b }
      },
      scramble: { seed: common.seed, inputs: [...options.inputs], files: a.scrambled.sort(byPath) }
    }
  } catch (error) {
    for (const file of Object.values(files)) await rm(file, { force: true })
    throw error
  }
}
