import path from 'node:path'
import { requireRights } from '../../platform/rights.ts'
import type { ImageBuilder, ImageBuildRequest } from '../builder.ts'
import { buildInEnclosure } from '../run.ts'
import { folderPlace, imagePlace } from '../settings.ts'
import type { FoundPrograms } from '../tool.ts'
import { buildkitScript, programFolder } from './script.ts'

/**
 * BuildKit: its own daemon with its own state for each build, in an enclosure. The frontend is the one that is built in,
 * whatever `# syntax=` says; nothing is cached, nothing attested, times are rewritten to the epoch.
 */
export function buildkit({ folder, version, programs }: FoundPrograms): ImageBuilder {
  return {
    name: 'buildkit',
    version,
    programs,
    async build(request) {
      await requireRights()
      return buildInEnclosure(request, {
        script: buildkitScript,
        arguments: (tree) => buildctlArguments(request, tree),
        binds: [{ source: folder, destination: programFolder }]
      })
    }
  }
}

/** Arguments of `buildctl build`, beside those that the script always gives. */
export function buildctlArguments(request: ImageBuildRequest, tree: string): string[] {
  const context = path.posix.join(tree, request.context)
  const dockerfile = path.posix.join(context, request.dockerfile)
  const references = request.images.map(({ reference }) => reference)
  const options: [string, string][] = [
    ['filename', path.posix.basename(dockerfile)],
    ['platform', request.platform],
    ['force-network-mode', 'none'],
    ...(request.stage === null ? [] : ([['target', request.stage]] as [string, string][])),
    ...Object.entries(request.arguments).map(([name, value]): [string, string] => [
      `build-arg:${name}`,
      value
    ]),
    ['build-arg:SOURCE_DATE_EPOCH', String(request.epoch)],
    ...buildPlatform(request.platform),
    ...request.folders.map(({ name }, at): [string, string] => [`context:${name}`, `local:folder-${at}`]),
    ...request.images.flatMap(({ reference, platform, digest }, at) =>
      contextNames(reference, references).map((name): [string, string] => [
        `context:${name}::${platform}`,
        `oci-layout://image-${at}@${digest}`
      ])
    )
  ]
  return [
    ...['--local', `context=${context}`, '--local', `dockerfile=${path.posix.dirname(dockerfile)}`],
    ...request.folders.flatMap((_, at) => ['--local', `folder-${at}=${folderPlace(at)}`]),
    ...request.images.flatMap((_, at) => ['--oci-layout', `image-${at}=${imagePlace(at)}`]),
    ...options.flatMap(([name, value]) => ['--opt', `${name}=${value}`]),
    '--output',
    'type=oci,dest=/out/image.tar,rewrite-timestamp=true,oci-mediatypes=true,compression=gzip'
  ]
}

/** `$BUILDPLATFORM` is that of the image, as it was locked: what is made does not depend on the machine. */
function buildPlatform(platform: string): [string, string][] {
  const [os = '', architecture = '', variant = ''] = platform.split('/')
  const values = { PLATFORM: platform, OS: os, ARCH: architecture, VARIANT: variant }
  return Object.entries(values).map(([name, value]) => [`build-arg:BUILD${name}`, value])
}

/**
 * Names under which BuildKit may look a reference up among the contexts: as it is written without `:latest`, and without
 * the host and the `library/` of the registry that it takes for references without a host. A name that another reference
 * bears itself is left to that one.
 */
export function contextNames(reference: string, all: readonly string[]): string[] {
  const plain = (text: string): string => text.replace(/:latest$/, '')
  const own = plain(reference)
  const withoutHost = own.replace(/^(?=[^/]*[.:])[^/]+\//, '')
  const familiar = withoutHost.replace(/^library\/(?=[^/]+$)/, '')
  const taken = all.filter((other) => other !== reference).map(plain)
  return [...new Set([own, withoutHost, familiar])].filter((name) => name === own || !taken.includes(name))
}
