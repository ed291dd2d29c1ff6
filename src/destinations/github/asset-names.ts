import { TagproofError } from '../../platform/errors.ts'

/** Limits of a release (GitHub Docs, "About releases", storage and bandwidth quotas). */
export const mostAssets = 1000
export const mostAssetBytes = 2 * 1024 ** 3 - 1

/**
 * The name that GitHub gives to an asset. It keeps ASCII letters and digits and `-`, `_`, `+`, `@` and `.`; each run of
 * anything else becomes one dot (REST API, "Upload a release asset"; the same rule is in `gh release upload`, cli/cli
 * pull request 7201). A deb of a pre-release is such a case: `demo_1.0~rc1_all.deb` is given out as `demo_1.0.rc1_all.deb`.
 *
 * @throws TagproofError `upload-refused` for a name whose fate is not known: other letters, a dot at an end, no dot left
 */
export function assetName(file: string): string {
  const name = file.replace(/[^A-Za-z0-9\-_+@.]+/g, '.').replace(/\.{2,}/g, '.')
  const known = /^[\x20-\x7e]+$/.test(file) && !/^\.|\.$/.test(name) && (name === file || name.includes('.'))
  if (known) return name
  throw new TagproofError('upload-refused', `GitHub would give ${JSON.stringify(file)} another name.`, {
    found: file,
    expected: 'ASCII letters, digits, - _ + @ and dots between them',
    fix: 'Name the package so, or leave its target out with targets: of this destination.'
  })
}

export interface NamedFile {
  name: string
  size: number
}

/**
 * The asset of each file, by the name of the file. Pure.
 *
 * @throws TagproofError `upload-refused` for what no release takes: a file that is empty or too large, too many of them,
 *   two that would have one name
 */
export function assetNames(files: readonly NamedFile[]): ReadonlyMap<string, string> {
  if (files.length > mostAssets)
    throw new TagproofError('upload-refused', 'A release on GitHub takes no more than 1000 files.', {
      found: `${files.length} files`,
      expected: `at most ${mostAssets}`,
      fix: 'Leave some out with targets: of this destination, or set evidence: false.'
    })
  const names = new Map<string, string>()
  for (const { name, size } of files) {
    if (size < 1 || size > mostAssetBytes)
      throw new TagproofError('upload-refused', `${name} is not of a size that GitHub takes.`, {
        found: `${size} bytes`,
        expected: 'more than nothing, and less than 2 GiB',
        fix: 'Leave its target out with targets: of this destination, and give it out elsewhere.'
      })
    const asset = assetName(name)
    const other = [...names].find(([, taken]) => taken.toLowerCase() === asset.toLowerCase())
    if (other !== undefined)
      throw new TagproofError('upload-refused', `${name} and ${other[0]} would have one name on GitHub.`, {
        found: asset,
        expected: 'names that differ in more than case and special characters',
        fix: 'Leave one of them out with targets: of this destination.'
      })
    names.set(name, asset)
  }
  return names
}
