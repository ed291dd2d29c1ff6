import { readConfig, type ImageConfig } from '../../../formats/oci/documents.ts'
import { platformName } from '../../../formats/oci/descriptor.ts'
import { isObject, parseStrictJson } from '../../../formats/oci/json.ts'
import { TagproofError } from '../../../platform/errors.ts'
import { imageConfig } from '../../../targets/image/assemble-config.ts'
import type { BaseImage } from '../evidence.ts'
import type { Generator, TraceContext, TracedMember, Verdict } from '../generator.ts'
import { differs } from '../files/verdicts.ts'
import { dockerfileMistakes } from './dockerfile-config.ts'
import { statedImage } from './stated-image.ts'

/** `config.json`: what the image runs and says of itself, from the Dockerfile of the tag or the settings of the target. */
export const configFile: Generator = {
  name: 'image-config',
  reason:
    'The configuration follows from the base image and the Dockerfile or the settings of the tag; it is derived again.',
  matches: ({ path, kind }) => kind === 'file' && /^(?:[a-z0-9-]+\/)?config\.json$/.test(path),
  async derive(member, context) {
    const { content } = member
    const config = content === null ? undefined : parsed(content)
    if (content === null || config === undefined) return undefined
    if (context.target?.image?.mode === 'assemble') return assembled(member, config, context)
    return fromDockerfile(member, config, context)
  }
}

function parsed(bytes: Buffer): ImageConfig | undefined {
  try {
    const raw = parseStrictJson(bytes, 'config.json')
    const rootfs = isObject(raw.rootfs) ? raw.rootfs : {}
    const layers = Array.isArray(rootfs.diff_ids) ? rootfs.diff_ids.length : 0
    return readConfig(bytes, layers, 'config.json')
  } catch (error) {
    if (error instanceof TagproofError) return undefined
    throw error
  }
}

/** Our own assembly is a pure function of base, settings and tag: the same bytes, or not its output. */
function assembled(member: TracedMember, config: ImageConfig, context: TraceContext): Verdict | undefined {
  const { target, tag, version, evidence } = context
  const image = target?.image
  if (image?.mode !== 'assemble') return undefined
  const platform = platformName(config.platform)
  const base = (evidence?.bases ?? []).find(
    (each) => each.reference === image.assemble.base && each.platform === platform
  )
  const baseConfig = base?.config == null ? undefined : parsed(base.config)
  if (base === undefined || baseConfig === undefined)
    return withoutBase(member, 'the configuration of its base image')
  const own = config.diffIds.slice(baseConfig.diffIds.length)
  const layers = own.map((diffId, at) => ({ diffId, title: titleOf(config, at, own.length) }))
  const order = layers.map(({ title }) => titles.indexOf(title))
  if (order.some((place, at) => place <= (order[at - 1] ?? -1))) return unknownLayers(member)
  const expected = JSON.stringify(
    imageConfig({
      settings: image.assemble,
      base: { name: base.reference, digest: base.digest, config: baseConfig },
      version,
      commit: tag.commit,
      epoch: tag.epoch,
      layers
    })
  )
  return member.content?.toString('utf8') === expected
    ? { traced: true, from: [] }
    : differs(member, Buffer.from(expected), 'the assembly')
}

/** Each of our layers is there once at most, in the order in which they are made. */
function unknownLayers(member: TracedMember): Verdict {
  return {
    traced: false,
    code: 'image-config-differs',
    message: `${member.path} names layers that the assembly does not make: ${titles.join(', ')}, each once at most.`,
    cause: 'A layer was added to the image once it was put together.',
    fix: 'Build the image again; find out what handles it between the build and the proof.'
  }
}

const titles = ['locked dependencies', 'wheel', 'files of the tree']

/** Layers without a file are left out: the title that the history has there, where it is one of ours. */
function titleOf({ raw }: ImageConfig, at: number, layers: number): string {
  const history: unknown[] = Array.isArray(raw.history) ? raw.history : []
  const step = history.at(at - layers - 1)
  const by = isObject(step) && typeof step.created_by === 'string' ? step.created_by : ''
  return titles.find((title) => by === `tagproof: ${title}`) ?? ''
}

async function fromDockerfile(
  member: TracedMember,
  config: ImageConfig,
  context: TraceContext
): Promise<Verdict | undefined> {
  const platform = platformName(config.platform)
  const stated = await statedImage(context, platform)
  if (stated === undefined) return undefined
  const bases = context.evidence?.bases ?? []
  const base: BaseImage | undefined = bases.find(
    (each) => each.reference === stated.base && each.platform === platform
  )
  const baseConfig = base?.config == null ? undefined : parsed(base.config)
  if (baseConfig === undefined && stated.base !== 'scratch')
    return withoutBase(member, `the configuration of ${stated.base}`)
  const mistakes = dockerfileMistakes(config, baseConfig, stated, context.tag.epoch)
  if (mistakes.length === 0) return { traced: true, from: [stated.path] }
  return {
    traced: false,
    code: 'image-config-differs',
    message: `${member.path}: ${mistakes.slice(0, 5).join('; ')}.`.slice(0, 3000),
    cause: 'Something else than the Dockerfile of the tag and its base image gave this value.',
    fix: `State it in ${stated.path}; builders take labels and variables from the Dockerfile alone.`
  }
}

function withoutBase(member: TracedMember, what: string): Verdict {
  return {
    traced: false,
    code: 'untraced',
    message: `${member.path} cannot be derived again without ${what}.`,
    cause: 'The lock does not name the base image, or its blobs are not at hand.',
    fix: 'Commit a lock (tagproof lock) and let the release be proven; a trace without a lock cannot tell.'
  }
}
