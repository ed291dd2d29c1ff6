import type { ReleaseArtifact } from '../documents/release.ts'
import { projectOf } from './simple-index.ts'

/** The suite of a repository that is of one release alone. */
export const localSuite = 'stable'

/** What a layout calls an image of a release: its version. */
export function imageTag(version: string | null): string {
  return version ?? 'untagged'
}

/** The folder of an image below `local/oci`, from the name of its file. */
export function imageFolder(name: string, version: string | null): string {
  return name.slice(0, -`-${imageTag(version)}.oci.tar`.length)
}

/**
 * Which of the directory destinations an artifact goes to, as a path below `--out`.
 *
 * @param version of the release; null for an untagged commit
 */
export function localPlace(
  { kind, name }: Pick<ReleaseArtifact, 'kind' | 'name'>,
  version: string | null
): string {
  switch (kind) {
    case 'sdist':
    case 'wheel':
      return `local/simple/${projectOf(name)}`
    case 'deb':
      return `local/apt (${localSuite})`
    case 'image':
      return `local/oci/${imageFolder(name, version)}:${imageTag(version)}`
  }
}
