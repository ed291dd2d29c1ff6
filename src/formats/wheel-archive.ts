import { createHash } from 'node:crypto'
import { sha256 as asSha256, type Sha256 } from '../documents/identifiers.ts'
import type { Archive } from './archive.ts'
import { parseMetadata } from './metadata.ts'
import type { Member } from './member.ts'
import type { Observe } from './observer.ts'
import { openWheel, wheelDigest, wheelText } from './wheel.ts'
import type { ZipArchive, ZipEntry } from './zip/reader.ts'

/** Reads a wheel for {@link readArchive}. @throws TagproofError `archive-invalid` */
export async function readWheelArchive(file: string, observe: Observe): Promise<Archive> {
  const wheel = await openWheel(file)
  try {
    const members: Member[] = []
    for (const entry of wheel.archive.entries) {
      const kind = entry.isDirectory ? 'directory' : 'file'
      const observer = observe({ ...entry, kind, linkTarget: null })
      const content = await wheelDigest(wheel, entry, observer)
      members.push(zipMember(entry, content, await digest(wheel.archive.rawContent(entry))))
    }
    const name = `${wheel.distInfo}/METADATA`
    const metadata = parseMetadata(Buffer.from(await wheelText(wheel.archive, name)), name)
    return { members, container: zipContainer(wheel.archive), metadata }
  } finally {
    await wheel.archive.close()
  }
}

/** The order of the entries in the file where it is not that of the directory, and the records at the end. */
function zipContainer({ entries, end }: ZipArchive): Archive['container'] {
  const order = [...entries].sort((one, other) => one.offset - other.offset).map(({ index }) => index)
  const inOrder = order.every((place, index) => place === index)
  return { zipOrder: inOrder ? 'directory' : order.join(' '), zipEnd: end.toString('hex') }
}

function zipMember(entry: ZipEntry, content: Sha256, packed: Sha256): Member {
  const { path, isDirectory, mode, size, method, dosTime, flags, versionMadeBy, descriptor, headers } = entry
  return {
    path,
    kind: isDirectory ? 'directory' : 'file',
    mode,
    size,
    sha256: content,
    linkTarget: null,
    headers: asSha256(createHash('sha256').update(headers).update(String(descriptor)).digest('hex')),
    packed,
    fields: {
      mode,
      method,
      dosTime: dosTimeText(dosTime),
      flags,
      versionMadeBy,
      descriptor,
      headerBytes: headers.length
    }
  }
}

/** A DOS time as text, such as `2023-11-14 22:13:20`. */
function dosTimeText(dosTime: number): string {
  const date = Math.floor(dosTime / 65536)
  const clock = dosTime % 65536
  const two = (value: number): string => String(value).padStart(2, '0')
  const day = `${1980 + (date >> 9)}-${two((date >> 5) & 15)}-${two(date & 31)}`
  return `${day} ${two(clock >> 11)}:${two((clock >> 5) & 63)}:${two((clock & 31) * 2)}`
}

async function digest(content: AsyncIterable<Buffer>): Promise<Sha256> {
  const hash = createHash('sha256')
  for await (const piece of content) hash.update(piece)
  return asSha256(hash.digest('hex'))
}
