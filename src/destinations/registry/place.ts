import type { Lock } from '../../documents/lock.ts'
import type { RegistrySettings } from '../../documents/destination-settings.ts'
import type { ReleaseArtifact } from '../../documents/release.ts'
import type { Uploads } from '../../documents/uploads.ts'
import { TagproofError } from '../../platform/errors.ts'
import { joinInside } from '../../platform/files.ts'
import { parseReference } from '../../platform/registry/reference.ts'
import { fillTemplate } from '../templates.ts'
import type { PushedImage } from './image.ts'
import { isLoopback } from '../../platform/http-rules.ts'

/**
 * The parts of `HOST[:PORT]/REPOSITORY`: https, and plain http on this machine alone. Pure.
 *
 * @throws TagproofError `config-invalid`
 */
export function imagePlace(image: string): { host: string; base: URL; repository: string } {
  const slash = image.indexOf('/')
  const host = image.slice(0, slash)
  if (slash < 1 || !URL.canParse(`https://${host}`))
    throw new TagproofError('config-invalid', `${JSON.stringify(image)} names no image of a registry.`, {
      expected: 'HOST/REPOSITORY'
    })
  const base = new URL(`https://${host}`)
  if (isLoopback(base)) base.protocol = 'http:'
  return { host, base, repository: image.slice(slash + 1) }
}

/**
 * What of a release goes where, under which tags. Pure.
 *
 * @throws TagproofError `document-mismatch` for an image that uploads.json does not describe, `config-invalid` for a
 *   template that cannot be filled in
 */
export function pushedImages(
  {
    settings,
    artifacts,
    moves
  }: { settings: RegistrySettings; artifacts: readonly ReleaseArtifact[]; moves: boolean },
  given: { release: { tag: string }; uploads: Pick<Uploads, 'images'>; packages: string }
): PushedImage[] {
  return artifacts.map((artifact) => {
    const image = given.uploads.images.find(({ name }) => name === artifact.name)
    if (image?.sha256 !== artifact.sha256)
      throw new TagproofError('document-mismatch', `uploads.json does not describe ${artifact.name}.`, {
        found: image?.sha256 ?? 'no such image',
        expected: artifact.sha256,
        fix: 'Run tagproof prove and record again.'
      })
    const { target, version } = artifact
    const fill = (template: string): string =>
      fillTemplate(template, { version, tag: given.release.tag }, { target })
    return {
      image,
      file: joinInside(given.packages, artifact.name),
      repository: imagePlace(settings.image).repository.replaceAll('{target}', target),
      tags: settings.tags.map(fill),
      moving: moves ? settings.moving.map((template) => ({ template, tag: fill(template) })) : []
    }
  })
}

/** Blobs of locked base images that lie in a registry, each with its repository there. Pure. */
export function baseBlobs({ images = {} }: Pick<Lock, 'images'>, host: string): Map<string, string> {
  const found = new Map<string, string>()
  for (const [text, { platforms }] of Object.entries(images)) {
    const reference = parseReference(text)
    if (reference?.host !== host) continue
    for (const { layers } of Object.values(platforms))
      for (const { digest } of layers) found.set(digest, reference.repository)
  }
  return found
}
