import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { ImageBuilder, ImageBuildResult } from '../../builders/builder.ts'
import { findImageBuilder } from '../../builders/find.ts'
import type { BuiltTarget } from '../../documents/build.ts'
import type { Variation } from '../../documents/fields.ts'
import { openImage } from '../../formats/oci/image.ts'
import { blobsOf, descriptorJson, mergeLayouts, writeLayout } from '../../formats/oci/layout-writer.ts'
import { TagproofError } from '../../platform/errors.ts'
import { hashFile } from '../../platform/files.ts'
import { machinePlatform } from '../../platform/registry/platform.ts'
import { artifactName } from './assemble.ts'
import { dockerfileError } from './dockerfile-failures.ts'
import { binaryFormats, requireEmulator } from './emulation.ts'
import {
  dockerfilePath,
  dockerfileText,
  layOut,
  type DockerfileRequest,
  type DockerfileSettings
} from './dockerfile-inputs.ts'

/** What one platform's build came to. */
interface BuiltPlatform {
  platform: string
  /** Platforms whose programs an emulator ran. */
  emulated: string[]
  /** Tar of a layout with one image. */
  file: string
  result: ImageBuildResult
}

/**
 * Builds an image from the project's Dockerfile in one world: the context is the export, bases and packages are what the
 * lock lists, there is no network. Afterwards `folder` holds the image alone, and `<folder>+evidence` what built it.
 *
 * @param builder collaborator with a default: that of the machine
 * @param emulators where the kernel tells which programs it gives to an emulator; another folder is for tests
 * @throws TagproofError a code of `projectFailures` where the Dockerfile does not build; `lock-incomplete`,
 *   `config-invalid`, `tool-missing`, `sandbox-unavailable`, `cancelled`
 */
export async function buildDockerfile(
  request: DockerfileRequest,
  builder?: ImageBuilder,
  emulators = binaryFormats
): Promise<BuiltTarget> {
  const settings = settingsOf(request)
  const text = await dockerfileText(request, settings)
  const used = builder ?? (await findImageBuilder())
  const platforms =
    settings.platforms.length === 0 ? [machinePlatform()] : [...new Set(settings.platforms)].sort()
  await mkdir(request.folder, { recursive: true })
  const work = await mkdtemp(`${request.folder}+work-`)
  try {
    const built: BuiltPlatform[] = []
    for (const platform of platforms)
      built.push(
        await buildPlatform(
          text,
          platform,
          request,
          settings,
          used,
          emulators,
          path.join(work, platform.replaceAll('/', '-'))
        )
      )
    const name = artifactName(settings.repository, request.version)
    const output = path.join(request.folder, name)
    await rm(output, { force: true })
    await writeImage(built, output, request)
    return {
      name: request.target.name,
      artifacts: [{ kind: 'image', name, ...(await hashFile(output)) }],
      evidence: await writeEvidence(built, used, request),
      ...emulatedIn(built),
      requires: [],
      // The context is read whole, whatever the Dockerfile copies of it.
      reads: null,
      variations: variationsOf(built, request)
    }
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

function settingsOf({ target }: DockerfileRequest): DockerfileSettings {
  if (target.image?.mode === 'dockerfile') return target.image
  throw new TagproofError('internal', `The target ${target.name} is no image with a Dockerfile.`)
}

async function buildPlatform(
  text: string,
  platform: string,
  request: DockerfileRequest,
  settings: DockerfileSettings,
  builder: ImageBuilder,
  emulators: string,
  work: string
): Promise<BuiltPlatform> {
  const { target, world, tag, limits, off, signal, onLine } = request
  const outputs = path.join(work, 'out')
  await mkdir(outputs, { recursive: true })
  const inputs = await layOut(text, platform, request, settings, work)
  const emulated = inputs.runs.filter((one) => one !== machinePlatform())
  for (const one of emulated) await requireEmulator(one, request, emulators)
  const result = await builder.build({
    world,
    exportTar: request.exportTar,
    context: target.path,
    dockerfile: settings.dockerfile,
    stage: settings.stage,
    arguments: settings.arguments,
    platform,
    epoch: tag.epoch,
    folders: inputs.folders,
    images: inputs.images,
    clockLibrary: request.clockLibrary,
    limits,
    off,
    outputs,
    ...(onLine === undefined ? {} : { onLine }),
    ...(signal === undefined ? {} : { signal })
  })
  const variations = variationsOf([{ platform, emulated, file: '', result }], request)
  const { code, contained, output } = result
  request.onWorld?.({ code, contained, output, reads: null, files: [], variations })
  if (result.image === null) throw dockerfileError(request, dockerfilePath(request, settings), result)
  await checkBase(result.image, inputs.baseLayers, request)
  return { platform, emulated, file: result.image, result }
}

/** The layers of the base must be there, as they were and before all others. */
async function checkBase(
  file: string,
  base: readonly string[],
  { target }: DockerfileRequest
): Promise<void> {
  const image = await openImage(file)
  try {
    const layers = image.platforms[0]?.layers.map(({ sha256 }) => `sha256:${sha256}`) ?? []
    const at = base.findIndex((digest, index) => layers[index] !== digest)
    if (at >= 0)
      throw new TagproofError('build-output', `The image of ${target.name} does not begin with its base.`, {
        found: `layer ${at}: ${layers[at] ?? 'none'}`,
        expected: base[at] ?? '',
        fix: 'The builder changed a layer of the base. Another version of it may not; see `tools` in the record of the build.'
      })
  } finally {
    await image.layout.close()
  }
}

/** Our own tar of what the builder made: blobs keep their bytes, their order and headers are ours. */
async function writeImage(
  built: readonly BuiltPlatform[],
  output: string,
  { tag }: DockerfileRequest
): Promise<void> {
  if (built.length > 1)
    return mergeLayouts(
      built.map(({ file }) => file),
      output,
      tag.epoch
    )
  const image = await openImage(built[0]?.file ?? '')
  try {
    const platform = image.platforms[0]?.platform ?? null
    await writeLayout(
      output,
      descriptorJson(image.entry.mediaType, image.entry, platform),
      blobsOf(image),
      tag.epoch
    )
  } finally {
    await image.layout.close()
  }
}

function emulatedIn(built: readonly BuiltPlatform[]): Pick<BuiltTarget, 'emulated'> {
  const emulated = [...new Set(built.flatMap((one) => one.emulated))].sort()
  return emulated.length === 0 ? {} : { emulated }
}

/** Which builder it was, by its bytes. The same in both worlds, and on any machine with the same builder. */
async function writeEvidence(
  built: readonly BuiltPlatform[],
  builder: ImageBuilder,
  { folder }: DockerfileRequest
): Promise<NonNullable<BuiltTarget['evidence']>> {
  const evidence = `${folder}+evidence`
  await rm(evidence, { recursive: true, force: true })
  await mkdir(evidence, { recursive: true })
  const record = {
    builder: { name: builder.name, version: builder.version, programs: builder.programs },
    platforms: built.map(({ platform, emulated, result }) => ({ platform, emulated, steps: result.steps }))
  }
  const file = path.join(evidence, 'builder.json')
  await writeFile(file, `${JSON.stringify(record, null, 2)}\n`)
  return { 'builder.json': (await hashFile(file)).sha256 }
}

/** What was in force for every platform; scrambling is without effect where nothing is scrambled. */
function variationsOf(built: readonly BuiltPlatform[], { scrambled }: DockerfileRequest): Variation[] {
  const [first, ...others] = built.map(({ result }) => result.variations)
  return (first ?? []).map((variation, at) => {
    const weakest = others.map((variations) => variations[at]).find((other) => other?.applied === false)
    const told = variation.applied && weakest !== undefined ? weakest : variation
    if (told.name !== 'scrambled-files' || !told.applied) return told
    if (scrambled === 0) return { ...told, applied: false, reason: 'the plan scrambles no file' }
    return { ...told, value: told.value === 'original' ? told.value : `${scrambled} files ${told.value}` }
  })
}
