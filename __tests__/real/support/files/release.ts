import path from 'node:path'
import { filesDestination, type FilesRequest } from '../../../../src/destinations/files/destination.ts'
import type { Store } from '../../../../src/destinations/stores/store.ts'
import type { Destination } from '../../../../src/destinations/destination.ts'
import { sha256OfBytes } from '../../../../src/platform/files.ts'
import { createHttpClient } from '../../../../src/platform/http.ts'
import { makeTinyRelease, type TinyOptions, type TinyRelease } from '../pypi/tiny-release.ts'

/** A release as flat files: its packages, and the list of their hashes, as coreutils would write it. */
export async function makeFlatRelease(options: TinyOptions = {}): Promise<TinyRelease> {
  const release = await makeTinyRelease(options)
  const lines = [...release.files]
    .sort((one, other) => (one.name < other.name ? -1 : 1))
    .map(({ name, sha256 }) => `${sha256}  ${name}\n`)
  const sums = Buffer.from(lines.join(''))
  return {
    ...release,
    files: [...release.files, { name: 'SHA256SUMS', sha256: sha256OfBytes(sums) }],
    bytes: new Map([...release.bytes, ['SHA256SUMS', sums]])
  }
}

/** What publish would ask for, with names that move forwards as a whole and within a series. */
export function flatRequest(
  release: TinyRelease,
  store: Store,
  more: Partial<FilesRequest> = {}
): FilesRequest {
  return {
    destination: 'files',
    values: { version: release.version, tag: `v${release.version}` },
    files: release.artifacts.map(({ name, size, sha256, target }) => ({
      ...{ name, size, sha256, target },
      arch: null,
      file: path.join(release.folder, name)
    })),
    names: '{version}/{file}',
    aliases: { 'demo.tar.gz': '*.tar.gz', 'demo_{series}.whl': '*-py3-none-any.whl' },
    sums: true,
    store,
    url: null,
    moves: true,
    signer: null,
    openReader: () => createHttpClient({ environment: {}, retryMilliseconds: 0 }),
    now: Date.now,
    patience: [],
    ...more
  }
}

export function flatDestination(...asked: Parameters<typeof flatRequest>): Destination {
  return filesDestination(flatRequest(...asked))
}
