import type { OfferedFile, ProjectPage } from '../../lock/simple-index.ts'
import type { Upload } from '../../documents/uploads.ts'
import type { HttpClient } from '../../platform/http.ts'
import type { ArtifactState } from '../destination.ts'
import { hashOfAddress } from './bytes.ts'
import type { IndexReader } from './reader.ts'

export interface StateContext {
  http: HttpClient
  reader: IndexReader
  signal?: AbortSignal
}

/** Pages of the simple index that were read a moment ago, by project. */
export type Pages = ReadonlyMap<string, ProjectPage | null>

/** Uploads of one version of one project. */
export interface ReleaseUploads {
  project: string
  version: string
  uploads: Upload[]
}

/** What the index lists; a file may be listed twice, and has to agree with itself. */
export interface ListedRelease extends ReleaseUploads {
  files: readonly OfferedFile[]
}

/**
 * What the index lists of the releases. Their JSON is asked first: the simple index may come out of a cache. It is asked too
 * where the JSON lacks a file, so that a file is absent only where both agree.
 */
export async function listReleases(
  uploads: readonly Upload[],
  { reader }: StateContext,
  pages: Pages = new Map()
): Promise<ListedRelease[]> {
  const listed: ListedRelease[] = []
  for (const release of releasesOf(uploads)) {
    const { project, version } = release
    const files = (await reader.release(project, version)) ?? []
    const complete = release.uploads.every(({ name }) => files.some(({ file }) => file === name))
    const known = pages.get(project)
    const page = known === undefined && !complete ? await reader.project(project) : known
    listed.push({ ...release, files: [...files, ...(page?.files ?? [])] })
  }
  return listed
}

/** The state of each upload, by hash, in the order of `uploads`. */
export async function statesIn(
  listed: readonly ListedRelease[],
  uploads: readonly Upload[],
  context: StateContext
): Promise<ArtifactState[]> {
  const states = new Map<string, ArtifactState>()
  for (const release of listed)
    for (const upload of release.uploads)
      states.set(upload.name, await stateOf(upload, release.files, context))
  return uploads.map(({ name }) => states.get(name) ?? { name, state: 'absent' })
}

/** Both at once. */
export async function statesOf(uploads: readonly Upload[], context: StateContext): Promise<ArtifactState[]> {
  return statesIn(await listReleases(uploads, context), uploads, context)
}

async function stateOf(
  upload: Upload,
  offered: readonly OfferedFile[],
  context: StateContext
): Promise<ArtifactState> {
  const { name } = upload
  const named = offered.filter(({ file }) => file === name)
  if (named.length === 0) return { name, state: 'absent' }
  for (const file of named) {
    const found = await hashOf(file, upload, context)
    if (found !== upload.sha256) return { name, state: 'different', found }
  }
  return { name, state: 'identical' }
}

/** As the index says it, else of the bytes: an index need not name hashes. */
async function hashOf(file: OfferedFile, upload: Upload, context: StateContext): Promise<string> {
  if (file.sha256 !== null) return file.sha256
  const bytes = await hashOfAddress(file.url, upload.size, context)
  if (bytes === null) return 'a name without a file'
  return bytes.size > upload.size ? `more than ${upload.size} bytes` : bytes.sha256
}

/** Uploads by project and version, in their order. */
export function releasesOf(uploads: readonly Upload[]): ReleaseUploads[] {
  const releases = new Map<string, ReleaseUploads>()
  for (const upload of uploads) {
    const { project, version } = upload
    const key = `${project} ${version}`
    const release = releases.get(key) ?? { project, version, uploads: [] }
    release.uploads.push(upload)
    releases.set(key, release)
  }
  return [...releases.values()]
}
