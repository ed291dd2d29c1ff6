import { createHash } from 'node:crypto'
import { sha256 as asSha256, type Epoch, type Sha256 } from '../documents/identifiers.ts'
import type { ScrambledFile } from '../documents/plan.ts'
import { sha256OfBytes } from '../platform/files.ts'
import { scramble, scrambledStream } from '../worlds/scramble.ts'
import { addFolder, addGitFile, headerOf, linkTargetOf, type Exported, type Leaf } from './export-entries.ts'
import { exportOrder } from './export-order.ts'
import type { ScrambleChoice } from './inputs.ts'
import { folderReason, largestReadable } from './opaque.ts'
import type { Repository } from './repository.ts'
import { TarFile } from './tar-file.ts'
import type { TreeEntry } from './tree.ts'

export interface OriginalsRequest {
  repository: Repository
  leaves: ReadonlyMap<string, Leaf>
  epoch: Epoch
  choice: ScrambleChoice
  seed: Sha256
  file: string
}

export interface OriginalsResult {
  archive: { sha256: Sha256; size: number }
  exported: Map<string, Exported>
  scrambled: ScrambledFile[]
}

type Written = Exported & { record: ScrambledFile | null }

/** Writes world a's export, and decides on the way what world b sees scrambled: each blob is read once. */
export async function writeOriginals(request: OriginalsRequest): Promise<OriginalsResult> {
  const places = exportOrder(request.leaves, 'a')
  const ids = places.flatMap(({ leaf }) => (leaf?.kind === 'tree' ? [leaf.entry.id] : []))
  const exported = new Map<string, Exported>()
  const scrambled: ScrambledFile[] = []
  const tar = await TarFile.create(request.file)
  const blobs = request.repository.blobs(ids)
  try {
    await addFolder(tar, '', request.epoch)
    for (const { path, leaf } of places) {
      if (leaf === null) await addFolder(tar, path, request.epoch)
      else if (leaf.kind === 'git') await addGitFile(tar, leaf.file, request.epoch)
      else {
        const next = await blobs.next()
        const { record, ...place } = await addOriginal(
          tar,
          leaf.entry,
          next.done === true ? none() : next.value.content,
          request
        )
        exported.set(path, place)
        if (record !== null) scrambled.push(record)
      }
    }
    return { archive: await tar.end(), exported, scrambled }
  } finally {
    await blobs.return(undefined)
    await tar.close()
  }
}

async function addOriginal(
  tar: TarFile,
  entry: TreeEntry,
  content: AsyncIterable<Buffer>,
  request: OriginalsRequest
): Promise<Written> {
  if (entry.mode !== '120000' && entry.size > largestReadable) return addLarge(tar, entry, content, request)
  const chunks: Buffer[] = []
  for await (const chunk of content) chunks.push(chunk)
  const bytes = Buffer.concat(chunks)
  if (entry.mode === '120000') {
    const linkTarget = linkTargetOf(entry, bytes)
    const offset = await tar.add(headerOf(entry, request.epoch, linkTarget))
    return { entry, offset, linkTarget, scrambled: false, record: null }
  }
  const offset = await tar.add(headerOf(entry, request.epoch, null), [bytes])
  const reason = request.choice.declared(entry.path) ? undefined : request.choice.reason(entry.path, bytes)
  const record =
    reason === undefined
      ? null
      : scrambledFile(
          entry,
          reason,
          sha256OfBytes(bytes),
          sha256OfBytes(scramble(bytes, entry.path, request.seed))
        )
  return { entry, offset, linkTarget: null, scrambled: record !== null, record }
}

/** A file that is too large to hold, and so too large to read: opaque unless the configuration declares it. */
async function addLarge(
  tar: TarFile,
  entry: TreeEntry,
  content: AsyncIterable<Buffer>,
  request: OriginalsRequest
): Promise<Written> {
  const original = createHash('sha256')
  const offset = await tar.add(headerOf(entry, request.epoch, null), hashed(content, original))
  if (request.choice.declared(entry.path))
    return { entry, offset, linkTarget: null, scrambled: false, record: null }
  const reason = folderReason(request.choice.relative(entry.path)) ?? 'dense'
  const noise = createHash('sha256')
  for (const chunk of scrambledStream(entry.size, entry.path, request.seed)) noise.update(chunk)
  const record = scrambledFile(entry, reason, asSha256(original.digest('hex')), asSha256(noise.digest('hex')))
  return { entry, offset, linkTarget: null, scrambled: true, record }
}

function scrambledFile(
  entry: TreeEntry,
  reason: ScrambledFile['reason'],
  original: Sha256,
  scrambled: Sha256
): ScrambledFile {
  return { path: entry.path, blob: entry.id, size: entry.size, reason, original, scrambled }
}

async function* hashed(
  content: AsyncIterable<Buffer>,
  hash: { update(chunk: Buffer): unknown }
): AsyncGenerator<Buffer> {
  for await (const chunk of content) {
    hash.update(chunk)
    yield chunk
  }
}

async function* none(): AsyncGenerator<Buffer> {
  // The stream of blobs ends early only by throwing.
}
