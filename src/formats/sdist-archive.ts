import { createHash } from 'node:crypto'
import type { Archive } from './archive.ts'
import { invalidArchive } from './invalid.ts'
import { parseMetadata, type CoreMetadata } from './metadata.ts'
import type { Member } from './member.ts'
import type { Observe } from './observer.ts'
import { readSdist } from './sdist.ts'
import { tarMember } from './tar-member.ts'

const largestMetadata = 16 * 2 ** 20

/** Reads an sdist for {@link readArchive}. @throws TagproofError `archive-invalid` */
export async function readSdistArchive(file: string, observe: Observe): Promise<Archive> {
  const members = new Map<string, Member>()
  let container: Archive['container'] = {}
  let metadata: CoreMetadata | undefined
  const entries = readSdist(file, {
    onHeader: ({ flags, mtime, extraFlags, operatingSystem, name }) =>
      (container = {
        ...container,
        gzipFlags: flags,
        gzipMtime: mtime,
        gzipExtraFlags: extraFlags,
        gzipOperatingSystem: operatingSystem,
        gzipName: name
      }),
    onEnd: (zeros) => (container = { ...container, tarEndZeros: zeros })
  })
  for await (const entry of entries) {
    const isMetadata = /^[^/]+\/PKG-INFO$/.test(entry.path) && entry.size <= largestMetadata
    const kept: Buffer[] = []
    const hash = createHash('sha256')
    const observer = observe(entry)
    for await (const piece of entry.content) {
      hash.update(piece)
      observer?.update(piece)
      if (isMetadata) kept.push(piece)
    }
    observer?.end()
    if (isMetadata) metadata = parseMetadata(Buffer.concat(kept), entry.path)
    members.set(entry.path, tarMember(entry, hash, members.get(entry.linkTarget ?? '')))
  }
  if (metadata === undefined) throw invalidArchive({ format: 'sdist' }, 'PKG-INFO is larger than 16 MiB')
  return { members: [...members.values()], container, metadata }
}
