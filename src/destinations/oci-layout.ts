import { createWriteStream } from 'node:fs'
import { mkdir, readFile, rename, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'
import { Readable } from 'node:stream'
import type { Sha256 } from '../documents/identifiers.ts'
import type { ReleaseArtifact } from '../documents/release.ts'
import { openImage, type Image } from '../formats/oci/image.ts'
import { blobsOf, layoutVersion, type Blob } from '../formats/oci/layout-writer.ts'
import { TagproofError } from '../platform/errors.ts'
import { hashFile, joinInside, writeFileAtomic } from '../platform/files.ts'
import {
  layoutIndexText,
  manifestJson,
  readLayoutIndex,
  type IndexEntry,
  type LayoutIndex
} from './oci-index.ts'

/** An image that is put into a layout. */
export interface LayoutArtifact extends Pick<ReleaseArtifact, 'name' | 'sha256'> {
  /** Name in a registry, without its host: the folder below `local/oci`. */
  repository: string
  /** What the image is called there: its version. */
  tag: string
}

export interface OciLayoutRequest {
  /** Folder with the artifacts, as `record` left them. */
  packages: string
  artifacts: readonly LayoutArtifact[]
  /** `local/oci`. Other images in it are kept. */
  folder: string
}

export interface OciLayoutReceipt {
  name: string
  /** What was found before anything was written. */
  state: 'absent' | 'identical'
  /** Of the manifest, or of the index of several platforms: `sha256:…`. */
  digest: string
}

/**
 * Images in folders that need no server: `<folder>/<repository>` is an OCI layout in which each version is an entry with
 * its name, as skopeo, podman and buildah read it (`oci:FOLDER:VERSION`); `manifest.json` beside it is for `docker load`,
 * which takes a tar of the folder. All is checked before the first write, blobs are only ever added, the index comes last,
 * and what was written is read back.
 *
 * @throws TagproofError `destination-different` if another image has the name already, before anything is written;
 *   `hash-mismatch` if a package is not the one that was proven, or a blob reads back differently
 */
export async function ociLayoutDestination(request: OciLayoutRequest): Promise<OciLayoutReceipt[]> {
  const receipts: OciLayoutReceipt[] = []
  for (const artifact of request.artifacts) receipts.push(await preflight(artifact, request))
  // What is there already is looked at once more, and a blob that somebody removed is added again.
  for (const artifact of request.artifacts) await place(artifact, request)
  return receipts
}

async function preflight(artifact: LayoutArtifact, request: OciLayoutRequest): Promise<OciLayoutReceipt> {
  const file = joinInside(request.packages, artifact.name)
  const { sha256 } = await hashFile(file)
  if (sha256 !== artifact.sha256)
    throw mismatch(file, `${artifact.name} is not the one that was proven.`, sha256, artifact.sha256)
  return withImage(file, async ({ entry }) => {
    const digest = `sha256:${entry.sha256}`
    const folder = joinInside(request.folder, artifact.repository)
    const there = (await indexOf(folder)).named.get(artifact.tag)
    if (there !== undefined && there.digest !== digest)
      throw new TagproofError(
        'destination-different',
        `Another ${artifact.repository}:${artifact.tag} is there already.`,
        {
          where: path.join(folder, 'index.json'),
          found: there.digest,
          expected: digest,
          fix: 'Find out which of them is right. A version that was given out once must not change: release a new one.'
        }
      )
    return { name: artifact.name, state: there === undefined ? 'absent' : 'identical', digest }
  })
}

async function place(artifact: LayoutArtifact, request: OciLayoutRequest): Promise<void> {
  const folder = joinInside(request.folder, artifact.repository)
  const blobs = path.join(folder, 'blobs', 'sha256')
  await mkdir(blobs, { recursive: true })
  await withImage(joinInside(request.packages, artifact.name), async (image) => {
    const all = blobsOf(image)
    for (const blob of all) await addBlob(blob, blobs)
    for (const { sha256 } of all) await readBack(path.join(blobs, sha256), sha256)
    await writeFileAtomic(path.join(folder, 'oci-layout'), layoutVersion)
    const loaded = path.join(folder, 'manifest.json')
    await writeFileAtomic(loaded, manifestJson(await textOf(loaded), forDocker(image, artifact)))
    const index = await indexOf(folder)
    index.named.set(artifact.tag, entryOf(image))
    await writeFileAtomic(path.join(folder, 'index.json'), layoutIndexText(index))
  })
}

/** A blob that is there already stays: its bytes were the same, or reading back tells. */
async function addBlob({ sha256, content }: Blob, folder: string): Promise<void> {
  const target = path.join(folder, sha256)
  if ((await stat(target).catch(() => null)) !== null) return
  const part = `${target}.part`
  try {
    await pipeline(Readable.from(content()), createWriteStream(part))
    await rename(part, target)
  } finally {
    await rm(part, { force: true })
  }
}

async function readBack(file: string, expected: Sha256): Promise<void> {
  const { sha256 } = await hashFile(file)
  if (sha256 !== expected) throw mismatch(file, 'A blob reads back differently.', sha256, expected)
}

function mismatch(where: string, message: string, found: string, expected: string): TagproofError {
  return new TagproofError('hash-mismatch', message, {
    where,
    found,
    expected,
    fix: 'Run tagproof prove and record again; find out what wrote to the folder.'
  })
}

function entryOf({ entry, indexBytes, platforms }: Image): IndexEntry {
  const { mediaType, sha256, size } = entry
  const [only] = platforms
  const platform = indexBytes === null && only !== undefined ? only.platform : undefined
  const { os = '', architecture = '', variant = '' } = platform ?? {}
  const shown = { architecture, os, ...(variant === '' ? {} : { variant }) }
  return {
    mediaType,
    digest: `sha256:${sha256}`,
    size,
    ...(platform === undefined ? {} : { platform: shown })
  }
}

/** The older form of `docker load` knows one platform; it gets the first, which is linux/amd64 where there is one. */
function forDocker(
  { platforms }: Image,
  { repository, tag }: LayoutArtifact
): Parameters<typeof manifestJson>[1] {
  const blob = (sha256: string | undefined): string => `blobs/sha256/${sha256 ?? ''}`
  const [first] = platforms
  return {
    Config: blob(first?.config.sha256),
    RepoTags: [`${repository}:${tag}`],
    Layers: (first?.layers ?? []).map(({ sha256 }) => blob(sha256))
  }
}

async function indexOf(folder: string): Promise<LayoutIndex> {
  const file = path.join(folder, 'index.json')
  const text = await textOf(file)
  return text === undefined ? { named: new Map(), others: [] } : readLayoutIndex(text, file)
}

async function textOf(file: string): Promise<string | undefined> {
  return readFile(file, 'utf8').catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  })
}

async function withImage<T>(file: string, use: (image: Image) => Promise<T>): Promise<T> {
  const image = await openImage(file)
  try {
    return await use(image)
  } finally {
    await image.layout.close()
  }
}
