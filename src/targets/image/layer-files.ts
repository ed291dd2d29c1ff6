import { createHash } from 'node:crypto'
import { open, rm, type FileHandle } from 'node:fs/promises'
import type { Sha256 } from '../../documents/identifiers.ts'
import { sha256 as asSha256 } from '../../documents/identifiers.ts'
import { FileSink } from '../../formats/file-sink.ts'
import { comparePaths } from '../../formats/member-names.ts'
import type { LayerFile } from '../../formats/oci/layer-writer.ts'
import { TagproofError } from '../../platform/errors.ts'
import type { Base } from './assemble-base.ts'

/** A file of ours before it is in a layer. */
export interface GatheredFile {
  /** Of the image, without leading `/`. */
  path: string
  mode: number
  /** Null for a file. */
  linkTarget: string | null
  /** What brings it, for messages. */
  owner: string
}

interface Spooled extends GatheredFile {
  layer: number
  at: number
  size: number
  sha256: Sha256
}

/**
 * Gathers the files of the layers of one image, and gives them back in order. Content waits in a file; memory does not
 * grow with it.
 */
export class LayerFiles {
  private readonly files = new Map<string, Spooled>()
  private readonly folders = new Map<string, number>()
  /** Folders that the base does not have: nothing below them needs a look. */
  private readonly ours = new Set<string>()
  private layer = 0
  private readonly spool: FileHandle
  private readonly sink: FileSink
  private readonly name: string

  private constructor(name: string, spool: FileHandle) {
    this.name = name
    this.spool = spool
    this.sink = new FileSink(spool)
  }

  /** @param spool a temporary file; must not exist */
  static async start(spool: string): Promise<LayerFiles> {
    return new LayerFiles(spool, await open(spool, 'wx+', 0o600))
  }

  async close(): Promise<void> {
    await this.spool.close()
    await rm(this.name, { force: true })
  }

  /** What is added from now on lies in this layer, counted from 0. */
  startLayer(layer: number): void {
    this.layer = layer
  }

  /** A folder with nothing in it yet. */
  addFolder(path: string): void {
    if (!this.folders.has(path)) this.folders.set(path, this.layer)
  }

  /**
   * Adds a file or link. The same bytes may come twice (namespace packages do that), never different ones.
   *
   * @throws TagproofError `lock-invalid`
   */
  async add(
    file: GatheredFile,
    content: AsyncIterable<Uint8Array> | Iterable<Uint8Array> = []
  ): Promise<void> {
    const at = this.sink.offset
    const hash = createHash('sha256')
    hash.update(file.linkTarget ?? '')
    for await (const piece of content) {
      hash.update(piece)
      await this.sink.write(piece)
    }
    const entry = { ...file, layer: this.layer, at, size: this.sink.offset - at }
    const sha256 = asSha256(hash.digest('hex'))
    const other = this.files.get(file.path)
    if (other === undefined) this.files.set(file.path, { ...entry, sha256 })
    else if (other.sha256 !== sha256 || other.mode !== file.mode || other.linkTarget !== file.linkTarget)
      throw new TagproofError('lock-invalid', 'Two parts of the image bring different files to one place.', {
        where: `/${file.path}`,
        found: `${other.owner} and ${file.owner}`,
        fix: 'Drop one of them from the requirements, or install the file of the tree at another place; then lock again.'
      })
  }

  /** What decides the bytes of a layer: one line for each file of it. */
  recipeOf(layer: number): string[] {
    return this.ofLayer(layer).map(
      ({ path, mode, linkTarget, size, sha256 }) =>
        `${mode.toString(8)} ${size} ${sha256} ${JSON.stringify(path)} ${JSON.stringify(linkTarget)}`
    )
  }

  /**
   * The entries of a layer: files in byte order, each folder before what is in it, with what the base says of it.
   *
   * @throws TagproofError `config-invalid` where a folder is a file in the base, or a file a folder
   */
  async *entriesOf(layer: number, base: Base): AsyncGenerator<LayerFile, void, void> {
    await this.sink.flush()
    const files = this.ofLayer(layer)
    const byPath = new Map(files.map((file) => [file.path, file]))
    const folders = new Set([...this.folders].flatMap(([path, of]) => (of === layer ? [path] : [])))
    for (const path of [...byPath.keys(), ...folders])
      for (let cut = path.lastIndexOf('/'); cut > 0; cut = path.lastIndexOf('/', cut - 1))
        folders.add(path.slice(0, cut))
    for (const path of [...byPath.keys(), ...folders].sort(comparePaths)) {
      const file = byPath.get(path)
      if (file !== undefined && folders.has(path)) throw misplaced(file.path, 'a folder of another part')
      if (file === undefined) yield await this.folder(path, base)
      else yield await this.file(file, base)
    }
  }

  private async folder(path: string, base: Base): Promise<LayerFile> {
    const there = this.ours.has(parentOf(path)) ? undefined : await base.find(path)
    if (there === undefined) this.ours.add(path)
    if (there !== undefined && (there.folder === null || there.path !== path))
      throw misplaced(path, there.folder === null ? 'a file of the base' : 'a link of the base')
    const { mode, uid, gid } = there?.folder ?? { mode: 0o755, uid: 0, gid: 0 }
    return { path, kind: 'directory', mode, uid, gid, size: 0, linkTarget: null }
  }

  private async file(file: Spooled, base: Base): Promise<LayerFile> {
    const { path, mode, linkTarget, at, size } = file
    if (!this.ours.has(parentOf(path)) && (await base.find(path))?.folder != null)
      throw misplaced(path, 'a folder of the base')
    const common = { path, mode, uid: 0, gid: 0, linkTarget }
    if (linkTarget !== null) return { ...common, kind: 'symlink', size: 0, mode: 0o777 }
    return { ...common, kind: 'file', size, content: () => this.read(at, size) }
  }

  private ofLayer(layer: number): Spooled[] {
    return [...this.files.values()]
      .filter((file) => file.layer === layer)
      .sort((one, other) => comparePaths(one.path, other.path))
  }

  private async *read(at: number, size: number): AsyncGenerator<Buffer> {
    for (let done = 0; done < size;) {
      const piece = Buffer.allocUnsafe(Math.min(1 << 16, size - done))
      const { bytesRead } = await this.spool.read(piece, 0, piece.length, at + done)
      if (bytesRead === 0) throw new Error('the temporary file was cut')
      done += bytesRead
      yield piece.subarray(0, bytesRead)
    }
  }
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')))
}

function misplaced(path: string, what: string): TagproofError {
  return new TagproofError('config-invalid', `The image cannot have a file or folder at /${path}.`, {
    found: what,
    fix: 'Choose another place: `prefix` and `files` of the target in .github/tagproof.yml.'
  })
}
