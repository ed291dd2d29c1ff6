import { explain } from '@renovatebot/pep440'
import type {
  DestinationSettings,
  DirectorySettings,
  IndexSetting,
  PypiSettings
} from '../documents/destination-settings.ts'
import type { ReleaseArtifact } from '../documents/release.ts'

/** A destination, and what of a release goes there. */
export type Route =
  | { kind: 'pypi'; name: string; settings: PypiSettings; index: IndexSetting; artifacts: ReleaseArtifact[] }
  | { kind: 'directory'; name: string; settings: DirectorySettings; artifacts: ReleaseArtifact[] }

export interface Routing {
  routes: Route[]
  /** What goes elsewhere than a reader of the configuration might think, and why. */
  notes: string[]
}

/** Alphas, betas, candidates and development releases (PEP 440), as installers pass them over by default. */
export function isPreRelease(version: string): boolean {
  return explain(version)?.is_prerelease === true
}

/**
 * Which artifacts of a release go to which destination: sdists and wheels of the targets that it takes. A pre-release that
 * is sent to the test index instead is not sent there twice. Pure.
 */
export function routesOf(
  destinations: readonly DestinationSettings[],
  artifacts: readonly ReleaseArtifact[]
): Routing {
  const routes: Route[] = []
  const notes: string[] = []
  const packages = artifacts.filter(({ kind }) => kind === 'sdist' || kind === 'wheel')
  for (const settings of destinations) {
    const taken = packages.filter(({ target }) => settings.targets?.includes(target) ?? true)
    if (taken.length === 0) {
      notes.push(`${settings.name} takes nothing of this release.`)
      continue
    }
    if (settings.kind === 'directory') {
      routes.push({ kind: 'directory', name: settings.name, settings, artifacts: taken })
      continue
    }
    const early = taken.filter(({ version }) => settings.preReleases === 'testpypi' && isPreRelease(version))
    const others = taken.filter((artifact) => !early.includes(artifact))
    const { kind, name, index } = settings
    if (others.length > 0) routes.push({ kind, name, settings, index, artifacts: others })
    const instead = early.filter((artifact) => !sentToTestIndex(destinations, artifact))
    if (instead.length > 0)
      routes.push({
        kind,
        // Targets of one release may have versions of their own, so both may be needed.
        name: others.length > 0 ? `${name}.testpypi` : name,
        settings,
        index: 'testpypi',
        artifacts: instead
      })
    if (early.length > 0)
      notes.push(
        `${[...new Set(early.map(({ version }) => version))].join(', ')} is a pre-release: ${settings.name} is TestPyPI this time.`
      )
  }
  return { routes, notes }
}

function sentToTestIndex(
  destinations: readonly DestinationSettings[],
  { target }: Pick<ReleaseArtifact, 'target'>
): boolean {
  return destinations.some(
    (other) =>
      other.kind === 'pypi' && other.index === 'testpypi' && (other.targets?.includes(target) ?? true)
  )
}
