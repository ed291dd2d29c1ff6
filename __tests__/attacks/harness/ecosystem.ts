import { lockRelease, type TestRelease } from '../../real/support/release.ts'
import type { Scene } from './attack.ts'
import { buildPlainly, firedFrom } from './plain.ts'

/** One kind of package: how a release job makes it that does not know Tagproof, and what runs where it is used. */
export interface Ecosystem {
  /** What that job calls. */
  tool: string
  /** Name of the target that makes the package. */
  target: string
  /** Locks what the project needs; returns the lock file. */
  lock: (release: TestRelease) => Promise<string>
  /** Builds with the tool alone; returns the folder of the packages. */
  build: (release: TestRelease) => Promise<string>
  /** Uses the packages of a folder as their user does; returns the names that markers print, sorted. */
  fired: (release: TestRelease, folder: string, from?: Scene['from']) => Promise<string[]>
}

/** Sdists and wheels. */
export const pythonPackages: Ecosystem = {
  tool: 'python -m build',
  target: 'python',
  lock: lockRelease,
  build: buildPlainly,
  fired: firedFrom
}
