import type { ProjectPage } from '../../lock/simple-index.ts'
import type { Upload } from '../../documents/uploads.ts'
import { TagproofError } from '../../platform/errors.ts'
import type { Log } from '../../platform/log.ts'
import { printable } from '../../platform/printable.ts'
import type { IndexReader } from './reader.ts'
import type { IndexService } from './services.ts'
import { requireOpenRelease } from './release-age.ts'
import type { ListedRelease, Pages } from './state.ts'

/** The pages of all projects, each asked for once. */
export async function readPages(uploads: readonly Upload[], reader: IndexReader): Promise<Pages> {
  const pages = new Map<string, ProjectPage | null>()
  for (const { project } of uploads)
    if (!pages.has(project)) pages.set(project, await reader.project(project))
  return pages
}

export interface ProjectRules {
  service: IndexService
  credentials: { kind: 'token' | 'trusted' }
  createProject: boolean
  log: Log
  /** Milliseconds since 1970, where the index does not tell its own time. */
  now: () => number
}

/**
 * Refuses what the index would refuse, as far as its page of the project tells it.
 *
 * @throws TagproofError `project-refused`
 */
export function refuseProjects(missing: readonly Upload[], pages: Pages, rules: ProjectRules): void {
  for (const project of new Set(missing.map((upload) => upload.project))) {
    const page = pages.get(project) ?? null
    if (page === null) refuseNew(project, rules)
    else refuseStatus(project, page, rules)
  }
}

/** A typing error must not make a project, and a token that is minted for a pending publisher makes one at once. */
function refuseNew(project: string, { service, credentials, createProject }: ProjectRules): void {
  if (createProject) return
  // Other indexes have no projects before their first file.
  if (service.kind === 'other' && credentials.kind === 'token') return
  throw new TagproofError('project-refused', `${service.name} has no project ${project}.`, {
    found:
      credentials.kind === 'trusted'
        ? 'no page; a token minted for a pending publisher would make the project at once'
        : 'no page; the first upload would make the project',
    expected: 'a project that is there, or the word that it may be made',
    fix:
      'Correct the name if it is misspelt. For a first release set create-project: true for this destination' +
      (credentials.kind === 'trusted' ? ', and register a pending publisher for just this name.' : '.')
  })
}

/** PEP 792. */
function refuseStatus(project: string, page: ProjectPage, { service, log }: ProjectRules): void {
  const reason = page.reason === null ? '' : `: ${printable(page.reason).slice(0, 300)}`
  if (page.status === 'deprecated')
    log.warn(`${service.name} shows ${project} as deprecated${reason}. It is published all the same.`)
  if (page.status !== 'archived' && page.status !== 'quarantined') return
  throw new TagproofError('project-refused', `The project ${project} is ${page.status} on ${service.name}.`, {
    found: `status ${page.status}${reason}`,
    expected: 'an active project',
    fix:
      page.status === 'archived'
        ? 'Un-archive it in the settings of the project; an archived one takes no files.'
        : 'Write to the administrators of the index: they have locked it, and it takes no files until they release it.'
  })
}

/** @throws TagproofError `project-refused` for a release that is too old to be completed */
export function requireOpenReleases(
  listed: readonly ListedRelease[],
  absent: ReadonlySet<string>,
  pages: Pages,
  { service, log, now }: ProjectRules
): void {
  for (const { project, version, uploads, files } of listed) {
    const missing = uploads.map(({ name }) => name).filter((name) => absent.has(name))
    const line = requireOpenRelease(
      { project, version, missing, files },
      service,
      pages.get(project)?.date ?? now()
    )
    if (line !== null) log.info(line)
  }
}
