import { lstat, readdir } from 'node:fs/promises'
import path from 'node:path'
import type { ObjectId } from '../documents/identifiers.ts'
import { TagproofError } from '../platform/errors.ts'
import { runChecked, type Environment } from '../platform/process.ts'
import { addObjects, type NamedObject } from './added-objects.ts'
import { discoverRepository, type RepositoryPlaces } from './discovery.ts'
import { ObjectStore, type ObjectHeader, type StreamedObject } from './object-store.ts'
import { checkObjectName, objectHash, type GitObject, type ObjectType } from './objects.ts'
import { makePrivateGit, type ObjectFormat } from './private-git.ts'
import { whole } from '../platform/pieces.ts'

/** Commits, tags, trees and files that are held whole are never larger. */
const largestInMemory = 512 * 1024 * 1024

export interface Reference {
  /** Full name, `refs/tags/v1.0`. */
  name: string
  object: ObjectId
  /** The reference that a symbolic one stands for, or empty. */
  symbolic: string
  /** What git believes an annotated tag peels to; a hint only, since packed refs repeat what a file says. */
  peeled: string
}

/** Git objects and refs, read so that nothing of the repository's own runs or changes what is read. */
export interface Repository {
  /** As the caller named it. */
  readonly directory: string
  readonly places: RepositoryPlaces
  readonly objectFormat: ObjectFormat
  /**
   * One whole object, checked against its name.
   * @throws TagproofError `object-missing`, `object-corrupt`, or `repository-invalid` for another type
   */
  readObject(id: ObjectId, expectedType?: ObjectType): Promise<GitObject>
  /** One blob as a stream; the last chunk is followed by the check against its name. */
  blobStream(id: ObjectId): Promise<{ size: number; content: AsyncIterable<Buffer> }>
  /** Many blobs, in this order; each content is read to its end before the next is asked for. */
  blobs(
    ids: readonly ObjectId[]
  ): AsyncGenerator<{ id: ObjectId; size: number; content: AsyncIterable<Buffer> }>
  /** Types and sizes; undefined where an object is not there. */
  headers(ids: readonly ObjectId[]): Promise<(ObjectHeader | undefined)[]>
  /** The refs at or below a name. Their objects need not be there, unless `peeled` is asked for. */
  references(prefix: string, peeled?: 'peeled'): Promise<Reference[]>
  /** The commit that HEAD names, or null where it names none. */
  head(): Promise<string | null>
  /** Also looks for objects in another `objects` folder; since all are checked, none needs trust. */
  addObjectDirectory(folder: string): Promise<void>
  /**
   * Puts objects beside those of the repository, for as long as it is open.
   * @throws TagproofError `object-corrupt` for one that has another name
   */
  addObjects(objects: AsyncIterable<NamedObject> | Iterable<NamedObject>): Promise<void>
  /** The error for an object that is not there: what is missing, why, and how to get it. */
  missing(id: ObjectId, what: string): Promise<TagproofError>
  close(): Promise<void>
}

/**
 * Opens the repository that a folder belongs to (worktree, linked worktree, submodule or bare).
 *
 * @throws TagproofError `repository-invalid`, `tool-missing`
 */
export async function openRepository(directory: string): Promise<Repository> {
  const places = await discoverRepository(directory)
  const git = await makePrivateGit(places)
  const extra: string[] = []
  let store: ObjectStore | undefined
  const environment = (): Environment =>
    extra.length === 0
      ? git.environment
      : { ...git.environment, GIT_ALTERNATE_OBJECT_DIRECTORIES: extra.map(quoted).join(':') }

  async function openStore(): Promise<ObjectStore> {
    if (store?.exhausted === true) await closeStore()
    return (store ??= new ObjectStore(environment()))
  }
  async function closeStore(): Promise<void> {
    const open = store
    store = undefined
    await open?.close()
  }
  async function one(id: ObjectId): Promise<{ object: StreamedObject; end: () => Promise<unknown> }> {
    const objects = (await openStore()).objects([id])
    const next = await objects.next()
    if (next.done !== true && next.value !== undefined)
      return { object: next.value, end: () => objects.return(undefined) }
    await objects.next()
    throw await missing(id, 'The object')
  }
  async function missing(id: ObjectId, what: string): Promise<TagproofError> {
    return missingObject(places, id, what)
  }
  const checked = (object: StreamedObject): AsyncIterable<Buffer> => checkedContent(object, git.objectFormat)

  return {
    directory,
    places,
    objectFormat: git.objectFormat,
    missing,
    async readObject(id, expectedType) {
      const { object, end } = await one(id)
      try {
        const fault = refusal(object, expectedType)
        if (fault !== undefined) throw fault
        return { type: object.type, data: await whole(checked(object)) }
      } finally {
        await end()
      }
    },
    async blobStream(id) {
      const { object, end } = await one(id)
      const fault = refusal(object, 'blob', Infinity)
      if (fault !== undefined) {
        await end()
        throw fault
      }
      return { size: object.size, content: followed(checked(object), end) }
    },
    async *blobs(ids) {
      const objects = (await openStore()).objects(ids)
      try {
        for (const id of ids) {
          const next = await objects.next()
          if (next.done === true || next.value === undefined) throw await missing(id, 'A file')
          const fault = refusal(next.value, 'blob', Infinity)
          if (fault !== undefined) throw fault
          yield { id, size: next.value.size, content: checked(next.value) }
        }
        await objects.next()
      } finally {
        await objects.return(undefined)
      }
    },
    headers: async (ids) => (await openStore()).headers(ids),
    references: (prefix, peeled) => references(git.environment, prefix, peeled),
    head: () => headCommit(git.environment),
    async addObjectDirectory(folder) {
      if (extra.includes(folder)) return
      extra.push(folder)
      await closeStore()
    },
    async addObjects(objects) {
      const folder = path.join(git.environment.GIT_DIR ?? '', 'objects')
      await addObjects(folder, git.objectFormat, objects)
      if (!extra.includes(folder)) extra.push(folder)
      await closeStore()
    },
    async close() {
      await closeStore()
      await git.remove()
    }
  }
}

async function* checkedContent(object: StreamedObject, format: ObjectFormat): AsyncGenerator<Buffer> {
  const hash = objectHash(format, object.type, object.size)
  for await (const chunk of object.content) {
    hash.update(chunk)
    yield chunk
  }
  checkObjectName(object.id, object.type, hash)
}

async function* followed(
  content: AsyncIterable<Buffer>,
  end: () => Promise<unknown>
): AsyncGenerator<Buffer> {
  try {
    yield* content
  } finally {
    await end()
  }
}

function refusal(
  object: StreamedObject,
  expectedType: ObjectType | undefined,
  largest = largestInMemory
): TagproofError | undefined {
  if (expectedType !== undefined && object.type !== expectedType)
    return new TagproofError('repository-invalid', `The object ${object.id} is not what its place says.`, {
      found: object.type,
      expected: expectedType,
      fix: 'The repository is damaged. Run git fsck.'
    })
  if (object.size > largest)
    return new TagproofError('repository-invalid', `The ${object.type} ${object.id} is too large.`, {
      found: `${object.size} bytes`,
      expected: `at most ${largest} bytes`
    })
  return undefined
}

async function references(
  environment: Environment,
  prefix: string,
  peeled: 'peeled' | undefined
): Promise<Reference[]> {
  const inner = peeled === undefined ? '' : '%(*objectname)'
  const format = `%(objectname)%00%(symref)%00${inner}%00%(refname)`
  const text = await runChecked('git', ['for-each-ref', `--format=${format}`, '--', prefix], {
    env: environment
  }).catch((error: unknown) => {
    throw new TagproofError('repository-invalid', 'The refs of the repository cannot be read.', {
      ...(error instanceof TagproofError && error.detail.output !== undefined
        ? { output: error.detail.output }
        : {}),
      fix: 'Run git fsck on it, or clone the project again.',
      cause: error
    })
  })
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [object = '', symbolic = '', peeled = '', name = ''] = line.split('\0')
      return { name, object: object as ObjectId, symbolic, peeled }
    })
}

async function headCommit(environment: Environment): Promise<string | null> {
  const text = await runChecked('git', ['rev-parse', '--verify', '--quiet', 'HEAD^{commit}'], {
    env: environment
  }).catch(() => '')
  return /^[0-9a-f]{40,64}$/.test(text.trim()) ? text.trim() : null
}

async function missingObject(places: RepositoryPlaces, id: ObjectId, what: string): Promise<TagproofError> {
  const shallow = await lstat(path.join(places.commonDirectory, 'shallow')).catch(() => undefined)
  const packs = await readdir(path.join(places.commonDirectory, 'objects', 'pack')).catch(() => [])
  const partial = packs.some((name) => name.endsWith('.promisor'))
  const reason =
    shallow !== undefined ? ' (a shallow clone)' : partial ? ' (a partial clone, without all files)' : ''
  return new TagproofError('object-missing', `${what} is not in this clone${reason}.`, {
    found: `no object ${id}`,
    expected: 'the commit of the tag with all its trees and files',
    fix:
      shallow !== undefined
        ? 'Fetch it: git fetch --depth 1 origin tag NAME. With actions/checkout, check the tag out (ref: NAME).'
        : partial
          ? 'Clone without --filter, or fetch the files: git fetch --refetch --no-filter origin tag NAME.'
          : 'The repository is damaged. Run git fsck, then clone the project again.'
  })
}

/** The form of GIT_ALTERNATE_OBJECT_DIRECTORIES for names that hold `:` (git(1)). */
function quoted(folder: string): string {
  return `"${folder.replace(/["\\]/g, '\\$&')}"`
}
