import type { BuiltArtifact } from '../documents/build.ts'
import type { Finding } from '../documents/proof.ts'
import { parseWheelName } from '../formats/wheel.ts'
import { labelAgrees, sameVersion } from '../source/version.ts'
import { debianVersionAgrees } from '../targets/deb/debian/version.ts'

export interface VersionsRequest {
  /** Version in the artifact's metadata; null where that was not read, or where the project does not state it itself. */
  stated: string | null
  kind: BuiltArtifact['kind']
  /** File name of the artifact. */
  name: string
  /** Version of the release, from its tag; null where there is no tag to agree with. */
  version: string | null
}

/**
 * Whether the version in the metadata and in the file name is that of the tag: equal by PEP 440, and for a deb once
 * epoch and revision are off (dpkg names the file after the version in `control`). Of an image it is the label, which may
 * name a variant besides.
 */
export function versionFindings(request: VersionsRequest): Finding[] {
  const { kind, name, stated: control, version } = request
  if (kind === 'deb' && version !== null && control !== null)
    return debianVersionAgrees(control, version)
      ? []
      : [
          {
            ...mismatch(name, 'DEBIAN/control', 'DEBIAN/control', control, version),
            fix: 'Set `changelog: tag` for the target, which puts an entry for the tag on top of debian/changelog; or raise debian/changelog before the tag is made.'
          }
        ]
  if (kind === 'image' && version !== null && control !== null)
    return labelAgrees(control, version)
      ? []
      : [
          {
            ...mismatch(name, 'config.json', 'the label org.opencontainers.image.version', control, version),
            cause: 'The label was not raised before the tag was made, or platforms have different ones.',
            fix: 'State the version of the tag in LABEL of the Dockerfile, or leave the label out. `assemble:` sets it by itself.'
          }
        ]
  if (version === null || (kind !== 'sdist' && kind !== 'wheel')) return []
  const member = kind === 'sdist' ? 'PKG-INFO' : 'METADATA'
  const stated = [
    ...(request.stated === null ? [] : [{ where: member, found: request.stated }]),
    { where: 'the file name', found: versionInName(name, kind) }
  ]
  return stated
    .filter(({ found }) => !sameVersion(found, version))
    .map(({ where, found }) => mismatch(name, where === member ? member : null, where, found, version))
}

function versionInName(name: string, kind: 'sdist' | 'wheel'): string {
  if (kind === 'wheel') return parseWheelName(name).version
  return /-([^-]+)\.tar\.gz$/.exec(name)?.[1] ?? ''
}

function mismatch(
  artifact: string,
  member: string | null,
  where: string,
  found: string,
  version: string
): Finding {
  return {
    check: 'source',
    code: 'version-mismatch',
    severity: 'refuse',
    artifact,
    member,
    message: `The tag says version ${version}; ${where} says ${found === '' ? 'none' : JSON.stringify(found)}.`,
    cause:
      found.includes('dev') || found.includes('+')
        ? 'A version plugin did not see the tag, or took the tree for changed.'
        : 'The version in the project was not raised before the tag was made, or the tag is spelled in another way.',
    fix: 'Tag the commit whose project says this version; or say how tags spell versions with `tag.pattern` in .github/tagproof.yml.',
    waiver: null
  }
}
