import { configJsonSchema } from './config-json-schema.ts'
import { mistakesOf, nearest, type Mistake } from './config-mistakes.ts'
import { invalid, readYaml } from './config-text.ts'
import { configSchema, type Config } from './config.ts'
import { gitMistakes } from './git-mistakes.ts'
import { destinationMistakes } from './destination-mistakes.ts'

/**
 * Reads `.github/tagproof.yml`. An empty text is a complete configuration.
 *
 * @param source bytes as they stand in the tree, or decoded text
 * @param name file name for messages
 * @throws TagproofError `config-invalid`: `name:line:column` of the first mistake, what was found, what is allowed
 */
export function readConfig(source: string | Uint8Array, name: string): Config {
  const text = readYaml(source, name)
  const value = text.value ?? {}
  const result = configSchema.safeParse(value)
  const mistakes = result.success
    ? rules(result.data)
    : mistakesOf(result.error.issues, value, configJsonSchema())
  const [first] = mistakes
  if (result.success && first === undefined) return result.data
  const { message, path, part, ...detail } = first ?? unknownMistake
  const more = mistakes.length > 1 ? ` (The first of ${mistakes.length} mistakes.)` : ''
  throw invalid(text.place(path, part), message + more, {
    ...detail,
    fix: detail.fix ?? 'Correct it; docs/configuration.md lists every key.'
  })
}

const unknownMistake: Mistake = { path: [], part: 'value', message: 'The configuration cannot be used.' }

/** What a schema cannot say: names that have to agree with one another. */
function rules(config: Config): Mistake[] {
  const mistakes: Mistake[] = []
  const targets = config.targets ?? []
  if (config.targets?.length === 0)
    mistakes.push({
      path: ['targets'],
      part: 'value',
      message: 'targets is empty: nothing would be built.',
      found: 'an empty list',
      expected: 'at least one target, or no targets: at all',
      fix: 'Remove targets: to build what the tree shows.'
    })
  const names = targets.map((target) => target.name ?? target.kind)
  for (const [index, name] of names.entries())
    if (names.indexOf(name) < index)
      mistakes.push({
        path: ['targets', index, targets[index]?.name === undefined ? 'kind' : 'name'],
        part: 'value',
        message: `Two targets are called ${name}.`,
        found: `a second ${name}`,
        expected: 'a name of its own for each target',
        fix: 'Give one of them another `name`.'
      })
  const roots = [...new Set([...Object.keys(config.roots), ...targets.map((target) => target.kind)])]
  for (const [index, { root }] of targets.entries())
    if (root !== undefined && !roots.includes(root)) {
      const near = nearest(root, roots)
      mistakes.push({
        path: ['targets', index, 'root'],
        part: 'value',
        message: `There is no root ${root}.`,
        found: root,
        expected: `one of ${roots.join(', ')}`,
        fix: near === undefined ? `Describe it under roots:, or leave root: out.` : `Did you mean ${near}?`
      })
    }
  const known = config.targets?.map(({ name, kind }) => ({ name: name ?? kind, kind })) ?? null
  mistakes.push(...gitMistakes(config), ...destinationMistakes(config.destinations, known))
  return mistakes
}
