import { machinePlatform, normalPlatform } from '../../platform/registry/platform.ts'
import { parseReference } from '../../platform/registry/reference.ts'
import { dockerfileFault, readDockerfile, type Instruction } from './dockerfile.ts'
import type { Expanded } from './expansion.ts'
import { mountsOf } from './mounts.ts'
import {
  baseStage,
  inheritedTriggers,
  readStages,
  stageNamed,
  targetStage,
  type BuildArguments,
  type Stage,
  type Stages
} from './stages.ts'

/** Named contexts that a Dockerfile may use without more ado. */
export const contextNames = ['tagproof-root', 'tagproof-wheel', 'tagproof-wheels', 'tagproof-debs'] as const

/** Something that a build takes from outside of the stage that names it. */
export interface Reference {
  /** What it leads to: nothing at all, another stage, a named context of ours, an image. */
  kind: 'scratch' | 'stage' | 'context' | 'image'
  use: 'from' | 'copy' | 'mount'
  /** With its variables; a stage has its name or number. */
  name: string
  /** As it is written. */
  written: string
  /** From 1. */
  line: number
  /** For an image: for which platforms. */
  platforms: string[]
}

export interface DockerfileRequest {
  text: string
  /** In the tree, for messages. */
  path: string
  /** The stage that is built; null for the last one. */
  stage: string | null
  /** Values of ARG. */
  arguments: Readonly<Record<string, string>>
  /** That of this machine by default. */
  platforms?: readonly string[]
}

/**
 * Everything that the build of a stage takes from outside, in the order of the file, for all platforms. As BuildKit
 * does, only the stages that the chosen one needs are looked at. Pure.
 *
 * @throws TagproofError `config-invalid` with file and line: the Dockerfile cannot be read, a variable has no value, or a
 *   name leads nowhere
 */
export function referencesOf(request: DockerfileRequest): Reference[] {
  const dockerfile = readDockerfile(request.text, request.path)
  const found = new Map<string, Reference>()
  for (const platform of platformsOf(request)) {
    const stages = readStages(dockerfile, request.path, { arguments: request.arguments, platform })
    const needed = neededStages(stages, targetStage(stages, request.stage))
    for (const stage of needed)
      for (const reference of stageReferences(stages, stage, platform)) {
        const key = `${reference.line} ${reference.use} ${reference.kind} ${reference.name}`
        const before = found.get(key)
        if (before === undefined) found.set(key, reference)
        else before.platforms = [...new Set([...before.platforms, ...reference.platforms])]
      }
  }
  return [...found.values()].sort((one, other) => one.line - other.line)
}

export function platformsOf({ platforms = [] }: Pick<DockerfileRequest, 'platforms'>): readonly string[] {
  return platforms.length === 0 ? [machinePlatform()] : platforms
}

/** Stages that a stage is made of, itself included, in the order of the file. */
export function neededStages(all: Stages, target: Stage): Stage[] {
  const needed = new Set<Stage>()
  const waiting = [target]
  for (let stage = waiting.pop(); stage !== undefined; stage = waiting.pop()) {
    if (needed.has(stage)) continue
    needed.add(stage)
    const base = baseStage(all.stages, stage)
    if (base !== undefined) waiting.push(base)
    for (const { name } of namedIn(all, stage)) {
      const other = stageOf(all.stages, name)
      if (other !== undefined) waiting.push(other)
    }
  }
  return [...needed].sort((one, other) => one.index - other.index)
}

/** By name, or by number as `--from=0`. */
function stageOf(stages: readonly Stage[], name: string): Stage | undefined {
  return stageNamed(stages, name) ?? (/^\d{1,4}$/.test(name) ? stages[Number(name)] : undefined)
}

interface Named {
  use: 'copy' | 'mount'
  name: string
  line: number
}

/** What COPY and mounts of a stage name; those of triggers that it inherits too. */
function namedIn(all: Stages, stage: Stage): Named[] {
  return [...inheritedTriggers(all.stages, stage), ...stage.instructions].flatMap(namedBy)
}

function namedBy(instruction: Instruction): Named[] {
  const copied = ['COPY', 'ADD'].includes(instruction.keyword)
    ? instruction.flags.filter((flag) => flag.name === 'from')
    : []
  return [
    ...copied.map(({ value, line }): Named => ({ use: 'copy', name: value ?? '', line })),
    ...mountsOf(instruction).flatMap(({ from, line }): Named[] =>
      from === null ? [] : [{ use: 'mount', name: from, line }]
    )
  ]
}

function stageReferences(all: Stages, stage: Stage, platform: string): Reference[] {
  const own = (place: Pick<Reference, 'use' | 'name' | 'written' | 'line'>): Reference[] => {
    const kind = kindOf(all, stage, place)
    return [{ ...place, kind, platforms: kind === 'image' ? [platform] : [] }]
  }
  const { line } = stage.from
  const name = resolved(all, stage.base, stage.written, line)
  const wanted = stage.platform === null ? platform : resolved(all, stage.platform, '--platform', line)
  return [
    ...own({ use: 'from', name, written: stage.written, line }).map((reference) =>
      reference.kind === 'image' ? { ...reference, platforms: [normalPlatform(wanted)] } : reference
    ),
    ...namedIn(all, stage).flatMap((named) => own({ ...named, written: named.name }))
  ]
}

/** The text of FROM with its values, each of which must be there. */
function resolved(
  { path }: Stages,
  { text, missing, fault }: Expanded,
  written: string,
  line: number
): string {
  if (fault !== null) throw dockerfileFault(path, line, `${written.slice(0, 200)} cannot be read: ${fault}.`)
  const [name] = missing
  if (name !== undefined)
    throw dockerfileFault(path, line, `The variable ${name} has no value here.`, {
      found: written.slice(0, 200),
      fix: `Give it a default (ARG ${name}=… before the first FROM), or a value under \`arguments:\` of the target.`
    })
  return text
}

function kindOf(
  { stages, path }: Stages,
  stage: Stage,
  { use, name, line }: Pick<Reference, 'use' | 'name' | 'line'>
): Reference['kind'] {
  if ((contextNames as readonly string[]).includes(name)) return 'context'
  if (name.startsWith('tagproof-') && !name.includes('/'))
    throw dockerfileFault(path, line, `There is no context ${JSON.stringify(name.slice(0, 100))}.`, {
      expected: contextNames.join(', ')
    })
  const found = use === 'from' ? stageNamed(stages.slice(0, stage.index), name) : stageOf(stages, name)
  if (found !== undefined) return 'stage'
  if (name === 'scratch') return 'scratch'
  if (parseReference(name) !== null && !/^\d+$/.test(name)) return 'image'
  throw dockerfileFault(path, line, 'This names neither a stage nor an image.', {
    found: name.slice(0, 200) || 'an empty name',
    expected: 'a stage of this file, tagproof-root, or a reference such as debian:12@sha256:…',
    ...(name.includes('$')
      ? {
          fix: `Only FROM has variables: write FROM ${name.slice(0, 100)} AS a-name, and use that name here.`
        }
      : {})
  })
}

/** What the build is given, for one of the platforms. */
export function argumentsFor(request: DockerfileRequest, platform: string): BuildArguments {
  return { arguments: request.arguments, platform }
}
