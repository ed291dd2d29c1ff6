import { alteredVenv } from './altered-venv.ts'
import { debControlPart } from './deb-control-part.ts'
import { debFiles } from './deb-files.ts'
import { debInfluence } from './deb-influence.ts'
import { debModes } from './deb-modes.ts'
import { debPatches } from './deb-patches.ts'
import { debVersions } from './deb-versions.ts'
import type { Attack } from './harness/attack.ts'
import { hostileDeb } from './hostile-deb.ts'
import { scriptFetches } from './script-fetches.ts'

/** Attacks on Debian packages, in the order of the documentation. */
export const debAttacks: readonly Attack[] = [
  debControlPart,
  scriptFetches,
  debFiles,
  debInfluence,
  debPatches,
  debVersions,
  debModes,
  hostileDeb,
  alteredVenv
]
