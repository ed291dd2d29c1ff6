import type { Files, Report } from './attack.ts'

/** Attacks on the reader of archives: each package is a target of one repository, packed by a backend of its own. */
export interface PackageAttack {
  name: string
  rows: string
  title: string
  caughtBy: string
  packages: readonly HostilePackage[]
}

export interface HostilePackage {
  /** The project is `victim-NAME`; the marker prints `fired: NAME`. */
  name: string
  how: string
  /** Python for `variant.py` beside the backend. */
  variant: string
  files?: Files
  version?: string
  reported: readonly Report[]
  /** Part of the message. */
  says: string
  from?: 'wheel' | 'sdist'
}
