import { createHash } from 'node:crypto'
import { sha256 as asSha256, type Epoch, type Sha256 } from '../documents/identifiers.ts'
import type { Notice, ScrambledFile } from '../documents/plan.ts'
import { sha256OfBytes } from '../platform/files.ts'
import { scrambledAs, scrambledStream, type ScrambleTier } from '../worlds/scramble.ts'
import { addFolder, addGitFile, headerOf, linkTargetOf, type Exported, type Leaf } from './export-entries.ts'
import { exportOrder } from './export-order.ts'
import type { Decision, ScrambleChoice } from './inputs.ts'
import { textNotices, pathNotices } from './notices.ts'
import { isBinary, largestReadable } from './opaque.ts'
import type { Repository } from './repository.ts'
import { TarFile } from './tar-file.ts'
import type { TreeEntry } from './tree.ts'
import { whole } from '../platform/pieces.ts'

export interface OriginalsRequest {
  repository: Repository
  leaves: ReadonlyMap<string, Leaf>
  epoch: Epoch
  choice: ScrambleChoice
  seed: Sha256
  tier: ScrambleTier
  file: string
}

export interface OriginalsResult {
  archive: { sha256: Sha256; size: number }
  exported: Map<string, Exported>
  scrambled: ScrambledFile[]
  /** Opaque files that declared generators read. */
  paired: ScrambledFile[]
  /** Every opaque file by its fate, to judge how broad the declared inputs are. */
  opaque: { path: string; decision: Decision }[]
  notices: Notice[]
}

interface Written {
  place: Exported
  decision: Decision
  record: ScrambledFile | null
  notices: Notice[]
}

/** Writes world a's export, and decides on the way what world b sees scrambled: each blob is read once. */
export async function writeOriginals(request: OriginalsRequest): Promise<OriginalsResult> {
  const places = exportOrder(request.leaves, 'a')
  const ids = places.flatMap(({ leaf }) => (leaf?.kind === 'tree' ? [leaf.entry.id] : []))
  const exported = new Map<string, Exported>()
  const result: Omit<OriginalsResult, 'archive'> = {
    exported,
    scrambled: [],
    paired: [],
    opaque: [],
    notices: []
  }
  const tar = await TarFile.create(request.file)
  const blobs = request.repository.blobs(ids)
  try {
    await addFolder(tar, '', request.epoch)
    for (const { path, leaf } of places) {
      if (leaf === null) await addFolder(tar, path, request.epoch)
      else if (leaf.kind === 'git') await addGitFile(tar, leaf.file, request.epoch)
      else {
        const next = await blobs.next()
        const content = next.done === true ? none() : next.value.content
        const { place, decision, record, notices } = await addOriginal(tar, leaf.entry, content, request)
        exported.set(path, place)
        result.notices.push(...pathNotices(path), ...notices)
        if (decision.fate !== 'leave') result.opaque.push({ path, decision })
        if (record !== null) (decision.fate === 'pair' ? result.paired : result.scrambled).push(record)
      }
    }
    return { ...result, archive: await tar.end() }
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
  const bytes = await whole(content)
  if (entry.mode === '120000') {
    const linkTarget = linkTargetOf(entry, bytes)
    const offset = await tar.add(headerOf(entry, request.epoch, linkTarget))
    const place = { entry, offset, linkTarget, scrambled: false }
    return { place, decision: { fate: 'leave', reason: null }, record: null, notices: [] }
  }
  const offset = await tar.add(headerOf(entry, request.epoch, null), [bytes])
  const decision = request.choice.decide(entry.path, bytes)
  const place = { entry, offset, linkTarget: null, scrambled: decision.fate === 'scramble' }
  return {
    place,
    decision,
    record: recordOf(entry, decision, bytes, request),
    notices: noticesOf(entry.path, decision, bytes)
  }
}

function recordOf(
  entry: TreeEntry,
  { fate, reason }: Decision,
  bytes: Buffer,
  { seed, tier }: OriginalsRequest
): ScrambledFile | null {
  if (reason === null || (fate !== 'scramble' && fate !== 'pair')) return null
  const made = scrambledAs(bytes, entry.path, seed, tier)
  const record = scrambledFile(entry, reason, sha256OfBytes(bytes), sha256OfBytes(made.bytes))
  return made.form === undefined ? record : { ...record, form: made.form }
}

function noticesOf(path: string, { fate, reason }: Decision, bytes: Buffer): Notice[] {
  if (isBinary(bytes)) return []
  const notices = textNotices(path, bytes, fate === 'scramble')
  if (fate !== 'hidden') return notices
  const place = { path, line: null, column: null, count: 1 }
  return [
    ...notices,
    { code: 'opaque-build-file', severity: 'refuse', ...place, found: `${reason ?? 'opaque'} text` }
  ]
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
  const decision = request.choice.decideLarge(entry.path)
  const place = { entry, offset, linkTarget: null, scrambled: decision.fate === 'scramble' }
  const { fate, reason } = decision
  if (reason === null || (fate !== 'scramble' && fate !== 'pair'))
    return { place, decision, record: null, notices: [] }
  const noise = createHash('sha256')
  for (const chunk of scrambledStream(entry.size, entry.path, request.seed)) noise.update(chunk)
  const hashes = [original, noise].map((hash) => asSha256(hash.digest('hex'))) as [Sha256, Sha256]
  return { place, decision, record: scrambledFile(entry, reason, ...hashes), notices: [] }
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
