import type { Generator } from '../generator.ts'
import { bytecode } from './bytecode.ts'
import { compiled } from './compiled.ts'
import { gzipCopy } from './gzip-copy.ts'
import { messageCatalogues } from './message-catalogues.ts'
import { namespacePackages } from './namespaces.ts'
import { pbrFiles } from './pbr.ts'
import { pdmPyproject } from './pdm-pyproject.ts'
import { sbom } from './sbom.ts'
import { scripts } from './scripts.ts'
import { setupCfg } from './setup-cfg.ts'
import { unknownStartupFile } from './startup.ts'
import { substitutedVersion } from './substituted-version.ts'
import { transpiled } from './transpiled.ts'
import { versionFileGenerators } from './version-files.ts'
import { versionLiteral } from './version-literal.ts'
import { versioneer } from './versioneer.ts'

/**
 * Generators of files that are no metadata. What is refused by its kind comes first, and the file that runs at each
 * start of Python only after the one rule that knows such files.
 */
export const fileGenerators: readonly Generator[] = [
  bytecode,
  namespacePackages,
  unknownStartupFile,
  compiled,
  setupCfg,
  pbrFiles,
  pdmPyproject,
  ...versionFileGenerators,
  versioneer,
  substitutedVersion,
  versionLiteral,
  messageCatalogues,
  scripts,
  gzipCopy,
  transpiled,
  sbom
]

export { generatedRule } from './declared.ts'
