import type { Tool } from '../documents/fields.ts'
import { TagproofError } from '../platform/errors.ts'
import { buildah } from './buildah/buildah.ts'
import type { ImageBuilder } from './builder.ts'
import { buildkit } from './buildkit/buildkit.ts'
import { buildkitVersion, findBuildah, findBuildkit } from './tool.ts'

type Environment = Readonly<Record<string, string | undefined>>

/**
 * The builder of images of this machine: BuildKit, or buildah where there is none. `TAGPROOF_BUILDER` names one of them.
 *
 * @throws TagproofError `tool-missing`, telling how to get one
 */
export async function findImageBuilder(environment: Environment = process.env): Promise<ImageBuilder> {
  const wanted = environment.TAGPROOF_BUILDER ?? ''
  if (wanted !== 'buildah') {
    const found = await findBuildkit(environment)
    if (found !== undefined) return buildkit(found)
  }
  if (wanted !== 'buildkit') {
    const found = await findBuildah(environment)
    if (found !== undefined) return buildah(found)
  }
  throw new TagproofError('tool-missing', 'Nothing on this machine builds images from a Dockerfile.', {
    expected: `BuildKit ${buildkitVersion} (buildkitd and buildctl), or buildah`,
    ...(wanted === '' ? {} : { found: `TAGPROOF_BUILDER=${wanted.slice(0, 40)}` }),
    fix: 'Have Go on the machine and run node scripts/setup-buildkit.mjs; or name a folder with both programs in TAGPROOF_BUILDKIT; or install buildah: on Debian and Ubuntu, sudo apt-get install buildah. An image that is assembled (`assemble:`) needs neither.'
  })
}

/** What the record of a build says of the builder: its version, and SHA-256 of each program. */
export function builderTools({ name, version, programs }: ImageBuilder): Tool[] {
  return [
    { name, version },
    ...programs.map((program) => ({ name: program.name, version: `sha256:${program.sha256}` }))
  ]
}
