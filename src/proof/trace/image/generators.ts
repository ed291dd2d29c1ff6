import { consoleScripts } from '../console-scripts.ts'
import { compiledBytecode } from '../dependencies/bytecode.ts'
import type { Generator } from '../generator.ts'
import { installedRecord } from '../installed-record.ts'

/** Generators of images: what the image says of itself first, then what installers leave in layers. */
export const imageGenerators: readonly Generator[] = [compiledBytecode, installedRecord, consoleScripts]
