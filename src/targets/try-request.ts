import type { PythonLock, RootLock } from '../documents/lock.ts'
import type { Plan, PlanTarget } from '../documents/plan.ts'
import type { ReleaseArtifact } from '../documents/release.ts'
import type { Inputs } from '../lock/inputs.ts'
import type { Log } from '../platform/log.ts'
import type { PreparedRoot } from '../worlds/root.ts'
import type { Bind } from '../worlds/sandbox.ts'

/** What it takes to install the packages of one target. */
export interface TryRequest {
  target: PlanTarget
  /** The proven packages, and where they lie. */
  artifacts: readonly { artifact: ReleaseArtifact; file: string }[]
  plan: Plan
  place: { root: PreparedRoot; rootLock: RootLock; environment: string | null }
  /** Locked run-time dependencies of the wheel; null where the lock has none. */
  dependencies: PythonLock | null
  /** What a Python target is built with; null for other kinds. */
  building: PythonLock | null
  inputs: Inputs
  /** Folder that keeps roots from run to run. */
  cache: string
  log: Log
  onLine: (line: string) => void
  signal?: AbortSignal
}

/** A package that is installed somewhere, to be started there. */
export interface Installed {
  artifact: ReleaseArtifact
  /** Where, in one phrase. */
  place: string
  root: PreparedRoot
  binds: readonly Bind[]
  environment: Readonly<Record<string, string>>
  /** What shows that it starts, where the configuration does not say. */
  commands: readonly (readonly string[])[]
}

/**
 * Installs packages, and hands each over to be started; it is gone afterwards.
 *
 * @throws TagproofError `build-failed` for a package that cannot be installed, with the last lines
 */
export type TryInstall = (request: TryRequest, use: (installed: Installed) => Promise<void>) => Promise<void>
