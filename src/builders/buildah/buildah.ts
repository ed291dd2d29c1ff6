import path from 'node:path'
import { TagproofError } from '../../platform/errors.ts'
import { requireRights } from '../../platform/rights.ts'
import type { ImageBuilder, ImageBuildRequest } from '../builder.ts'
import { buildInEnclosure } from '../run.ts'
import { folderPlace, imagePlace } from '../settings.ts'
import type { FoundPrograms } from '../tool.ts'
import { restoreBaseLayers } from './base-layers.ts'
import { buildahScript } from './script.ts'

/**
 * buildah, where there is no BuildKit: the same enclosure and the same runtime wrapper. Storage driver and isolation
 * decide about its bytes, so both are fixed; two machines with other versions of it make other images.
 */
export function buildah({ version, programs }: FoundPrograms): ImageBuilder {
  return {
    name: 'buildah',
    version,
    programs,
    async build(request) {
      await requireRights()
      const result = await buildInEnclosure(request, {
        script: buildahScript,
        arguments: (tree) => buildahArguments(request, tree),
        binds: []
      })
      if (result.image !== null) await restoreBaseLayers(result.image, request.images, request.epoch)
      return result
    }
  }
}

/**
 * Arguments of the script behind HOME: the bases, then what `buildah bud` is given.
 *
 * @throws TagproofError `tool-missing` for one image in two platforms
 */
export function buildahArguments(request: ImageBuildRequest, tree: string): string[] {
  requireOnePlatform(request)
  const context = path.posix.join(tree, request.context)
  const bases = request.images.flatMap(({ reference }, at) => [localName(reference), imagePlace(at)])
  return [
    String(request.images.length),
    ...bases,
    ...[
      '--isolation',
      'oci',
      '--network',
      'none',
      '--pull-never',
      '--format',
      'oci',
      '--timestamp',
      String(request.epoch)
    ],
    ...['--omit-history', '--identity-label=false', '--platform', request.platform, '--squash=false'],
    ...(request.stage === null ? [] : ['--target', request.stage]),
    ...Object.entries(request.arguments).flatMap(([name, value]) => ['--build-arg', `${name}=${value}`]),
    ...['--build-arg', `SOURCE_DATE_EPOCH=${request.epoch}`],
    ...request.folders.flatMap(({ name }, at) => ['--build-context', `${name}=${folderPlace(at)}`]),
    ...request.images.flatMap(({ reference }) => [
      '--build-context',
      `${reference}=docker-image://${localName(reference)}`
    ]),
    ...['-f', path.posix.join(context, request.dockerfile), context]
  ]
}

/** buildah knows an image by its name alone: which platform of it a line asks for would be lost. */
function requireOnePlatform({ images }: ImageBuildRequest): void {
  const twice = images.find(
    ({ reference }, at) => images.findIndex((one) => one.reference === reference) !== at
  )
  if (twice === undefined) return
  throw new TagproofError('tool-missing', 'buildah cannot take one image for two platforms.', {
    found: twice.reference,
    expected: 'BuildKit, where lines of a Dockerfile ask for several platforms of one image',
    fix: 'Run node scripts/setup-buildkit.mjs, which needs Go; or remove --platform from one of the lines.'
  })
}

/** The name of a base in the builder's own storage, where no registry is asked for it. */
function localName(reference: string): string {
  return `localhost/${reference.replace(/@sha256:/, '-').replace(/[^a-z0-9/._-]/g, '-')}:tagproof`
}
