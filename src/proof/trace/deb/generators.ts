import { consoleScripts } from '../console-scripts.ts'
import { compiledBytecode } from '../dependencies/bytecode.ts'
import type { Generator } from '../generator.ts'
import { installedRecord } from '../installed-record.ts'
import { environmentFile, environmentLinks, installerNotes } from '../venv-files.ts'
import { environmentScripts } from '../venv-scripts.ts'
import { compressedFile } from './compressed.ts'
import { conffilesFile } from './conffiles.ts'
import {
  copiedControlFile,
  shlibsFile,
  symbolsFile,
  triggersFile,
  unknownControlFile
} from './control-files.ts'
import { controlFile } from './control.ts'
import { debhelperPlaces } from './debhelper-places.ts'
import { declaredLinks, innerLinks } from './links.ts'
import { md5sumsFile } from './md5sums.ts'
import { patchedFile } from './patched.ts'
import { runtimeUpdate } from './rtupdate.ts'
import { maintainerScripts } from './scripts.ts'
import { strippedFile } from './stripped.ts'
import { venvFiles } from './venv.ts'

/** Generators of Debian packages: the control part first, of which nothing unknown is accepted. */
export const debGenerators: readonly Generator[] = [
  venvFiles,
  controlFile,
  md5sumsFile,
  conffilesFile,
  maintainerScripts,
  triggersFile,
  shlibsFile,
  symbolsFile,
  copiedControlFile,
  unknownControlFile,
  compiledBytecode,
  installedRecord,
  installerNotes,
  environmentFile,
  environmentLinks,
  environmentScripts,
  consoleScripts,
  runtimeUpdate,
  compressedFile,
  strippedFile,
  debhelperPlaces,
  declaredLinks,
  innerLinks,
  patchedFile
]
