import { createReadStream } from 'node:fs'
import { mkdir, open, readdir, stat } from 'node:fs/promises'
import path from 'node:path'
import { createHash } from 'node:crypto'
import type { Sha256 } from '../documents/identifiers.ts'
import { invalidArchive } from '../formats/invalid.ts'
import { readTar, type TarEntry } from '../formats/tar/reader.ts'
import { TagproofError } from '../platform/errors.ts'
import { hashFile, joinInside } from '../platform/files.ts'
import { TarFile } from '../source/tar-file.ts'
import { belongsTo, type Parcel } from './contents.ts'

/**
 * Packs files below a folder into one tar: sorted by path, no times, no owners, so that the same files give the same
 * bytes.
 *
 * @throws TagproofError `internal` for anything that is neither file nor folder: no stage leaves such
 */
export async function packParcel(
  folder: string,
  parcel: Parcel,
  file: string
): Promise<{ sha256: Sha256; size: number }> {
  const names = (await Promise.all(parcel.paths.map((name) => filesBelow(folder, name)))).flat()
  const tar = await TarFile.create(file)
  try {
    for (const name of names.sort()) {
      const at = path.join(folder, name)
      const { size } = await stat(at)
      await tar.add({ path: name, kind: 'file', mode: 0o644, size, mtime: 0 }, content(at))
    }
    return await tar.end()
  } finally {
    await tar.close()
  }
}

function content(file: string): AsyncIterable<Buffer> {
  return createReadStream(file, { highWaterMark: 1 << 20 })
}

async function filesBelow(folder: string, name: string): Promise<string[]> {
  const entries = await readdir(path.join(folder, name), { withFileTypes: true }).catch((error: unknown) => {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return []
    if (code === 'ENOTDIR') return null
    throw error
  })
  if (entries === null) return [name]
  const found: string[] = []
  for (const entry of entries) {
    const inside = `${name}/${entry.name}`
    if (entry.isDirectory()) found.push(...(await filesBelow(folder, inside)))
    else if (entry.isFile()) found.push(inside)
    else throw new TagproofError('internal', `${JSON.stringify(inside)} is neither a file nor a folder.`)
  }
  return found
}

/**
 * Unpacks what another job packed into a folder, through the strict reader of tars: files alone, each at a path that
 * the parcel may hold. The caller has checked the SHA-256 of the file. A file that is there already must be the same.
 *
 * @throws TagproofError `archive-invalid`; `document-mismatch` where two parcels hold different files of one name
 */
export async function unpackParcel(file: string, parcel: Parcel, folder: string): Promise<void> {
  for await (const entry of readTar(content(file))) {
    if (entry.kind !== 'file' || !belongsTo(parcel, entry.path))
      throw invalidArchive(
        { format: 'tar', entry: entry.index, offset: entry.offset, path: entry.path },
        `a ${entry.kind} that is no part of ${parcel.label}`
      )
    const target = joinInside(folder, entry.path)
    await mkdir(path.dirname(target), { recursive: true })
    await writeEntry(entry, target)
  }
}

async function writeEntry(entry: TarEntry, target: string): Promise<void> {
  const handle = await open(target, 'wx', 0o644).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return null
    throw error
  })
  if (handle === null) return requireSame(entry, target)
  try {
    for await (const piece of entry.content) await handle.writeFile(piece)
  } finally {
    await handle.close()
  }
}

async function requireSame(entry: TarEntry, target: string): Promise<void> {
  const hash = createHash('sha256')
  for await (const piece of entry.content) hash.update(piece)
  const found: string = hash.digest('hex')
  const { sha256 } = await hashFile(target)
  if (found === sha256) return
  throw new TagproofError('document-mismatch', `Two jobs handed over different files ${entry.path}.`, {
    found,
    expected: sha256,
    fix: 'Run all jobs again, from the plan on.'
  })
}
