import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { sha256, type Epoch, type Sha256 } from '../../documents/identifiers.ts'
import { layerDeflate } from '../deflate.ts'
import { writeGzip } from '../gzip.ts'
import { hashed } from '../hashed.ts'
import { tarEnd, tarHeader, tarPadding } from '../tar/writer.ts'
import { mediaTypes } from './media-types.ts'

/** What a layer of ours is made of. */
export interface LayerFile {
  /** Of the image, without leading `/`. */
  path: string
  kind: 'file' | 'directory' | 'symlink' | 'hardlink'
  mode: number
  uid: number
  gid: number
  size: number
  linkTarget: string | null
  /** Seconds since 1970, where it is not the epoch. */
  mtime?: number
  /** Of a file; read once. */
  content?: () => AsyncIterable<Uint8Array>
}

/** A layer that lies in a file of its own. */
export interface LayerBlob {
  file: string
  mediaType: string
  /** Of the packed file. */
  sha256: Sha256
  size: number
  /** Of the tar that was packed. */
  diffId: Sha256
}

/**
 * Writes a layer canonically: the entries as they come, times = epoch, our own tar and gzip. The same entries give the
 * same bytes. Callers give them in byte order of the paths with every folder before what is in it.
 *
 * @param output is made, whole or not at all
 */
export async function writeLayer(
  output: string,
  files: AsyncIterable<LayerFile> | Iterable<LayerFile>,
  epoch: Epoch
): Promise<LayerBlob> {
  const tar = createHash('sha256')
  const packed = createHash('sha256')
  let size = 0
  const counted = async function* (source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const piece of hashed(source, packed)) {
      size += piece.length
      yield piece
    }
  }
  try {
    const stream = Readable.from(counted(writeGzip(hashed(layerTar(files, epoch), tar), layerDeflate)))
    await pipeline(stream, createWriteStream(output, { flags: 'wx', highWaterMark: 1 << 20 }))
  } catch (error) {
    await rm(output, { force: true })
    throw error
  }
  return {
    file: output,
    mediaType: mediaTypes.layerGzip,
    sha256: sha256(packed.digest('hex')),
    size,
    diffId: sha256(tar.digest('hex'))
  }
}

async function* layerTar(
  files: AsyncIterable<LayerFile> | Iterable<LayerFile>,
  epoch: Epoch
): AsyncGenerator<Uint8Array> {
  for await (const { content, mtime = epoch, ...fields } of files) {
    yield tarHeader({ ...fields, mtime })
    if (fields.kind !== 'file') continue
    let written = 0
    for await (const piece of content?.() ?? []) {
      written += piece.length
      yield piece
    }
    if (written !== fields.size)
      throw new RangeError(`${fields.path}: ${written} bytes came, where ${fields.size} were announced`)
    yield tarPadding(fields.size)
  }
  yield tarEnd
}
