import type { ReleaseArtifact } from '../documents/release.ts'

/**
 * `SHA256SUMS` in the form of coreutils, by name: `cd packages && sha256sum --check ../SHA256SUMS`.
 * A name with a line end or a backslash is escaped, and its line begins with a backslash (coreutils, "sha2 utilities").
 */
export function formatSums(artifacts: readonly Pick<ReleaseArtifact, 'name' | 'sha256'>[]): string {
  return [...artifacts]
    .sort((left, right) => (left.name < right.name ? -1 : 1))
    .map(({ name, sha256 }) => {
      const escaped = name.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('\r', '\\r')
      return `${escaped === name ? '' : '\\'}${sha256}  ${escaped}\n`
    })
    .join('')
}
