import type { Archive } from './archive.ts'
import type { Observe } from './observer.ts'

/** Reads a deb for {@link readArchive}. @throws TagproofError `archive-invalid` */
export function readDebArchive(file: string, observe: Observe): Promise<Archive> {
  return Promise.reject(new Error(`debs are not read yet: ${file} ${typeof observe}`))
}
