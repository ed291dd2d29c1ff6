import { consoleScripts } from '../console-scripts.ts'
import { innerLinks } from '../deb/links.ts'
import { compiledBytecode } from '../dependencies/bytecode.ts'
import type { Generator } from '../generator.ts'
import { installedRecord } from '../installed-record.ts'
import { environmentFile, environmentLinks, installerNotes } from '../venv-files.ts'
import { environmentScripts } from '../venv-scripts.ts'
import { accounts } from './accounts.ts'
import { configFile } from './config-file.ts'
import { dockerfileLink } from './dockerfile-links.ts'
import { baseLayer, imageManifest } from './documents.ts'
import { emptyLeaving, hygiene } from './hygiene.ts'
import { aptStates, dpkgList, dpkgStatus, linkerCache } from './package-database.ts'
import { whiteout } from './whiteouts.ts'

/** Generators of images: what the image says of itself first, then what installers and RUN leave in layers. */
export const imageGenerators: readonly Generator[] = [
  imageManifest,
  configFile,
  baseLayer,
  whiteout,
  hygiene,
  emptyLeaving,
  compiledBytecode,
  installedRecord,
  installerNotes,
  environmentFile,
  environmentLinks,
  environmentScripts,
  consoleScripts,
  dpkgStatus,
  dpkgList,
  aptStates,
  linkerCache,
  accounts,
  dockerfileLink,
  innerLinks
]
