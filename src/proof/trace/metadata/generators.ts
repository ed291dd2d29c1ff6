import type { Generator } from '../generator.ts'
import { eggInfoFiles } from './egg-info-files.ts'
import { entryPointsFile } from './entry-points-file.ts'
import { installerFiles } from './installer-files.ts'
import { metadataFile } from './metadata-file.ts'
import { recordFile } from './record-file.ts'
import { requiresFile } from './requires-file.ts'
import { scmFiles } from './scm-files.ts'
import { sourcesFile } from './sources-file.ts'
import { wheelFile } from './wheel-file.ts'

/** Everything that backends write into `.dist-info`, `.egg-info` and PKG-INFO. */
export const metadataGenerators: readonly Generator[] = [
  metadataFile,
  wheelFile,
  recordFile,
  entryPointsFile,
  requiresFile,
  sourcesFile,
  ...eggInfoFiles,
  ...scmFiles,
  installerFiles
]
