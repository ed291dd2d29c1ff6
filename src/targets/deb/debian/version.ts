import { sameVersion } from '../../../source/version.ts'
import { partsOf } from './version-order.ts'

/** `1.0rc1`, `1.0-beta.2`, `1.0.dev3`, `1.0rc1.dev2`, `1!2.0+local`: what a tag's version is made of (PEP 440). */
const pythonVersion =
  /^(?:\d+!)?(?<release>\d+(?:\.\d+)*)(?:[-_.]?(?<pre>alpha|beta|preview|pre|rc|a|b|c)[-_.]?(?<preNumber>\d*))?(?:[-_.]?(?<post>post|rev|r)[-_.]?(?<postNumber>\d*)|-(?<plainPost>\d+))?(?:[-_.]?(?<dev>dev)[-_.]?(?<devNumber>\d*))?(?:\+(?<local>[a-z0-9]+(?:[-_.][a-z0-9]+)*))?$/i

/**
 * The upstream part of a Debian version for the version of a tag: what comes before a release sorts before it there
 * too (`1.0rc1` → `1.0~rc1`, and `1.0.dev3`, which comes before `1.0a1`, → `1.0~~dev3`), and what comes after one
 * before the next (`1.0.post1` → `1.0+post1`, which is less than `1.0.1`). Numbers stay as they are written. An epoch of PEP 440 is
 * dropped, since Debian's own epoch belongs to the packager.
 */
export function debianUpstream(version: string): string {
  const groups = pythonVersion.exec(version)?.groups
  if (groups === undefined)
    return version
      .replaceAll('-', '~')
      .replaceAll('_', '.')
      .replace(/[^A-Za-z0-9.+~]/g, '')
  const { release = '', pre, preNumber = '', post, postNumber = '', plainPost, dev, devNumber = '' } = groups
  const after = post === undefined ? (plainPost ?? undefined) : postNumber === '' ? '0' : postNumber
  return [
    release,
    pre === undefined ? '' : `~${pre.toLowerCase()}${preNumber}`,
    after === undefined ? '' : `+post${after}`,
    dev === undefined ? '' : `~~dev${devNumber}`,
    groups.local === undefined ? '' : `+${groups.local.replace(/[-_]/g, '.')}`
  ].join('')
}

/** What a packager adds to an upstream version: repacked sources, backports and updates of native packages. */
const packagersTail = /(?:[+~.](?:dfsg|ds|repack|really)[A-Za-z0-9.]*|[+~](?:bpo|deb|ubuntu|nmu)\d.*)$/

/**
 * Whether the version of a package is the one that the tag states. Epoch and revision are the packager's; of the
 * upstream part, `~` before letters, `+` before `post` and a repacking suffix (`+dfsg1`) make no difference: `1:1.0~rc1+dfsg-2` is `1.0rc1`.
 */
export function debianVersionAgrees(debianVersion: string, tagVersion: string): boolean {
  const { upstream } = partsOf(debianVersion)
  const withoutEpoch = tagVersion.replace(/^\d+!/, '')
  return [upstream, upstream.replace(packagersTail, '')].some(
    (candidate) =>
      candidate === debianUpstream(tagVersion) ||
      sameVersion(candidate.replace(/~+(?=[A-Za-z])/g, '').replace('+post', '.post'), withoutEpoch)
  )
}
