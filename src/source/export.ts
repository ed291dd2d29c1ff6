import { mkdir, rm } from 'node:fs/promises'
import path from 'node:path'
import type { DeclaredGenerator, DeclaredInput } from '../documents/config.ts'
import type { TagRef } from '../documents/fields.ts'
import type { Notice, Plan, PlanTarget } from '../documents/plan.ts'
import type { Log } from '../platform/log.ts'
import { scrambleSeed, type ScrambleTier } from '../worlds/scramble.ts'
import type { Leaf } from './export-entries.ts'
import { writeOriginals } from './export-originals.ts'
import { writeScrambled } from './export-scrambled.ts'
import { checkInputBreadth, checkInputGlobs } from './input-globs.ts'
import { chooseScrambled } from './inputs.ts'
import { scrambledLinks } from './links.ts'
import { messageNotices } from './message-notices.ts'
import type { Repository } from './repository.ts'
import { tagObjects } from './tag.ts'
import { thinGit } from './thin-git.ts'
import { readGraftedTree, type Graft } from './grafts.ts'
import { byPath } from './tree.ts'

export interface ExportOptions {
  /** Where `export-a.tar` and `export-b.tar` are written. */
  folder: string
  /** Files that are never scrambled, as the configuration says. */
  inputs: readonly DeclaredInput[]
  /** Declared generators: what they read is not scrambled in world b. */
  generated?: readonly DeclaredGenerator[]
  /** What is built from the tree; by default its top. */
  targets?: readonly Pick<PlanTarget, 'path'>[]
  /** Files of other repositories that some target sees. */
  grafts?: readonly Graft[]
  /** 1, noise, by default. */
  tier?: ScrambleTier
  /** 0 by default: world b's noise. A perturbation from 1 on has other noise, and scrambles what generators read. */
  number?: number
  log: Log
}

/** What the plan says of the exports. */
export type PlannedExports = Pick<Plan, 'exports' | 'scramble' | 'notices'>

/**
 * Writes what each world is given: the tree of the commit from its blobs, with a thin `.git`, every time the
 * epoch and every owner 0. World a sees sorted names and the originals; world b the reverse order, and scrambled
 * copies of what must have no influence. The bytes of both files depend on the tag and the options alone.
 *
 * @throws TagproofError those of `readGraftedTree`, and `config-invalid` for an input glob that fits nothing, or too much
 */
export async function writeExports(
  repository: Repository,
  tag: TagRef,
  options: ExportOptions
): Promise<PlannedExports> {
  const { inputs, tier = 1, number = 0 } = options
  const tree = await readGraftedTree(repository, tag.tree, options.grafts ?? [])
  checkInputGlobs(tree.entries, inputs)
  const targets = options.targets?.map((target) => target.path) ?? ['.']
  const generated = number === 0 ? (options.generated ?? []) : []
  const choice = await chooseScrambled(tree.entries, targets, { inputs, generated }, async (entry) => {
    return (await repository.readObject(entry.id, 'blob')).data
  })
  const leaves = new Map<string, Leaf>()
  for (const entry of tree.entries) leaves.set(entry.path, { kind: 'tree', entry })
  for (const file of await thinGit(repository, tag, tree))
    leaves.set(`.git/${file.path}`, { kind: 'git', file })

  const common = { leaves, epoch: tag.epoch, seed: scrambleSeed(tag, number), tier }
  const files = { a: path.join(options.folder, 'export-a.tar'), b: path.join(options.folder, 'export-b.tar') }
  await mkdir(options.folder, { recursive: true })
  try {
    const a = await writeOriginals({ ...common, repository, choice, file: files.a })
    checkInputBreadth(a.opaque, inputs)
    const scrambled = a.scrambled.sort(byPath)
    const links = scrambledLinks(a.exported, scrambled, choice, common.seed)
    const b = await writeScrambled({
      ...common,
      links,
      exported: a.exported,
      originals: files.a,
      file: files.b
    })
    return {
      exports: {
        a: { file: path.basename(files.a), ...a.archive },
        b: { file: path.basename(files.b), ...b }
      },
      scramble: {
        seed: common.seed,
        tier,
        inputs: [...inputs],
        files: scrambled,
        links,
        paired: a.paired.sort(byPath)
      },
      notices: mostTold([...(await gitNotices(repository, tag)), ...a.notices])
    }
  } catch (error) {
    for (const file of Object.values(files)) await rm(file, { force: true })
    throw error
  }
}

/** What the build can read of commit and tags in its thin git folder. */
async function gitNotices(repository: Repository, tag: TagRef): Promise<Notice[]> {
  const commit = await repository.readObject(tag.commit, 'commit')
  const tags = await tagObjects(repository, tag)
  return [
    ...messageNotices('commit', commit.data),
    ...tags.flatMap(({ data }) => messageNotices('tag', data))
  ]
}

const mostNotices = 200

/** The first of each code, in the order of the tree, refusals before warnings. */
function mostTold(notices: readonly Notice[]): Notice[] {
  const rank = (notice: Notice): number => (notice.severity === 'refuse' ? 0 : 1)
  return [...notices].sort((one, other) => rank(one) - rank(other)).slice(0, mostNotices)
}
