import path from 'node:path'
import { aptDirectory } from '../destinations/apt/directory.ts'
import type { Destination } from '../destinations/destination.ts'
import { directoryDestination } from '../destinations/directory.ts'
import { filesDestination } from '../destinations/files/destination.ts'
import { noJournal } from '../destinations/journal.ts'
import { imageFolder, imageTag, localSuite } from '../destinations/local-places.ts'
import { ociLayoutDestination } from '../destinations/oci-layout.ts'
import { runPublication } from '../destinations/publication.ts'
import { directoryStore } from '../destinations/stores/directory-store.ts'
import type { Release } from '../documents/release.ts'
import { hashFile, joinInside } from '../platform/files.ts'
import { createHttpClient } from '../platform/http.ts'
import { silentLog } from '../platform/log.ts'
import { clearFrom, signalOf, type StageContext } from './context.ts'

/** Fills the directory destinations below `local/`, which need no server. */
export async function publishLocally(context: StageContext, release: Release): Promise<void> {
  await clearFrom(context.out, 'publish')
  if (release.verdict === 'refused') return
  const progress = context.log.begin('local destinations')
  try {
    const filled = [
      ...(await fillIndex(context, release)),
      ...(await fillArchive(context, release)),
      ...(await fillLayouts(context, release)),
      ...(await fillFiles(context, release))
    ]
    progress.done(filled.join(', '))
  } catch (error) {
    progress.failed()
    throw error
  }
}

async function fillIndex(context: StageContext, release: Release): Promise<string[]> {
  const { out } = context
  const destination = directoryDestination({
    name: 'local/simple',
    address: 'local/simple',
    packages: out.packages,
    artifacts: release.artifacts,
    folder: path.join(out.local, 'simple')
  })
  if (destination.artifacts.length === 0) return []
  await fill(context, release, destination)
  return ['local/simple']
}

/** The files as they are, with the list of their hashes. Images are left to their layouts: they are large. */
async function fillFiles(context: StageContext, release: Release): Promise<string[]> {
  const { out } = context
  const files = release.artifacts.filter(({ kind }) => kind !== 'image')
  if (files.length === 0) return []
  const destination = filesDestination({
    destination: 'local/files',
    values: { version: release.version ?? 'untagged', tag: release.tag },
    files: files.map(({ name, size, sha256, target }) => ({
      ...{ name, size, sha256, target },
      arch: null,
      file: joinInside(out.packages, name)
    })),
    names: '{version}/{file}',
    aliases: {},
    sums: true,
    store: directoryStore({ folder: path.join(out.local, 'files'), address: 'local/files' }),
    url: null,
    moves: false,
    signer: null,
    openReader: createHttpClient,
    now: Date.now,
    ...signalOf(context)
  })
  await fill(context, release, destination)
  return ['local/files']
}

async function fill(context: StageContext, release: Release, destination: Destination): Promise<void> {
  const { sha256 } = await hashFile(context.out.release)
  await runPublication({
    release: { ...release, sha256 },
    destinations: [destination],
    journal: noJournal(),
    log: silentLog,
    ...signalOf(context)
  })
}

async function fillArchive({ out }: StageContext, { artifacts, epoch }: Release): Promise<string[]> {
  const debs = artifacts
    .filter(({ kind }) => kind === 'deb')
    .map(({ name }) => joinInside(out.packages, name))
  if (debs.length === 0) return []
  await aptDirectory({ debs, folder: path.join(out.local, 'apt'), suite: localSuite, date: epoch })
  return ['local/apt']
}

async function fillLayouts({ out }: StageContext, { artifacts, version }: Release): Promise<string[]> {
  const images = artifacts
    .filter(({ kind }) => kind === 'image')
    .map(({ name, sha256 }) => ({
      name,
      sha256,
      tag: imageTag(version),
      repository: imageFolder(name, version)
    }))
  if (images.length === 0) return []
  await ociLayoutDestination({
    packages: out.packages,
    artifacts: images,
    folder: path.join(out.local, 'oci')
  })
  return images.map(({ repository }) => `local/oci/${repository}`)
}
