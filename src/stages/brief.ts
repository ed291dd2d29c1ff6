import { access } from 'node:fs/promises'
import type { Brief } from '../documents/brief.ts'
import type { Build } from '../documents/build.ts'
import type { TagRef } from '../documents/fields.ts'
import { objectId, type Sha256 } from '../documents/identifiers.ts'
import { lockPath } from '../documents/layout.ts'
import type { Plan } from '../documents/plan.ts'
import type { Proof } from '../documents/proof.ts'
import { readDocument, writeDocument } from '../documents/reading.ts'
import { lockChanges } from '../lock/changes.ts'
import { parseLock } from '../lock/lock-file.ts'
import { TagproofError } from '../platform/errors.ts'
import { briefOf, briefWithout, listChanges, type BriefFacts, type Told } from '../proof/brief.ts'
import { authorAndSubject, changesBetween, type ChangedPath } from '../source/changes.ts'
import { contentReason, largestReadable } from '../source/opaque.ts'
import { previousRelease } from '../source/previous-release.ts'
import { openRepository, type Repository } from '../source/repository.ts'
import { readTextOf } from '../source/tree-text.ts'
import { listTree, type TreeEntry } from '../source/tree.ts'
import { completeFile } from './complete.ts'
import type { StageContext } from './context.ts'
import { readUserConfig } from './source.ts'

/** Gathers what changed since the last release, and writes `brief.json`. @returns its SHA-256 */
export async function writeBrief(context: StageContext, plan: Plan, build: Build): Promise<Sha256> {
  const brief = await gatherBrief(context, plan, build)
  return writeDocument('brief', context.out.brief, brief)
}

/** The brief of a proof. @throws TagproofError `document-mismatch` where it is not the one that was proven */
export async function readBrief(context: StageContext, proof: Proof): Promise<Brief> {
  const { document, sha256 } = await readDocument('brief', context.out.brief)
  if (sha256 === proof.brief) return document
  throw new TagproofError('document-mismatch', 'brief.json is not the one of this proof.', {
    where: 'proof.json: brief',
    found: sha256,
    expected: proof.brief,
    fix: 'Hand on brief.json and proof.json of the same prove stage; find out what wrote to it.'
  })
}

async function gatherBrief(context: StageContext, plan: Plan, build: Build): Promise<Brief> {
  const repository = await openRepository(context.repository)
  try {
    const found = await previousRelease(repository, plan.tag, plan.version)
    if ('none' in found) return briefWithout(plan.tag, found.none)
    const readSet = await readSetChanges(context, build)
    return briefOf(plan.tag, await gatherFacts(repository, plan.tag, found.tag, readSet))
  } catch (error) {
    if (!(error instanceof TagproofError) || error.code === 'cancelled') throw error
    return briefWithout(
      plan.tag,
      `the last release cannot be compared: ${error.message} ${error.detail.found ?? ''}`
    )
  } finally {
    await repository.close()
  }
}

/** Everything that git objects say of the time between two releases. */
export async function gatherFacts(
  repository: Repository,
  tag: TagRef,
  previous: TagRef,
  readSet: Told
): Promise<BriefFacts> {
  const changes = await changesBetween(repository, previous.commit, tag.commit)
  const [before, after] = [await listTree(repository, previous.tree), await listTree(repository, tag.tree)]
  const files: BriefFacts['files'] = []
  for (const changed of changes.paths)
    files.push({ ...changed, opaque: await opaqueReason(repository, changed) })
  const commits: BriefFacts['commits'] = []
  for (const { id, paths } of changes.commits)
    commits.push({ id, paths, ...(await authorAndSubject(repository, id)) })
  const list = (key: 'waivers' | 'generated'): Promise<Told> =>
    told(async () => {
      const [old, now] = [await readUserConfig(repository, before), await readUserConfig(repository, after)]
      return listChanges(old.value[key], now.value[key])
    })
  return {
    previous,
    limits: changes.shallow
      ? 'this clone is shallow: commits may be missing (fetch-depth: 0 has them all)'
      : null,
    files,
    commits,
    lines: {
      'read-set': readSet,
      lock: await told(() => lockLines(repository, before, after, tag.epoch)),
      waivers: await list('waivers'),
      pairs: await list('generated')
    }
  }
}

async function opaqueReason(
  repository: Repository,
  { id, mode, status, path }: ChangedPath
): Promise<string | null> {
  if (mode === '160000') return 'a submodule'
  if (status === 'D' || mode === '120000') return null
  const [header] = await repository.headers([objectId(id)])
  if (header !== undefined && header.size > largestReadable) return 'dense'
  return contentReason(path, (await repository.readObject(objectId(id), 'blob')).data) ?? null
}

async function lockLines(
  repository: Repository,
  before: readonly TreeEntry[],
  after: readonly TreeEntry[],
  epoch: number
): Promise<string[]> {
  const [old, now] = [
    await readTextOf(repository, before, lockPath),
    await readTextOf(repository, after, lockPath)
  ]
  if (now === null || now === old) return []
  // Nothing is asked over the network here: a lock tells what the index said when it was made.
  return lockChanges(old === null ? null : parseLock(old, lockPath), parseLock(now, lockPath), epoch)
}

/** Only a build of the last release tells what it read; `--complete` makes one. */
async function readSetChanges(context: StageContext, build: Build): Promise<Told> {
  const built = await access(completeFile(context)).then(
    () => true,
    () => false
  )
  if (!built) return { unknown: 'the last release was not built (--complete builds it)' }
  const { previous } = (await readDocument('complete', completeFile(context))).document
  if ('none' in previous) return { unknown: previous.none }
  const changes: string[] = []
  for (const { name, reads } of build.targets) {
    const old = previous.targets.find((target) => target.name === name)?.reads ?? null
    if (reads === null || old === null) return { unknown: `what the builds of ${name} read is not known` }
    const [was, is] = [new Set(old), new Set(reads)]
    changes.push(...reads.filter((path) => !was.has(path)).map((path) => `${name}: now reads ${path}`))
    changes.push(...old.filter((path) => !is.has(path)).map((path) => `${name}: no longer reads ${path}`))
  }
  return { changes }
}

/** A text of either release that cannot be read is told, and the rest goes on. */
async function told(make: () => Promise<string[]>): Promise<Told> {
  try {
    return { changes: await make() }
  } catch (error) {
    if (!(error instanceof TagproofError) || error.code === 'cancelled') throw error
    return { unknown: `it cannot be compared: ${error.message}` }
  }
}
