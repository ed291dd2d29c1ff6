import type { Config } from '../../documents/config.ts'
import { fileGenerators, generatedRule } from './files/generators.ts'
import type { Generator } from './generator.ts'
import { metadataGenerators } from './metadata/generators.ts'

/** All generators that are known, in the order in which they are asked. */
export const knownGenerators: readonly Generator[] = [...metadataGenerators, ...fileGenerators]

/** Those that are known, and last what the configuration declares. */
export function generatorsWith(declared: Config['generated']): readonly Generator[] {
  return declared.length === 0 ? knownGenerators : [...knownGenerators, generatedRule(declared)]
}
