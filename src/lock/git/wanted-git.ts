import type { Sources } from '../../documents/config.ts'
import type { Lock } from '../../documents/lock.ts'
import { TagproofError } from '../../platform/errors.ts'
import type { WantedFile } from '../origins.ts'
import { fixed, storeAddress, type Place } from '../places.ts'
import { gitSource } from './git-source.ts'
import { writeObjectArchive } from './object-archive.ts'

interface WantedGitOptions {
  sources: Sources
  signal?: AbortSignal
}

/** The archive of each git input, with its places: the repository or its mirror, the own store. */
export function wantedGit(lock: Pick<Lock, 'git'>, { sources, ...options }: WantedGitOptions): WantedFile[] {
  return Object.entries(lock.git ?? {}).map(([name, entry]) => {
    const { url, commit, path, size, sha256 } = entry
    const repository: Place = {
      label: 'repository',
      // For messages: git itself finds its way.
      find: () => Promise.resolve([`https://${commit}`]),
      async download(partial, onBytes) {
        const mirrors = sources.git ?? {}
        const signal = options.signal === undefined ? {} : { signal: options.signal }
        const written = await gitSource(url, { mirrors, ...signal }).withCommit(commit, (opened) =>
          writeObjectArchive(opened, commit, path, partial)
        )
        onBytes(written.size)
        if (written.sha256 === sha256 && written.size === size) return
        throw new TagproofError(
          'hash-mismatch',
          `The git input ${name} has other bytes than the lock says.`,
          {
            where: url,
            found: `${written.sha256}, ${written.size} bytes`,
            expected: `${sha256}, ${size} bytes`,
            fix: 'The commit has the locked name and other content. Find out why before you lock again.'
          }
        )
      }
    }
    const places =
      sources.store === undefined ? [] : [fixed('own store', storeAddress(sources.store, sha256))]
    return {
      name: `git input ${name}`,
      file: `${name} ${commit}`,
      size,
      sha256,
      places: [repository, ...places]
    }
  })
}
