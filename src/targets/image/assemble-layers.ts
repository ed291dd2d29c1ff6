import { createHash } from 'node:crypto'
import { mkdir, readFile, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { sha256 as asSha256, type Epoch } from '../../documents/identifiers.ts'
import { writeLayer, type LayerBlob } from '../../formats/oci/layer-writer.ts'
import { hashFile, writeFileAtomic } from '../../platform/files.ts'
import type { Base } from './assemble-base.ts'
import type { LayerFiles } from './layer-files.ts'

export interface LayerRequest {
  files: LayerFiles
  layer: number
  base: Base
  epoch: Epoch
}

/**
 * Writes a gathered layer.
 *
 * @param file receives it
 */
export async function layerBlob(
  { files, layer, base, epoch }: LayerRequest,
  file: string
): Promise<LayerBlob> {
  return writeLayer(file, files.entriesOf(layer, base), epoch)
}

/** Changes with what a layer is made like. */
const making = 'tagproof layer 2'
const beingMade = new Map<string, Promise<LayerBlob>>()

/**
 * The same for a layer that is made of locked files alone: it is kept under the hash of all that decides its bytes, so that
 * both worlds, and the next rehearsal, pack it once.
 *
 * @param cache folder that keeps layers from run to run
 */
export async function keptLayerBlob(request: LayerRequest, cache: string): Promise<LayerBlob> {
  const folder = path.resolve(cache, 'layers')
  const key = await keyOf(request)
  const file = path.join(folder, key)
  const made = beingMade.get(file) ?? findOrMake(file, request).finally(() => beingMade.delete(file))
  beingMade.set(file, made)
  return made
}

async function findOrMake(file: string, request: LayerRequest): Promise<LayerBlob> {
  const found = await kept(file)
  if (found !== undefined) return found
  await mkdir(path.dirname(file), { recursive: true })
  const part = `${file}.${process.pid}.part`
  try {
    await rm(part, { force: true })
    const { files, layer, base, epoch } = request
    const blob = await writeLayer(part, files.entriesOf(layer, base), epoch)
    await rename(part, `${file}.tar.gz`)
    await writeFileAtomic(`${file}.json`, JSON.stringify({ ...blob, file: undefined }))
    return { ...blob, file: `${file}.tar.gz` }
  } finally {
    await rm(part, { force: true })
  }
}

/** What is kept counts only as long as its bytes are what they were. */
async function kept(file: string): Promise<LayerBlob | undefined> {
  const text = await readFile(`${file}.json`, 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  const blob = { ...(JSON.parse(text) as LayerBlob), file: `${file}.tar.gz` }
  const there = await hashFile(blob.file).catch(() => undefined)
  return there?.sha256 === blob.sha256 && there.size === blob.size ? blob : undefined
}

async function keyOf({ files, layer, base, epoch }: LayerRequest): Promise<string> {
  const hash = createHash('sha256').update(`${making}\n${epoch}\n`)
  for (const line of files.recipeOf(layer)) hash.update(`${line}\n`)
  for await (const { path: name, kind, mode, uid, gid } of files.entriesOf(layer, base))
    hash.update(`${kind} ${mode.toString(8)} ${uid} ${gid} ${JSON.stringify(name)}\n`)
  return asSha256(hash.digest('hex'))
}
