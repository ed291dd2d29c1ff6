import { randomBytes } from 'node:crypto'
import path from 'node:path'
import { TagproofError } from '../../platform/errors.ts'
import { requirePrivilege } from '../../platform/privilege.ts'
import type { ImageBuilder, ImageBuildRequest, ImageBuildResult } from '../builder.ts'
import { buildInEnclosure } from '../run.ts'
import { ownFolder } from '../settings.ts'
import type { FoundPrograms } from '../tool.ts'
import { restoreBaseLayers } from './base-layers.ts'
import { buildahScript, canaryFolder } from './script.ts'

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
      await requirePrivilege()
      return buildOnce(request)
    }
  }
}

async function buildOnce(request: ImageBuildRequest): Promise<ImageBuildResult> {
  const canary = randomBytes(32).toString('hex')
  const { told, ...result } = await buildInEnclosure(request, {
    script: buildahScript,
    arguments: (tree) => buildahArguments(request, tree),
    binds: [
      ...request.folders.map(({ folder }, at) => ({
        source: path.resolve(folder),
        destination: folderPath(at)
      })),
      ...request.images.map(({ folder }, at) => ({
        source: path.resolve(folder),
        destination: imagePath(at)
      }))
    ],
    files: new Map([[`${canaryFolder.slice(1)}/canary`, canary]]),
    environment: {}
  })
  if (result.image !== null && told.get('canary') !== canary)
    throw new TagproofError(
      'internal',
      `The image builder of world ${request.world} saw another build's files.`,
      {
        found: told.get('canary')?.slice(0, 64) ?? 'nothing',
        expected: canary
      }
    )
  if (result.image !== null) await restoreBaseLayers(result.image, request.images, request.epoch)
  return result
}

const folderPath = (at: number): string => `${ownFolder}/folder/${at}`
const imagePath = (at: number): string => `${ownFolder}/image/${at}`

/** Arguments of the script behind HOME: the bases, then what `buildah bud` is given. */
export function buildahArguments(request: ImageBuildRequest, tree: string): string[] {
  const context = path.posix.join(tree, request.context)
  const bases = request.images.flatMap(({ reference }, at) => [localName(reference), imagePath(at)])
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
    ...request.folders.flatMap(({ name }, at) => ['--build-context', `${name}=${folderPath(at)}`]),
    ...request.images.flatMap(({ reference }) => [
      '--build-context',
      `${reference}=docker-image://${localName(reference)}`
    ]),
    ...['-f', path.posix.join(context, request.dockerfile), context]
  ]
}

/** The name of a base in the builder's own storage, where no registry is asked for it. */
function localName(reference: string): string {
  return `localhost/${reference.replace(/@sha256:/, '-').replace(/[^a-z0-9/._-]/g, '-')}:tagproof`
}
