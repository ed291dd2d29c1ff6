import { serviceOf, shownAddress } from '../destinations/pypi/services.ts'
import { openReader } from '../destinations/pypi/reader.ts'
import { isPreRelease } from '../destinations/routing.ts'
import { indexFile } from '../destinations/simple-index.ts'
import type {
  DestinationSettings,
  DirectorySettings,
  PypiSettings
} from '../documents/destination-settings.ts'
import { storeAddress } from '../documents/store-settings.ts'
import type { DestinationPreview, ExpectedArtifact } from '../evidence/plan-preview.ts'
import type { ProjectPage } from '../lock/simple-index.ts'
import { asTagproofError } from '../platform/errors.ts'
import { createHttpClient } from '../platform/http.ts'
import { sameVersion } from '../source/version.ts'
import { signalOf, type StageContext } from './context.ts'

/** A plan waits no longer for an index: without an answer it says that there was none. */
const longestSilence = 5_000

type Asked = Pick<ExpectedArtifact, 'target' | 'kind' | 'name'>

/**
 * What the destinations of a plan have already, as far as they tell anybody: the simple index of each package index. The
 * bytes are not compared, since there are none yet. Nothing here ends a plan: an index that does not answer is said to be so.
 */
export async function previewStates(
  context: StageContext,
  settings: readonly DestinationSettings[],
  artifacts: readonly Asked[],
  version: string | null
): Promise<DestinationPreview[]> {
  const http = createHttpClient({ attempts: 1, stallMilliseconds: longestSilence })
  try {
    const previews: DestinationPreview[] = []
    for (const destination of settings) {
      const { name } = destination
      if (destination.kind === 'directory') {
        previews.push({ name, address: destination.path, files: [], note: 'a folder, looked at by publish' })
        continue
      }
      if (destination.kind !== 'pypi') {
        previews.push({ name, address: addressOf(destination), files: [], note: 'asked by publish alone' })
        continue
      }
      const early = version !== null && destination.preReleases === 'testpypi' && isPreRelease(version)
      const service = serviceOf(early ? 'testpypi' : destination.index)
      const reader = openReader({ service, http, authorization: null, ...signalOf(context) })
      const taken = artifacts.filter(({ target }) => destination.targets?.includes(target) ?? true)
      const asked = await ask(taken, version, (project) => reader.project(project))
      previews.push({ name, address: shownAddress(service), ...asked })
    }
    return previews
  } finally {
    http.close()
  }
}

/** For people: where it is, without a credential. */
function addressOf(destination: Exclude<DestinationSettings, PypiSettings | DirectorySettings>): string {
  switch (destination.kind) {
    case 'registry':
      return destination.image
    case 'github':
      return destination.repository ?? 'the releases of this repository'
    case 'apt':
    case 'files':
      return destination.url ?? storeAddress(destination.store)
  }
}

async function ask(
  artifacts: readonly Asked[],
  version: string | null,
  read: (project: string) => Promise<ProjectPage | null>
): Promise<Pick<DestinationPreview, 'files' | 'note'>> {
  if (version === null) return { files: [], note: 'not asked: the commit has no version yet' }
  const projects = new Map<string, ProjectPage | null>()
  const files: DestinationPreview['files'] = []
  try {
    for (const { kind, name } of artifacts) {
      const project = projectOfExpected(name)
      if ((kind !== 'sdist' && kind !== 'wheel') || project === null || name === null) continue
      if (!projects.has(project)) projects.set(project, await read(project))
      files.push({ artifact: name, state: stateOn(projects.get(project) ?? null, kind, version) })
    }
  } catch (error) {
    const known = asTagproofError(error)
    if (known.code === 'internal' || known.code === 'cancelled') throw known
    return { files: [], note: `not asked: ${known.message.replace(/\.$/, '')}` }
  }
  return { files, note: null }
}

/** What a page says of an artifact whose exact name and bytes only the build tells. Pure. */
export function stateOn(
  page: ProjectPage | null,
  kind: 'sdist' | 'wheel',
  version: string
): DestinationPreview['files'][number]['state'] {
  if (page === null) return 'no such project'
  const there = page.files.some(
    ({ file }) =>
      file.endsWith('.whl') === (kind === 'wheel') && sameVersion(indexFile(file)?.version ?? '', version)
  )
  return there ? 'there' : 'absent'
}

/** PEP 503 name out of `lantern-1.0.0-*-*-*.whl`; null where even that is not known. */
function projectOfExpected(name: string | null): string | null {
  const stem = /^[^*-]+(?=-)/.exec(name ?? '')?.[0]
  return stem === undefined ? null : stem.replace(/[-_.]+/g, '-').toLowerCase()
}
