import { copyFile, mkdir, readdir, rename, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import type { ReleaseArtifact } from '../documents/release.ts'
import { TagproofError } from '../platform/errors.ts'
import { hashFile, joinInside, writeFileAtomic } from '../platform/files.ts'
import { indexFile, projectOf, projectPages, rootPages, type IndexedFile } from './simple-index.ts'

export interface DirectoryRequest {
  /** Folder with the artifacts, as `record` left them. */
  packages: string
  artifacts: readonly Pick<ReleaseArtifact, 'kind' | 'name' | 'sha256'>[]
  /** The index: `local/simple`. Other releases in it are kept. */
  folder: string
}

export interface DirectoryReceipt {
  name: string
  /** What was found before anything was written. */
  state: 'absent' | 'identical'
}

/**
 * A package index that is only a folder: PEP 503 pages for pip (`pip install --index-url file://…/simple`, or any
 * web server on top), PEP 691 pages beside them, and the files. As every destination does: all is checked before
 * the first write, equal bytes that are there already count as done, and what was written is read back.
 *
 * @throws TagproofError `destination-different` if another file of that name is there, before anything is written;
 *   `hash-mismatch` if a package is not the one that was proven, or reads back differently
 */
export async function directoryDestination(request: DirectoryRequest): Promise<DirectoryReceipt[]> {
  const artifacts = request.artifacts.filter(({ kind }) => kind === 'sdist' || kind === 'wheel')
  const placed = artifacts.map((artifact) => ({
    ...artifact,
    source: joinInside(request.packages, artifact.name),
    target: joinInside(request.folder, path.join(projectOf(artifact.name), artifact.name))
  }))
  const receipts: DirectoryReceipt[] = []
  for (const artifact of placed) {
    await expectHash(artifact.source, artifact.sha256, 'is not the one that was proven')
    receipts.push({ name: artifact.name, state: await stateOf(artifact) })
  }
  for (const [index, artifact] of placed.entries())
    if (receipts[index]?.state === 'absent') {
      await copyInto(artifact.source, artifact.target)
      await expectHash(artifact.target, artifact.sha256, 'reads back differently')
    }
  await writePages(request.folder, new Set(artifacts.map((artifact) => projectOf(artifact.name))))
  return receipts
}

async function stateOf(artifact: {
  name: string
  target: string
  sha256: string
}): Promise<DirectoryReceipt['state']> {
  if ((await stat(artifact.target).catch(() => null)) === null) return 'absent'
  const { sha256 } = await hashFile(artifact.target)
  if (sha256 === artifact.sha256) return 'identical'
  throw new TagproofError('destination-different', `Another ${artifact.name} is there already.`, {
    where: artifact.target,
    found: sha256,
    expected: artifact.sha256,
    fix: 'Find out which of them is right. A version that was given out once must not change: release a new one.'
  })
}

async function expectHash(file: string, expected: string, what: string): Promise<void> {
  const { sha256 } = await hashFile(file)
  if (sha256 !== expected)
    throw new TagproofError('hash-mismatch', `${path.basename(file)} ${what}.`, {
      where: file,
      found: sha256,
      expected,
      fix: 'Run tagproof prove and record again; find out what wrote to the folder.'
    })
}

async function copyInto(source: string, target: string): Promise<void> {
  await mkdir(path.dirname(target), { recursive: true })
  const part = `${target}.part`
  try {
    await copyFile(source, part)
    await rename(part, target)
  } finally {
    await rm(part, { force: true })
  }
}

/** The pages come last: until then no client sees a file that is not whole. */
async function writePages(folder: string, changed: ReadonlySet<string>): Promise<void> {
  for (const project of changed) {
    const files: IndexedFile[] = []
    for (const name of (await readdir(path.join(folder, project))).sort())
      if (indexFile(name) !== null)
        files.push({ name, ...(await hashFile(path.join(folder, project, name))) })
    const pages = projectPages(project, files)
    await writeFileAtomic(path.join(folder, project, 'index.json'), pages.json)
    await writeFileAtomic(path.join(folder, project, 'index.html'), pages.html)
  }
  await mkdir(folder, { recursive: true })
  const entries = await readdir(folder, { withFileTypes: true })
  const pages = rootPages(entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name))
  await writeFileAtomic(path.join(folder, 'index.json'), pages.json)
  await writeFileAtomic(path.join(folder, 'index.html'), pages.html)
}
