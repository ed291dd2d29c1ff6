import type { Sha256 } from '../../documents/identifiers.ts'

/** A file that the Release lists, its path below `dists/SUITE`. */
export interface ListedFile {
  path: string
  size: number
  sha256: Sha256
}

export interface ReleaseFields {
  suite: string
  /** Seconds since 1970. */
  date: number
  architectures: readonly string[]
  files: readonly ListedFile[]
}

/** The `Release` of a suite with the component `main` ("DebianRepository/Format"): a pure function of its fields. */
export function releaseText({ suite, date, architectures, files }: ReleaseFields): string {
  const lines = [
    `Suite: ${suite}`,
    `Codename: ${suite}`,
    `Date: ${new Date(date * 1000).toUTCString().replace('GMT', 'UTC')}`,
    `Architectures: ${architectures.join(' ')}`,
    'Components: main',
    'Acquire-By-Hash: yes',
    'SHA256:',
    ...files.map(({ path, size, sha256 }) => ` ${sha256} ${size} ${path}`)
  ]
  return `${lines.join('\n')}\n`
}
