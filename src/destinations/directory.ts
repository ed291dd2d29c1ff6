import { constants } from 'node:fs'
import { access, copyFile, mkdir, rename, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import type { ReleaseArtifact } from '../documents/release.ts'
import type { ReadBack } from '../documents/receipt.ts'
import { TagproofError } from '../platform/errors.ts'
import { hashFile, joinInside } from '../platform/files.ts'
import type { ArtifactState, Destination, WriteEvent } from './destination.ts'
import { folderPages } from './folder-pages.ts'
import { projectOf } from './simple-index.ts'

export interface DirectoryRequest {
  name: string
  /** For people: the folder as they know it, which need not be the path on this machine. */
  address: string
  /** Folder with the artifacts, as `record` left them. */
  packages: string
  /** Those that are no sdist or wheel are left to others. */
  artifacts: readonly ReleaseArtifact[]
  /** The index: `local/simple`, or a folder of the configuration. Other releases in it are kept. */
  folder: string
}

interface Placed extends ReleaseArtifact {
  project: string
  source: string
  target: string
  part: string
}

/**
 * A package index that is only a folder: PEP 503 pages for pip (`pip install --index-url file://…/simple`, or any
 * web server on top), PEP 691 pages beside them, and the files. A file that no page lists is not given out, so it counts as
 * absent, and is listed by the next run.
 *
 * @returns a destination that throws TagproofError `hash-mismatch` if a package is not the one that was proven, or reads
 *   back differently; `readback-missing`; `read-only`, `usage` for a folder that cannot be written to
 */
export function directoryDestination(request: DirectoryRequest): Destination {
  const { name, address, folder } = request
  const placed = placesOf(request)
  const pages = folderPages(folder)
  const wanted = (missing: readonly string[]): Placed[] => placed.filter((one) => missing.includes(one.name))

  async function preflight(): Promise<void> {
    for (const { source, sha256 } of placed)
      await expectHash(source, sha256, 'is not the one that was proven')
    await requireWritable(folder)
  }

  async function state(): Promise<ArtifactState[]> {
    const states: ArtifactState[] = []
    for (const { name: file, target, sha256, project } of placed) {
      const there = await hashIfThere(target)
      if (there !== null && there !== sha256) states.push({ name: file, state: 'different', found: there })
      else {
        const listed = there !== null && (await pages.listed(project, file)) === sha256
        states.push({ name: file, state: listed ? 'identical' : 'absent' })
      }
    }
    return states
  }

  async function stage(missing: readonly string[]): Promise<void> {
    for (const { source, target, part, sha256 } of wanted(missing)) {
      await mkdir(path.dirname(target), { recursive: true })
      await copyFile(source, part)
      await expectHash(part, sha256, 'was copied differently')
    }
  }

  async function commit(
    missing: readonly string[],
    onWritten: (event: WriteEvent) => Promise<void>
  ): Promise<void> {
    for (const { name: file, target, part, project, sha256 } of wanted(missing)) {
      const there = await hashIfThere(target)
      if (there !== null && there !== sha256) throw different(target, there, sha256)
      if (there === null) await rename(part, target)
      // The pages come last: until then no client sees a file that is not whole.
      await pages.write(project)
      await onWritten({ name: file, outcome: there === null ? 'sent' : 'there' })
    }
  }

  async function readBack(): Promise<ReadBack[]> {
    const back: ReadBack[] = []
    for (const { name: file, target, project, sha256 } of placed) {
      if ((await pages.listed(project, file)) !== sha256)
        throw new TagproofError('readback-missing', `The pages of ${address} do not list ${file}.`, {
          where: path.dirname(target),
          fix: 'Find out what else writes to the folder, and run publish again.'
        })
      await expectHash(target, sha256, 'reads back differently')
      back.push({
        name: file,
        sha256,
        checks: ['index', 'bytes'].map((what) => ({ what, result: 'agrees', note: '' }))
      })
    }
    return back
  }

  async function close(): Promise<void> {
    for (const { part } of placed) await rm(part, { force: true }).catch(() => undefined)
  }

  return {
    name,
    kind: 'directory',
    address,
    artifacts: placed,
    preflight,
    state,
    stage,
    commit,
    readBack,
    moving: null,
    close
  }
}

function placesOf({ artifacts, packages, folder }: DirectoryRequest): Placed[] {
  return artifacts
    .filter(({ kind }) => kind === 'sdist' || kind === 'wheel')
    .map((artifact) => {
      const project = projectOf(artifact.name)
      const target = joinInside(folder, path.join(project, artifact.name))
      return {
        ...artifact,
        project,
        source: joinInside(packages, artifact.name),
        target,
        part: `${target}.part`
      }
    })
}

/** The folder, or the one that it will be made in. */
async function requireWritable(folder: string): Promise<void> {
  const status = await stat(folder).catch(() => null)
  if (status === null) {
    if (path.dirname(folder) !== folder) await requireWritable(path.dirname(folder))
    return
  }
  if (!status.isDirectory())
    throw new TagproofError('usage', `${folder} is not a folder.`, {
      fix: 'Name a folder, or one that is not there yet.'
    })
  await access(folder, constants.W_OK | constants.X_OK).catch((error: unknown) => {
    throw new TagproofError('read-only', `Nothing can be written to ${folder}.`, {
      fix: 'Correct its permissions, or name another folder.',
      cause: error
    })
  })
}

async function hashIfThere(file: string): Promise<string | null> {
  if ((await stat(file).catch(() => null)) === null) return null
  return (await hashFile(file)).sha256
}

/** Somebody else wrote it since the state was asked for. */
function different(file: string, found: string, expected: string): TagproofError {
  return new TagproofError('destination-different', `Another ${path.basename(file)} is there already.`, {
    where: file,
    found,
    expected,
    fix: 'What was given out once must not change: release a new version. First find out what else writes to the folder.'
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
