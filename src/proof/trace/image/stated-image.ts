import { TagproofError } from '../../../platform/errors.ts'
import { jsonWords, readDockerfile, type Instruction } from '../../../targets/image/dockerfile.ts'
import { expand, splitWords } from '../../../targets/image/expansion.ts'
import { inheritedTriggers, readStages, stageChain, targetStage } from '../../../targets/image/stages.ts'
import type { TraceContext } from '../generator.ts'

/** What the Dockerfile of the tag says of the image that is built. */
export interface StatedImage {
  /** Path in the tree. */
  path: string
  text: string
  /** Reference that it stands on in the end. */
  base: string
  /** Instructions of the stages that the image is made of, in order. */
  instructions: readonly Instruction[]
  /** What ONBUILD of the built stage keeps for images that are made from this one. */
  triggers: readonly string[]
  /** Instructions of all stages: files may be copied out of others. */
  all: readonly Instruction[]
  escape: string
  /** Values of ARG before the first FROM, of the target and of the platform. */
  values: ReadonlyMap<string, string>
}

const known = new WeakMap<TraceContext, Map<string, Promise<StatedImage | undefined>>>()

/** Read once per platform; undefined where the tree has no Dockerfile that can be read. */
export function statedImage(context: TraceContext, platform: string): Promise<StatedImage | undefined> {
  const held = known.get(context) ?? new Map<string, Promise<StatedImage | undefined>>()
  known.set(context, held)
  const reading = held.get(platform) ?? read(context, platform)
  held.set(platform, reading)
  return reading
}

/** The Dockerfile whatever the platform, for rules that look for a line in it. */
export function anyStatedImage(context: TraceContext): Promise<StatedImage | undefined> {
  return statedImage(context, 'linux/amd64')
}

async function read(
  { tree, folder, target }: TraceContext,
  platform: string
): Promise<StatedImage | undefined> {
  const image = target?.image?.mode === 'dockerfile' ? target.image : null
  const path = folder + (image?.dockerfile ?? 'Dockerfile')
  const text = (await tree.read(path))?.toString('utf8')
  if (text === undefined) return undefined
  try {
    const dockerfile = readDockerfile(text, path)
    const given = image?.arguments ?? {}
    const stages = readStages(dockerfile, path, { arguments: given, platform })
    const built = targetStage(stages, image?.stage ?? null)
    const chain = stageChain(stages.stages, built)
    return {
      path,
      text,
      base: chain[0].base.text,
      instructions: chain.flatMap((stage) => [
        ...inheritedTriggers(stages.stages, stage),
        ...stage.instructions
      ]),
      triggers: built.instructions.flatMap(({ keyword, text }) => (keyword === 'ONBUILD' ? [text] : [])),
      all: dockerfile.instructions,
      escape: dockerfile.escape,
      values: new Map([...stages.globals, ...Object.entries(given)])
    }
  } catch (error) {
    if (error instanceof TagproofError) return undefined
    throw error
  }
}

/** Words of an instruction with their variables, quotes taken away. */
export function wordsOf(text: string, values: ReadonlyMap<string, string>, escape: string): string[] {
  return splitWords(text.trim(), escape).map((word) => expand(word, values, escape).text)
}

export { jsonWords }
