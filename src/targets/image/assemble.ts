import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import path from 'node:path'
import type { BuiltTarget } from '../../documents/build.ts'
import type { Platform } from '../../formats/oci/descriptor.ts'
import type { LayerBlob } from '../../formats/oci/layer-writer.ts'
import {
  descriptorJson,
  documentBlob,
  fileBlob,
  writeLayout,
  type Blob
} from '../../formats/oci/layout-writer.ts'
import { mediaTypes } from '../../formats/oci/media-types.ts'
import { TagproofError } from '../../platform/errors.ts'
import { hashFile } from '../../platform/files.ts'
import type { ImageSettings } from '../../documents/target-settings.ts'
import type { BuildRequest, WithImages, WithWheel } from '../build-request.ts'
import { openBase } from './assemble-base.ts'
import { imageConfig } from './assemble-config.ts'
import { gatherFiles } from './assemble-files.ts'
import { keptLayerBlob, layerBlob } from './assemble-layers.ts'
import { assembleVariations } from './assemble-record.ts'
import { gatherEnvironment } from './assemble-venv.ts'
import { LayerFiles } from './layer-files.ts'
import { platformOf } from './root-image.ts'

export type AssembleRequest = BuildRequest & WithWheel & WithImages

/**
 * Puts an image together without a builder: the blobs of the base as they are, then our own canonical layers of the
 * locked dependencies, of the wheel that the same world has built, and of files of the export. No daemon takes part and
 * no code of the project runs. What comes out depends on these inputs and the release alone.
 *
 * @throws TagproofError as openBase, gatherEnvironment and gatherFiles
 */
export async function assembleImage(request: AssembleRequest): Promise<BuiltTarget> {
  const settings = settingsOf(request)
  const platforms = platformsOf(settings, request)
  await mkdir(request.folder, { recursive: true })
  const work = await mkdtemp(`${request.folder}+work-`)
  try {
    const images: PlatformImage[] = []
    for (const [at, platform] of platforms.entries())
      images.push(await assemblePlatform(platform, settings, request, path.join(work, String(at))))
    const name = artifactName(settings.repository, request.version)
    const file = path.join(request.folder, name)
    await rm(file, { force: true })
    await writeImages(images, file, request)
    const { size, sha256 } = await hashFile(file)
    const reads = images[0]?.taken ?? []
    return {
      name: request.target.name,
      artifacts: [{ kind: 'image', name, size, sha256 }],
      requires: [],
      reads,
      variations: assembleVariations(request, reads.length)
    }
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

/** File name of an image: its repository and version. */
export function artifactName(repository: string, version: string | null): string {
  return `${repository.replaceAll('/', '_')}-${version ?? 'untagged'}.oci.tar`
}

type AssembleTarget = Extract<ImageSettings, { mode: 'assemble' }>

function settingsOf({ target }: AssembleRequest): AssembleTarget {
  if (target.image?.mode === 'assemble') return target.image
  throw new TagproofError('internal', `The target ${target.name} is no image that is assembled.`)
}

function platformsOf({ platforms }: AssembleTarget, { rootLock }: AssembleRequest): Platform[] {
  if (platforms.length === 0) return [platformOf(rootLock.architecture)]
  return [...new Set(platforms)].sort().map((name) => {
    const [os = '', architecture = '', variant = ''] = name.split('/')
    return { os, architecture, variant }
  })
}

interface PlatformImage {
  platform: Platform
  manifest: Blob
  blobs: Blob[]
  /** Paths of the tree whose files are in it. */
  taken: string[]
}

const titles = ['locked dependencies', 'wheel', 'files of the tree'] as const

async function assemblePlatform(
  platform: Platform,
  settings: AssembleTarget,
  request: AssembleRequest,
  work: string
): Promise<PlatformImage> {
  const { tag, version, exportTar } = request
  const base = await openBase(settings.assemble.base, platform, request)
  await mkdir(work)
  const files = await LayerFiles.start(path.join(work, 'spool'))
  try {
    const { prefix } = settings.assemble
    await gatherEnvironment({ ...request, prefix, platform, work }, files, base)
    files.startLayer(2)
    const taken = await gatherFiles(exportTar, settings.assemble.files, files, base)
    const layers = await writeLayers(files, base, request, work)
    const config = documentBlob(
      imageConfig({
        settings: settings.assemble,
        base,
        version,
        commit: tag.commit,
        epoch: tag.epoch,
        layers
      })
    )
    const manifest = documentBlob({
      schemaVersion: 2,
      mediaType: mediaTypes.manifest,
      config: descriptorJson(mediaTypes.config, config),
      layers: [...base.layers, ...layers].map((layer) => descriptorJson(layer.mediaType, layer))
    })
    const blobs = [...base.layers, ...layers].map((layer) => fileBlob(layer.file, layer))
    return { platform, manifest, blobs: [config, manifest, ...blobs], taken }
  } finally {
    await files.close()
  }
}

async function writeLayers(
  files: LayerFiles,
  base: Awaited<ReturnType<typeof openBase>>,
  { tag, cache }: AssembleRequest,
  work: string
): Promise<(LayerBlob & { title: string })[]> {
  const layers: (LayerBlob & { title: string })[] = []
  for (const [layer, title] of titles.entries()) {
    if (files.recipeOf(layer).length === 0) continue
    const wanted = { files, layer, base, epoch: tag.epoch }
    const file = path.join(work, `layer-${layer}`)
    const blob = layer === 0 ? await keptLayerBlob(wanted, cache) : await layerBlob(wanted, file)
    layers.push({ ...blob, title })
  }
  return layers
}

async function writeImages(
  images: readonly PlatformImage[],
  file: string,
  { tag }: AssembleRequest
): Promise<void> {
  const blobs = images.flatMap((image) => image.blobs)
  const [only] = images
  if (only !== undefined && images.length === 1)
    return writeLayout(file, descriptorJson(mediaTypes.manifest, only.manifest), blobs, tag.epoch)
  const entries = images.map(({ manifest, platform }) =>
    descriptorJson(mediaTypes.manifest, manifest, platform)
  )
  const index = documentBlob({ schemaVersion: 2, mediaType: mediaTypes.index, manifests: entries })
  await writeLayout(file, descriptorJson(mediaTypes.index, index), [index, ...blobs], tag.epoch)
}
