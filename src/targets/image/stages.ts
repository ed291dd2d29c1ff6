import { dockerfileFault, triggerOf, type Dockerfile, type Instruction } from './dockerfile.ts'
import { normalPlatform } from '../../platform/registry/platform.ts'
import { expand, splitWords, type Expanded } from './expansion.ts'

/** What the build is given from outside. */
export interface BuildArguments {
  /** Values of ARG from the configuration. */
  arguments: Readonly<Record<string, string>>
  /** Such as `linux/amd64`; a world builds on a machine of just this kind. */
  platform: string
}

export interface Stage {
  index: number
  /** In lower case, or null. */
  name: string | null
  from: Instruction
  /** The reference as it is written, and with its variables. */
  written: string
  base: Expanded
  /** `--platform`, with its variables; null without it. */
  platform: Expanded | null
  instructions: Instruction[]
}

export interface Stages {
  path: string
  escape: string
  stages: Stage[]
  /** ARG before the first FROM, with the instruction that gives each its default. */
  globals: ReadonlyMap<string, string>
  declared: ReadonlyMap<string, GlobalArgument>
}

export interface GlobalArgument {
  instruction: Instruction
  /** As it is written, without its name; null if it has no default. */
  written: string | null
}

/**
 * Splits a Dockerfile into its stages, with the values that FROM sees. Pure.
 *
 * @throws TagproofError `config-invalid` with file and line
 */
export function readStages(dockerfile: Dockerfile, path: string, given: BuildArguments): Stages {
  const { escape } = dockerfile
  const values = new Map(Object.entries(platformArguments(given.platform)))
  const declared = new Map<string, GlobalArgument>()
  const stages: Stage[] = []
  for (const instruction of dockerfile.instructions) {
    const current = stages.at(-1)
    if (instruction.keyword === 'FROM')
      stages.push(readFrom(instruction, stages.length, path, escape, values))
    else if (current !== undefined) current.instructions.push(instruction)
    else if (instruction.keyword !== 'ARG')
      throw dockerfileFault(path, instruction.line, `${instruction.keyword} stands before the first FROM.`, {
        expected: 'ARG alone'
      })
    else
      for (const { name, written } of assignmentsOf(instruction, escape)) {
        const value = given.arguments[name] ?? defaultOf(written, values, escape, path, instruction)
        if (value !== undefined) values.set(name, value)
        declared.set(name, { instruction, written })
      }
  }
  if (stages.length === 0)
    throw dockerfileFault(path, 1, 'The Dockerfile has no FROM.', {
      fix: 'Begin with FROM, such as FROM tagproof-root.'
    })
  const globals = new Map(
    [...values].filter(([name]) => declared.has(name) || name in platformArguments(given.platform))
  )
  return { path, escape, stages, globals, declared }
}

/** Arguments that are there without being declared (Dockerfile reference, "Automatic platform ARGs"). */
function platformArguments(platform: string): Record<string, string> {
  const [os = '', architecture = '', variant = ''] = platform.split('/')
  const values: Record<string, string> = {}
  for (const side of ['TARGET', 'BUILD']) {
    values[`${side}PLATFORM`] = platform
    values[`${side}OS`] = os
    values[`${side}ARCH`] = architecture
    values[`${side}VARIANT`] = variant
  }
  return values
}

/** Names of an ARG, ENV or LABEL, each with its value as it is written; null where an ARG has none. */
export function assignmentsOf(
  { text, keyword }: Pick<Instruction, 'text' | 'keyword'>,
  escape: string
): { name: string; written: string | null }[] {
  const words = splitWords(text.trim(), escape)
  // The old form: a name, and all that follows.
  if (keyword !== 'ARG' && words[0]?.includes('=') === false)
    return [{ name: words[0], written: text.trim().slice(words[0].length).trim() }]
  return words.map((word) => {
    const at = word.indexOf('=')
    return at < 0 ? { name: word, written: null } : { name: word.slice(0, at), written: word.slice(at + 1) }
  })
}

function defaultOf(
  written: string | null,
  values: ReadonlyMap<string, string>,
  escape: string,
  path: string,
  { line }: Instruction
): string | undefined {
  if (written === null) return undefined
  const expanded = expand(written, values, escape)
  if (expanded.fault !== null)
    throw dockerfileFault(path, line, `The value cannot be read: ${expanded.fault}.`)
  return expanded.text
}

function readFrom(
  from: Instruction,
  index: number,
  path: string,
  escape: string,
  values: ReadonlyMap<string, string>
): Stage {
  const words = splitWords(from.text.trim(), escape)
  const named = words.length === 3 && words[1]?.toLowerCase() === 'as'
  if (words.length !== 1 && !named)
    throw dockerfileFault(path, from.line, 'FROM cannot be read.', {
      found: from.text.slice(0, 200),
      expected: 'FROM reference, or FROM reference AS name'
    })
  const name = named ? (words[2] ?? '').toLowerCase() : null
  if (name !== null && !/^[a-z][a-z0-9-_.]*$/.test(name))
    throw dockerfileFault(path, from.line, 'The name of the stage cannot be one.', {
      found: name.slice(0, 100),
      expected: 'a letter, then letters, digits, dash, underscore or dot'
    })
  const written = words[0] ?? ''
  const platform = from.flags.find((flag) => flag.name === 'platform')?.value ?? null
  return {
    index,
    name,
    from,
    written,
    base: expand(written, values, escape),
    platform: platform === null ? null : expand(platform, values, escape),
    instructions: []
  }
}

/** The stage of a name, or undefined. A later one of the same name hides the earlier. */
export function stageNamed(stages: readonly Stage[], name: string): Stage | undefined {
  return stages.findLast((stage) => stage.name === name.toLowerCase())
}

/** An earlier stage that this one is made from; undefined for anything else. */
export function baseStage(all: readonly Stage[], stage: Stage): Stage | undefined {
  return stageNamed(all.slice(0, stage.index), stage.base.text)
}

/** The stage that stands on an image, and those made from it one after the other, up to this one. */
export function stageChain(all: readonly Stage[], stage: Stage): [Stage, ...Stage[]] {
  const chain: [Stage, ...Stage[]] = [stage]
  for (let below = baseStage(all, stage); below !== undefined; below = baseStage(all, below))
    chain.unshift(below)
  return chain
}

/**
 * For which platform the programs of a stage are: that of the `--platform` of the stage at the bottom, or the one that is
 * built for.
 */
export function platformOfStage(all: readonly Stage[], stage: Stage, builtFor: string): string {
  return normalPlatform(stageChain(all, stage)[0].platform?.text ?? builtFor)
}

/**
 * The stage that is built: the named one, by name or number, or the last.
 *
 * @throws TagproofError `config-invalid`
 */
export function targetStage({ stages, path }: Stages, wanted: string | null): Stage {
  const last = stages.at(-1)
  const found =
    wanted === null
      ? last
      : (stageNamed(stages, wanted) ?? (/^\d+$/.test(wanted) ? stages[Number(wanted)] : undefined))
  if (found !== undefined) return found
  const names = stages.flatMap(({ name }) => name ?? [])
  throw dockerfileFault(path, 1, `There is no stage ${JSON.stringify(wanted)}.`, {
    expected: names.length === 0 ? 'no stage has a name' : `one of ${names.join(', ')}`,
    fix: 'Correct `stage` of the target in .github/tagproof.yml.'
  })
}

/** Triggers that a stage has from the stage it is made from; they run first. */
export function inheritedTriggers(all: readonly Stage[], stage: Stage): Instruction[] {
  return baseStage(all, stage)?.instructions.flatMap((one) => triggerOf(one) ?? []) ?? []
}

/**
 * Walks through the instructions of a stage, with the values that each of them sees: ENV of the stages it is made from,
 * its own ARG and ENV. What the environment of a base image holds is not known.
 */
export function eachInstruction(
  all: Stages,
  stage: Stage,
  given: BuildArguments,
  visit: (instruction: Instruction, values: ReadonlyMap<string, string>) => void
): void {
  const environment = environmentBefore(all, stage, given, 0)
  const values = new Map(environment)
  for (const instruction of [...inheritedTriggers(all.stages, stage), ...stage.instructions]) {
    visit(instruction, values)
    learn(all, instruction, given, values, environment)
  }
}

function environmentBefore(
  all: Stages,
  stage: Stage,
  given: BuildArguments,
  depth: number
): Map<string, string> {
  const base = baseStage(all.stages, stage)
  if (base === undefined || depth > 50) return new Map()
  const environment = environmentBefore(all, base, given, depth + 1)
  const values = new Map(environment)
  for (const instruction of base.instructions) learn(all, instruction, given, values, environment)
  return environment
}

function learn(
  all: Stages,
  instruction: Instruction,
  given: BuildArguments,
  values: Map<string, string>,
  environment: Map<string, string>
): void {
  const { keyword } = instruction
  if (keyword !== 'ARG' && keyword !== 'ENV') return
  const before = new Map(values)
  for (const { name, written } of assignmentsOf(instruction, all.escape)) {
    // A value that cannot be read is BuildKit's to refuse: here it is as good as none.
    const own = written === null ? undefined : expand(written, before, all.escape).text
    if (keyword === 'ENV') {
      values.set(name, own ?? '')
      environment.set(name, own ?? '')
    } else if (!environment.has(name)) {
      const value = given.arguments[name] ?? own ?? all.globals.get(name)
      if (value !== undefined) values.set(name, value)
    }
  }
}
