import type { Build } from '../documents/build.ts'
import type { Complete, ComparedBuild } from '../documents/complete.ts'
import type { Sha256 } from '../documents/identifiers.ts'
import type { Plan, PlanTarget } from '../documents/plan.ts'
import type { Finding } from '../documents/proof.ts'
import { readDocument } from '../documents/reading.ts'
import { TagproofError } from '../platform/errors.ts'
import { about, cloneFindings, previousFindings, type TreePlaces } from '../proof/complete.ts'
import { expectedFindings, type TargetLists } from '../proof/expected-files.ts'
import { newReads, newReadsFindings } from '../proof/reads.ts'
import { openRepository } from '../source/repository.ts'
import { readTree, type ReadTree } from '../source/tree.ts'
import { completeFile } from './complete.ts'
import type { StageContext } from './context.ts'
import { readExpectedFiles } from './expected-files.ts'
import { builtLists } from './member-lists.ts'

/**
 * Whether the artifacts hold what they should: against the last release and a full clone where `complete` has built
 * them, and against the list of expected files where the configuration names one. What was not compared is said.
 *
 * @param build world a's, whose artifacts have been hashed again
 * @throws TagproofError `document-mismatch` for lists of another plan
 */
export async function completeFindings(
  context: StageContext,
  plan: Plan,
  planDigest: Sha256,
  build: Build
): Promise<Finding[]> {
  const compared = await readComplete(context, planDigest)
  const notCompared = compared === null ? [notComparedNote()] : []
  if (compared === null && plan.expectedFiles === undefined) return notCompared
  const lists = await builtLists(context, build)
  const repository = await openRepository(context.repository)
  try {
    const tree = await readTree(repository, plan.tag.tree)
    const file = plan.expectedFiles
    const expected =
      file === undefined
        ? []
        : expectedFindings(await readExpectedFiles(repository, tree.entries, file), lists, file)
    return [
      ...expected,
      ...(compared === null ? [] : comparedFindings(plan, build, lists, compared, tree)),
      ...notCompared
    ]
  } finally {
    await repository.close()
  }
}

/** Pure: what the lists of the two other builds say about this release. */
function comparedFindings(
  plan: Plan,
  build: Build,
  now: readonly TargetLists[],
  compared: Complete,
  tree: ReadTree
): Finding[] {
  return plan.targets.flatMap((target) => {
    const lists = now.find((one) => one.target === target.name)?.lists ?? []
    return [
      ...whenBuilt(compared.clone, target, 'clone', (other) =>
        cloneFindings(lists, other.lists, placesOf(target, tree))
      ),
      ...('none' in compared.previous
        ? [noPrevious(compared.previous.none)]
        : againstPrevious(plan, build, target, lists, compared.previous))
    ]
  })
}

function againstPrevious(
  plan: Plan,
  build: Build,
  target: PlanTarget,
  lists: TargetLists['lists'],
  previous: ComparedBuild
): Finding[] {
  const opaque = new Set(plan.scramble.files.map((file) => file.path))
  const reads = build.targets.find((one) => one.name === target.name)?.reads ?? null
  return whenBuilt(previous, target, 'previous', (other) => [
    ...previousFindings(lists, other.lists, previous.tag),
    ...newReadsFindings(
      newReads(reads, other.reads, (path) => opaque.has(path)),
      previous.tag
    )
  ])
}

function whenBuilt(
  build: ComparedBuild,
  target: PlanTarget,
  which: 'previous' | 'clone',
  tell: (target: ComparedBuild['targets'][number]) => Finding[]
): Finding[] {
  const other = build.targets.find((one) => one.name === target.name)
  if (other?.failure === null) return tell(other)
  const why = other?.failure ?? 'it was not built'
  return [
    which === 'clone'
      ? {
          ...about(null, 'full-clone-not-built', 'warn'),
          message: `Target ${target.name} could not be built in a full clone, so its members were not compared with that: ${why}`,
          cause: 'The build does something else where it finds all of git.',
          fix: 'Look at complete/clone.log.'
        }
      : {
          ...about(null, 'previous-not-built', 'note'),
          message: `Target ${target.name} of the last release ${build.tag} could not be built with the lock of this one, so their members were not compared: ${why}`,
          cause: null,
          fix: 'Look at complete/previous.log; compare the packages by hand if files were moved.'
        }
  ]
}

function noPrevious(why: string): Finding {
  return {
    ...about(null, 'previous-none', 'note'),
    message: `There is no earlier release to compare with: ${why}.`,
    cause: null,
    fix: null
  }
}

function notComparedNote(): Finding {
  return {
    ...about(null, 'not-compared', 'note'),
    message:
      'It was not asked whether the artifacts are complete: their members were compared with neither the last release nor a build in a full clone.',
    cause: null,
    fix: 'Run tagproof rehearse --complete before the release: two more builds tell.'
  }
}

function placesOf(target: PlanTarget, { entries, index }: ReadTree): TreePlaces {
  const paths = new Set(entries.map((entry) => entry.path))
  const submodules = index.filter((line) => line.mode === '160000').map((line) => line.path)
  return {
    folder: target.path === '.' ? '' : `${target.path}/`,
    has: (path) => paths.has(path),
    submoduleOf: (path) => submodules.find((folder) => path.startsWith(`${folder}/`))
  }
}

async function readComplete(context: StageContext, planDigest: Sha256): Promise<Complete | null> {
  const read = await readDocument('complete', completeFile(context)).catch((error: unknown) => {
    if (error instanceof TagproofError && error.code === 'input-missing') return null
    throw error
  })
  if (read === null) return null
  if (read.document.plan === planDigest) return read.document
  throw new TagproofError('document-mismatch', 'The lists to compare with belong to another plan.', {
    where: 'complete/complete.json: plan',
    found: read.document.plan,
    expected: planDigest,
    fix: 'Run tagproof complete again, or remove the folder complete.'
  })
}
