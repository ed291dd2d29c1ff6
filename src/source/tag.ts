import type { TagRef } from '../documents/fields.ts'
import { objectId, type Epoch, type ObjectId } from '../documents/identifiers.ts'
import { TagproofError } from '../platform/errors.ts'
import { parseCommit, parseTag, type Commit } from './objects.ts'
import type { Reference, Repository } from './repository.ts'
import { checkTagName, quotedName } from './tag-name.ts'

/** 1980-01-01T00:00:00Z: zip files know no earlier time (APPNOTE 4.4.6). */
export const earliestEpoch: Epoch = 315_532_800
/** A tag of a tag of a tag: more is no honest release. */
const deepestNesting = 16

/**
 * What a tag names, all the way down to the commit.
 *
 * @param name default: the one tag of the commit at HEAD
 * @param now seconds since 1970, for the rule that no release is from the future
 * @throws TagproofError `tag-name`, `tag-missing`, `tag-not-a-commit`, `epoch-refused`, `object-missing`
 */
export async function resolveTag(
  repository: Repository,
  name?: string,
  now: Epoch = Math.floor(Date.now() / 1000)
): Promise<TagRef> {
  const wanted = name ?? (await tagAtHead(repository))
  checkTagName(wanted)
  const reference = await findReference(repository, wanted)
  const { commitId, kind } = await peel(repository, reference, wanted)
  const commit = await readCommit(repository, commitId, wanted)
  checkEpoch(commit.committed, now, wanted)
  return {
    name: wanted,
    object: reference.object,
    kind,
    commit: commitId,
    tree: commit.tree,
    epoch: commit.committed
  }
}

/**
 * Resolves a tag again: it must still name what it named. (A commit without a tag cannot move.)
 *
 * @throws TagproofError `tag-moved`, and those of `resolveTag`
 */
export async function requireUnmoved(repository: Repository, tag: TagRef): Promise<void> {
  const now =
    tag.kind === 'untagged'
      ? { ...tag, tree: (await readCommit(repository, tag.commit, tag.name)).tree }
      : await resolveTag(repository, tag.name)
  if (now.object === tag.object && now.commit === tag.commit && now.tree === tag.tree) return
  throw new TagproofError('tag-moved', `The tag ${quotedName(tag.name)} has moved since the plan was made.`, {
    found: `${now.object}, commit ${now.commit}`,
    expected: `${tag.object}, commit ${tag.commit}`,
    fix: 'Find out who moved it. A release tag must not move: make a new version.'
  })
}

/**
 * The one tag of the commit at HEAD or, where it has none, that commit itself: a lock is made before the tag,
 * and a rehearsal of a pull request has none.
 *
 * @throws TagproofError as `resolveTag`, but for a commit that has no tag
 */
export async function resolveHead(
  repository: Repository,
  now: Epoch = Math.floor(Date.now() / 1000)
): Promise<TagRef> {
  const name = await repository.head()
  if (name === null) return resolveTag(repository, undefined, now)
  const head = objectId(name)
  if ((await tagsAt(repository, head)).length > 0) return resolveTag(repository, undefined, now)
  const commit = await readCommit(repository, head, 'HEAD')
  checkEpoch(commit.committed, now, 'HEAD')
  return {
    name: 'HEAD',
    object: head,
    kind: 'untagged',
    commit: head,
    tree: commit.tree,
    epoch: commit.committed
  }
}

/** All objects between a tag and its commit, outermost first; empty for a lightweight tag. */
export async function tagObjects(
  repository: Repository,
  tag: Pick<TagRef, 'object' | 'commit'>
): Promise<{ id: ObjectId; data: Buffer }[]> {
  const objects: { id: ObjectId; data: Buffer }[] = []
  for (let id = tag.object; id !== tag.commit;) {
    const { data } = await repository.readObject(id, 'tag')
    objects.push({ id, data })
    id = parseTag(id, data).object
  }
  return objects
}

async function findReference(repository: Repository, name: string): Promise<Reference> {
  const full = `refs/tags/${name}`
  const reference = (await repository.references(full)).find((candidate) => candidate.name === full)
  if (reference === undefined) throw await noSuchTag(repository, name)
  if (reference.symbolic !== '')
    throw new TagproofError('tag-not-a-commit', `The tag ${quotedName(name)} only points at another ref.`, {
      found: `a symbolic ref to ${quotedName(reference.symbolic)}, which moves`,
      expected: 'a tag of a commit',
      fix: `Make a real tag: git tag -f -a ${name} ${name}^{commit}`
    })
  return reference
}

async function noSuchTag(repository: Repository, name: string): Promise<TagproofError> {
  const heads = await repository.references(`refs/heads/${name}`)
  const branch = heads.some((head) => head.name === `refs/heads/${name}`)
  const tags = (await repository.references('refs/tags')).map((tag) => tag.name.slice('refs/tags/'.length))
  const near = tags.filter((tag) => tag.includes(name) || name.includes(tag)).slice(-5)
  return new TagproofError('tag-missing', `There is no tag ${quotedName(name)} in this clone.`, {
    found: branch
      ? 'a branch of that name, which is no tag'
      : near.length > 0
        ? `${tags.length} tags, among them ${near.map(quotedName).join(', ')}`
        : `${tags.length} tags, none like it`,
    fix: `Check the spelling, or fetch it: git fetch origin refs/tags/${name}:refs/tags/${name}`
  })
}

/** The tag of the commit at HEAD; several are a question that we do not answer for the user. */
async function tagAtHead(repository: Repository): Promise<string> {
  const head = await repository.head()
  if (head === null)
    throw new TagproofError('tag-missing', 'HEAD names no commit, so there is no tag at it.', {
      fix: 'Name the tag with --tag.'
    })
  const here = await tagsAt(repository, head)
  const [only] = here
  if (only !== undefined && here.length === 1) return only
  throw new TagproofError(
    'tag-missing',
    here.length === 0 ? 'The commit at HEAD has no tag.' : 'The commit at HEAD has several tags.',
    {
      found: here.length === 0 ? head.slice(0, 12) : here.slice(0, 10).map(quotedName).join(', '),
      fix: here.length === 0 ? 'Check a tag out, or name one with --tag.' : 'Name one of them with --tag.'
    }
  )
}

async function tagsAt(repository: Repository, commit: string): Promise<string[]> {
  const tags = await repository.references('refs/tags', 'peeled')
  const here = tags.filter((tag) => tag.object === commit || tag.peeled === commit)
  return here.map((tag) => tag.name.slice('refs/tags/'.length))
}

async function peel(
  repository: Repository,
  reference: Reference,
  name: string
): Promise<{ commitId: ObjectId; kind: TagRef['kind'] }> {
  let id = reference.object
  for (let depth = 0; depth <= deepestNesting; depth += 1) {
    const [header] = await repository.headers([id])
    if (header === undefined) throw await repository.missing(id, `What the tag ${quotedName(name)} names`)
    if (header.type === 'commit') return { commitId: id, kind: depth === 0 ? 'lightweight' : 'annotated' }
    if (header.type !== 'tag')
      throw new TagproofError('tag-not-a-commit', `The tag ${quotedName(name)} names no commit.`, {
        found: `a ${header.type}`,
        expected: 'a commit',
        fix: 'Tag the commit of the release.'
      })
    const tag = parseTag(id, (await repository.readObject(id, 'tag')).data)
    if (depth === 0) checkOwnName(tag.name, name)
    id = tag.object
  }
  throw new TagproofError('tag-not-a-commit', `The tag ${quotedName(name)} is nested too deeply.`, {
    found: `more than ${deepestNesting} tags of tags`,
    fix: 'Tag the commit of the release.'
  })
}

/** A signed tag object of one release, put under the name of another, would make that release lie. */
function checkOwnName(said: string, name: string): void {
  if (said === name) return
  throw new TagproofError('tag-name', `The tag object at ${quotedName(name)} was made under another name.`, {
    found: quotedName(said),
    expected: quotedName(name),
    fix: `Release ${quotedName(said)}, or make a tag of your own: git tag -a ${name} ${name}^{commit}`
  })
}

async function readCommit(repository: Repository, id: ObjectId, name: string): Promise<Commit> {
  const [header] = await repository.headers([id])
  if (header === undefined) throw await repository.missing(id, `The commit of the tag ${quotedName(name)}`)
  return parseCommit(id, (await repository.readObject(id, 'commit')).data)
}

function checkEpoch(epoch: Epoch, now: Epoch, name: string): void {
  if (epoch >= earliestEpoch && epoch <= now) return
  const date = new Date(epoch * 1000)
  throw new TagproofError(
    'epoch-refused',
    `The commit of the tag ${quotedName(name)} has an impossible time.`,
    {
      found: Number.isNaN(date.getTime()) ? `${epoch} seconds since 1970` : date.toISOString(),
      expected: 'between 1980 and now, since archives carry it',
      fix:
        epoch > now
          ? 'Check the clock of this machine; if it is right, make the commit and the tag again.'
          : 'Make the commit again with a right clock, and tag that one.'
    }
  )
}
