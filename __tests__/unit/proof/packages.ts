import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { objectId } from '../../../src/documents/identifiers.ts'
import type { ScrambledFile } from '../../../src/documents/plan.ts'
import { tarEnd, tarHeader, tarPadding } from '../../../src/formats/tar/writer.ts'
import { writeZip, type ZipFile } from '../../../src/formats/zip/writer.ts'
import { sha256OfBytes } from '../../../src/platform/files.ts'

/** Content of a member; executable where its path begins with `bin/`. */
export type Files = Record<string, string | Buffer>

export const epoch = 1_700_000_000

export async function inFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(path.join(tmpdir(), 'tagproof-proof-'))
  try {
    return await use(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

export interface SdistForm {
  mtime?: number
  mode?: number
  level?: number
  reverse?: boolean
  /** Symbolic links besides the files: targets by name. */
  links?: Record<string, string>
}

/** An sdist `pkg-1.0.tar.gz` as a careless backend makes it. */
export async function writeSdist(file: string, files: Files, form: SdistForm = {}): Promise<void> {
  const all = Object.entries({ 'PKG-INFO': metadata(), ...files })
  if (form.reverse === true) all.reverse()
  const blocks = all.flatMap(([name, content]) => {
    const bytes = Buffer.from(content)
    const mode = form.mode ?? (name.startsWith('bin/') ? 0o755 : 0o644)
    const fields = { path: `pkg-1.0/${name}`, kind: 'file' as const, mode, size: bytes.length }
    return [tarHeader({ ...fields, mtime: form.mtime ?? epoch }), bytes, tarPadding(bytes.length)]
  })
  const links = Object.entries(form.links ?? {}).map(([name, linkTarget]) =>
    tarHeader({ path: `pkg-1.0/${name}`, kind: 'symlink', mode: 0o777, size: 0, mtime: epoch, linkTarget })
  )
  await writeFile(file, gzipSync(Buffer.concat([...blocks, ...links, tarEnd]), { level: form.level ?? 6 }))
}

/** A wheel `pkg-1.0-py3-none-any.whl`. */
export async function writeWheel(file: string, files: Files, time = epoch, version = '1.0'): Promise<void> {
  const info = `pkg-${version}.dist-info`
  const all: Files = {
    ...files,
    [`${info}/METADATA`]: metadata(version),
    [`${info}/WHEEL`]: 'Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n'
  }
  const lines = Object.entries(all).map(([name, content]) => {
    const hash = createHash('sha256').update(content).digest('base64url')
    return `${name},sha256=${hash},${Buffer.from(content).length}\n`
  })
  const record = `${lines.join('')}${info}/RECORD,,\n`
  await writeZip(file, zipFiles({ ...all, [`${info}/RECORD`]: record }), time)
}

function metadata(version = '1.0'): string {
  return `Metadata-Version: 2.1\nName: pkg\nVersion: ${version}\n\nText.\n`
}

// eslint-disable-next-line @typescript-eslint/require-await -- the writer takes a stream of files
async function* zipFiles(files: Files): AsyncGenerator<ZipFile> {
  for (const [name, content] of Object.entries(files)) {
    const bytes = Buffer.from(content)
    const mode = name.startsWith('bin/') ? 0o755 : 0o644
    yield { path: name, mode, size: bytes.length, content: once(bytes) }
  }
}

// eslint-disable-next-line @typescript-eslint/require-await -- the writer takes a stream of bytes
async function* once(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes
}

/** The plan's record of a scrambled file. */
export function scrambledFile(name: string, original: string, scrambled: string): ScrambledFile {
  return {
    path: name,
    blob: objectId('0'.repeat(40)),
    size: Buffer.from(original).length,
    reason: 'tests',
    original: sha256OfBytes(original),
    scrambled: sha256OfBytes(scrambled)
  }
}

export async function bytesOf(file: string): Promise<Buffer> {
  const pieces: Buffer[] = []
  for await (const piece of createReadStream(file) as AsyncIterable<Buffer>) pieces.push(piece)
  return Buffer.concat(pieces)
}
