import { explain } from '@renovatebot/pep440'
import type {
  AptSettings,
  DestinationSettings,
  DirectorySettings,
  FilesSettings,
  GithubSettings,
  IndexSetting,
  PypiSettings,
  RegistrySettings
} from '../documents/destination-settings.ts'
import type { ReleaseArtifact } from '../documents/release.ts'

interface Routed<S extends DestinationSettings> {
  kind: S['kind']
  name: string
  settings: S
  artifacts: ReleaseArtifact[]
}

/** A destination, and what of a release goes there. */
export type Route =
  | (Routed<PypiSettings> & { index: IndexSetting })
  | Routed<DirectorySettings>
  | (Routed<RegistrySettings> & { moves: boolean })
  | Routed<AptSettings>
  /** `moves`: whether this release moves names at all. */
  | (Routed<FilesSettings> & { moves: boolean })
  | Routed<GithubSettings>

export interface Routing {
  routes: Route[]
  /** What goes elsewhere than a reader of the configuration might think, and why. */
  notes: string[]
}

/** Alphas, betas, candidates and development releases (PEP 440), as installers pass them over by default. */
export function isPreRelease(version: string): boolean {
  return explain(version)?.is_prerelease === true
}

const takenKinds: Readonly<Record<DestinationSettings['kind'], readonly ReleaseArtifact['kind'][]>> = {
  pypi: ['sdist', 'wheel'],
  directory: ['sdist', 'wheel'],
  registry: ['image'],
  apt: ['deb'],
  files: ['sdist', 'wheel', 'deb', 'image'],
  github: ['sdist', 'wheel', 'deb', 'image']
}

/**
 * Which artifacts of a release go to which destination: those of the kinds that it takes, of the targets that it takes. A
 * pre-release that is sent to the test index instead is not sent there twice. Pure.
 */
export function routesOf(
  destinations: readonly DestinationSettings[],
  artifacts: readonly ReleaseArtifact[]
): Routing {
  const routing: Routing = { routes: [], notes: [] }
  for (const settings of destinations) {
    const taken = artifacts.filter(
      ({ kind, target }) =>
        takenKinds[settings.kind].includes(kind) && (targetsOf(settings)?.includes(target) ?? true)
    )
    if (taken.length === 0) routing.notes.push(`${settings.name} takes nothing of this release.`)
    else add(routing, settings, taken, destinations)
  }
  return routing
}

/** Null for all. */
function targetsOf(settings: DestinationSettings): readonly string[] | null {
  return settings.kind === 'apt' ? Object.values(settings.suites).flat() : settings.targets
}

function add(
  { routes, notes }: Routing,
  settings: DestinationSettings,
  taken: ReleaseArtifact[],
  all: readonly DestinationSettings[]
): void {
  const { name } = settings
  const early = taken.filter(({ version }) => isPreRelease(version))
  const earlyVersions = [...new Set(early.map(({ version }) => version))].join(', ')
  switch (settings.kind) {
    case 'pypi':
      addIndex({ routes, notes }, settings, taken, all)
      return
    case 'directory':
      routes.push({ kind: 'directory', name, settings, artifacts: taken })
      return
    case 'github':
      routes.push({ kind: 'github', name, settings, artifacts: taken })
      return
    case 'apt': {
      const listed = settings.preReleases === 'take' ? taken : taken.filter((one) => !early.includes(one))
      if (listed.length < taken.length)
        notes.push(`${earlyVersions} is a pre-release: ${name} does not take it (pre-releases: take would).`)
      if (listed.length > 0) routes.push({ kind: 'apt', name, settings, artifacts: listed })
      return
    }
    case 'registry':
    case 'files': {
      const moves = early.length === 0 || settings.preReleases === 'move'
      const hasNames =
        settings.kind === 'files' ? Object.keys(settings.aliases).length > 0 : settings.moving.length > 0
      if (!moves && hasNames) notes.push(`${earlyVersions} is a pre-release: no name of ${name} is moved.`)
      if (settings.kind === 'files') routes.push({ kind: 'files', name, settings, artifacts: taken, moves })
      else routes.push({ kind: 'registry', name, settings, artifacts: taken, moves })
    }
  }
}

function addIndex(
  { routes, notes }: Routing,
  settings: PypiSettings,
  taken: readonly ReleaseArtifact[],
  all: readonly DestinationSettings[]
): void {
  const { kind, name, index } = settings
  const early = taken.filter(({ version }) => settings.preReleases === 'testpypi' && isPreRelease(version))
  const others = taken.filter((artifact) => !early.includes(artifact))
  if (others.length > 0) routes.push({ kind, name, settings, index, artifacts: others })
  const instead = early.filter((artifact) => !sentToTestIndex(all, artifact))
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

function sentToTestIndex(
  destinations: readonly DestinationSettings[],
  { target }: Pick<ReleaseArtifact, 'target'>
): boolean {
  return destinations.some(
    (other) =>
      other.kind === 'pypi' && other.index === 'testpypi' && (other.targets?.includes(target) ?? true)
  )
}
