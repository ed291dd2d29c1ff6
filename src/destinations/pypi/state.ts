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

/**
 * What the index has under the names of the uploads, by hash. The JSON of the release is asked first: the simple index may
 * come out of a cache. It is asked too for what the JSON does not have, so that a file is absent only where both agree.
 */
export async function statesOf(
  uploads: readonly Upload[],
  context: StateContext,
  pages: Pages = new Map()
): Promise<ArtifactState[]> {
  const states = new Map<string, ArtifactState>()
  for (const release of releasesOf(uploads)) {
    const { project, version } = release
    const listed = (await context.reader.release(project, version)) ?? []
    const open = release.uploads.filter(({ name }) => !listed.some(({ file }) => file === name))
    const known = pages.get(project)
    const page =
      open.length === 0 ? null : known === undefined ? await context.reader.project(project) : known
    const offered = [...listed, ...(page?.files ?? [])]
    for (const upload of release.uploads) states.set(upload.name, await stateOf(upload, offered, context))
  }
  return uploads.map(({ name }) => states.get(name) ?? { name, state: 'absent' })
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
export function releasesOf(
  uploads: readonly Upload[]
): { project: string; version: string; uploads: Upload[] }[] {
  const releases = new Map<string, { project: string; version: string; uploads: Upload[] }>()
  for (const upload of uploads) {
    const { project, version } = upload
    const key = `${project} ${version}`
    const release = releases.get(key) ?? { project, version, uploads: [] }
    release.uploads.push(upload)
    releases.set(key, release)
  }
  return [...releases.values()]
}
