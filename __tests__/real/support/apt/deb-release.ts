import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { DebFile } from '../../../../src/destinations/apt/packages.ts'
import { sha256OfBytes } from '../../../../src/platform/files.ts'

/** A folder with debs of a few bytes, which no destination opens, and what prove would have written of them. */
export interface DebRelease {
  project: string
  version: string
  folder: string
  debs: readonly DebFile[]
  files: readonly DebFile[]
  bytes: ReadonlyMap<string, Buffer>
  remove: () => Promise<void>
}

export interface DebReleaseOptions {
  project?: string
  version?: string
  /** Differs from release to release where the bytes shall. */
  text?: string
}

/** One for all architectures, and a library for one. */
export async function makeDebRelease(options: DebReleaseOptions = {}): Promise<DebRelease> {
  const { project = 'tiny-demo', version = '1.0', text = 'first' } = options
  const folder = await mkdtemp(path.join(tmpdir(), 'tagproof-debs-'))
  const bytes = new Map<string, Buffer>()
  const debs = (
    [
      [project, 'all'],
      [`lib${project}`, 'amd64']
    ] as const
  ).map(([name, architecture]) => {
    const content = Buffer.from(`${name} ${version} ${text}\n`)
    const deb = debFile({ package: name, version, architecture, source: project }, content)
    bytes.set(deb.name, content)
    return deb
  })
  for (const [name, content] of bytes) await writeFile(path.join(folder, name), content)
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true })
  return { project, version, folder, debs, files: debs, bytes, remove }
}

export function debFile(
  {
    package: name,
    version,
    architecture,
    source
  }: Pick<DebFile, 'package' | 'version' | 'architecture' | 'source'>,
  content: Buffer
): DebFile {
  const file = `${name}_${version.replace(/^\d+:/, '')}_${architecture}.deb`
  const control = `Package: ${name}\nSource: ${source}\nVersion: ${version}\nArchitecture: ${architecture}\nMaintainer: Ä <a@example.org>\nDescription: demo\n of it\n .\n and more`
  return {
    name: file,
    size: content.length,
    sha256: sha256OfBytes(content),
    package: name,
    version,
    architecture,
    source,
    control
  }
}
