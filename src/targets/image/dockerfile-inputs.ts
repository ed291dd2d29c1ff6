import { createReadStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import type { NamedFolder, NamedImage } from '../../builders/builder.ts'
import { isWheel } from '../../documents/lock.ts'
import type { ImageSettings } from '../../documents/target-settings.ts'
import { layoutFromBlobs } from '../../formats/oci/layout-folder.ts'
import { readTar } from '../../formats/tar/reader.ts'
import { lockedImage as imageOf } from '../../lock/images/locked-image.ts'
import { TagproofError } from '../../platform/errors.ts'
import { whole } from '../../platform/pieces.ts'
import { machinePlatform } from '../../platform/registry/platform.ts'
import type { BuildRequest, WithImages, WithWheel } from '../build-request.ts'
import { wheelsOf } from '../python/sdist.ts'
import { debContext, fileContext } from './contexts.ts'
import { readDockerfile } from './dockerfile.ts'
import { neededStages, referencesOf, type Reference } from './references.ts'
import { rootImage } from './root-image.ts'
import {
  inheritedTriggers,
  platformOfStage,
  readStages,
  stageChain,
  targetStage,
  type Stage,
  type Stages
} from './stages.ts'

export type DockerfileRequest = BuildRequest & WithWheel & WithImages
export type DockerfileSettings = Extract<ImageSettings, { mode: 'dockerfile' }>

/** What one platform's build takes. */
export interface DockerfileInputs {
  folders: NamedFolder[]
  images: NamedImage[]
  /** Digests of the layers of the base of the image, from the bottom up; empty for `scratch`. */
  baseLayers: string[]
  /** Platforms whose programs some step runs. */
  runs: string[]
}

const largestDockerfile = 1024 * 1024

/** The text of the Dockerfile in the world's export. @throws TagproofError `config-invalid` */
export async function dockerfileText(
  request: DockerfileRequest,
  settings: DockerfileSettings
): Promise<string> {
  const name = dockerfilePath(request, settings)
  const source = createReadStream(request.exportTar, { highWaterMark: 1 << 20 })
  for await (const entry of readTar(source, { twins: 'accept' })) {
    if (entry.path !== `tree/${name}` || entry.kind !== 'file' || entry.size > largestDockerfile) continue
    return (await whole(entry.content)).toString('utf8')
  }
  throw new TagproofError('config-invalid', `There is no Dockerfile ${name} in the tree.`, {
    fix: 'Correct `dockerfile:` of the target in .github/tagproof.yml; it is relative to the folder of the target.'
  })
}

/** Path in the tree. */
export function dockerfilePath({ target }: DockerfileRequest, { dockerfile }: DockerfileSettings): string {
  return path.posix.normalize(path.posix.join(target.path, dockerfile))
}

/**
 * Lays out what the Dockerfile names: locked bases as layout folders, and the contexts that it uses, no other.
 *
 * @param work receives them
 * @throws TagproofError `lock-incomplete` for a base or wheel that is not there; as referencesOf
 */
export async function layOut(
  text: string,
  platform: string,
  request: DockerfileRequest,
  settings: DockerfileSettings,
  work: string
): Promise<DockerfileInputs> {
  const where = dockerfilePath(request, settings)
  const given = { arguments: settings.arguments, platform }
  const references = referencesOf({
    text,
    path: where,
    stage: settings.stage,
    arguments: settings.arguments,
    platforms: [platform]
  })
  const folders: NamedFolder[] = []
  const images: NamedImage[] = []
  const named = new Set<string>()
  for (const reference of references) {
    if (reference.kind === 'image')
      for (const wanted of reference.platforms) {
        const key = `${reference.name} ${wanted}`
        if (named.has(key)) continue
        named.add(key)
        images.push(
          await lockedImage(reference, wanted, request, where, path.join(work, `base-${images.length}`))
        )
      }
    if (reference.kind !== 'context' || named.has(reference.name)) continue
    named.add(reference.name)
    if (reference.name === 'tagproof-root')
      images.push(await rootReference(reference, platform, request, where))
    else folders.push(await contextFolder(reference, request, where, path.join(work, reference.name)))
  }
  const all = readStages(readDockerfile(text, where), where, given)
  const built = targetStage(all, settings.stage)
  const [{ base }] = stageChain(all.stages, built)
  const wanted = platformOfStage(all.stages, built, platform)
  const image = images.find((one) => one.reference === base.text && one.platform === wanted)
  return {
    folders,
    images,
    baseLayers: image === undefined ? [] : await layersOf(image),
    runs: runPlatforms(all, built, platform)
  }
}

/** Platforms of the stages that run something, triggers of other stages among it. */
function runPlatforms(all: Stages, built: Stage, platform: string): string[] {
  const running = neededStages(all, built).filter((stage) =>
    [...inheritedTriggers(all.stages, stage), ...stage.instructions].some(({ keyword }) => keyword === 'RUN')
  )
  return [...new Set(running.map((stage) => platformOfStage(all.stages, stage, platform)))].sort()
}

async function lockedImage(
  { name, line }: Reference,
  platform: string,
  request: DockerfileRequest,
  where: string,
  folder: string
): Promise<NamedImage> {
  const { images } = request
  const locked = imageOf(images, name)
  if (locked === undefined)
    throw new TagproofError('lock-incomplete', 'The lock has no image for this reference.', {
      found: name,
      where: `${where}:${line}`,
      fix: 'Run tagproof lock, commit the lock, and tag that commit.'
    })
  const digest = await layoutFromBlobs(locked, platform, (digest) => request.blob(digest), folder)
  return { reference: name, platform, folder, digest }
}

async function rootReference(
  { name, line }: Reference,
  platform: string,
  { root, rootLock, cache, log, signal }: DockerfileRequest,
  where: string
): Promise<NamedImage> {
  const own = machinePlatform()
  if (platform !== own)
    throw new TagproofError('lock-incomplete', `${name} exists for ${own} alone.`, {
      where: `${where}:${line}`,
      found: platform,
      fix: 'Build this platform on a machine of its kind, or start from a base image that the lock has for it.'
    })
  const image = await rootImage({ root, rootLock, cache, log, ...(signal === undefined ? {} : { signal }) })
  return { reference: name, platform, ...image }
}

async function contextFolder(
  { name, line }: Reference,
  request: DockerfileRequest,
  where: string,
  folder: string
): Promise<NamedFolder> {
  const { epoch } = request.tag
  if (name === 'tagproof-debs')
    return {
      name,
      folder: await debContext(request.rootLock, (entry) => request.debian(entry), request.cache)
    }
  if (name === 'tagproof-wheel') {
    if (request.wheel === null) throw noContext(name, `${where}:${line}`, 'the target takes no wheel')
    await fileContext(new Map([[path.basename(request.wheel), request.wheel]]), folder, epoch)
    return { name, folder }
  }
  const { locked, root, limits, log, world, off, signal } = request
  if (locked === null)
    throw noContext(name, `${where}:${line}`, 'the lock has no Python packages for this target')
  const work = `${folder}+built`
  const wheels = await wheelsOf(locked, work, {
    ...{ root, epoch, limits, log, world, off, file: (entry) => request.file(entry) },
    ...(signal === undefined ? {} : { signal })
  })
  // pip tells by its name what a wheel is.
  const named = wheels.map((file, at): [string, string] => {
    const entry = locked.packages[at]
    return [entry !== undefined && isWheel(entry) ? entry.file : path.basename(file), file]
  })
  await fileContext(new Map(named), folder, epoch)
  return { name, folder }
}

function noContext(name: string, where: string, found: string): TagproofError {
  return new TagproofError(
    'lock-incomplete',
    `The Dockerfile uses ${name}, and there is nothing to put into it.`,
    {
      where,
      found,
      fix: 'Name the Python target with `wheel:` of the image target, or its `requirements:`, then run tagproof lock.'
    }
  )
}

async function layersOf({ folder, digest }: NamedImage): Promise<string[]> {
  const file = path.join(folder, 'blobs', 'sha256', digest.slice('sha256:'.length))
  const manifest = JSON.parse(await readFile(file, 'utf8')) as { layers: { digest: string }[] }
  return manifest.layers.map((layer) => layer.digest)
}
