import { readArchive, type ArchiveKind } from '../../formats/archive.ts'

/** Takes the content of some members while their archive is read. */
export async function contentsByReading(
  kind: ArchiveKind,
  file: string,
  wanted: ReadonlySet<string>,
  most: number,
  baseLayers?: ReadonlySet<string>
): Promise<Map<string, Buffer>> {
  const contents = new Map<string, Buffer>()
  await readArchive(file, kind, {
    ...(baseLayers === undefined ? {} : { baseLayers }),
    observe: ({ path, kind: member }) => {
      if (member !== 'file' || !wanted.has(path)) return undefined
      const pieces: Buffer[] = []
      let left = most
      return {
        update(piece) {
          if (left > 0) pieces.push(Buffer.from(piece.subarray(0, left)))
          left -= piece.length
        },
        end() {
          contents.set(path, Buffer.concat(pieces))
        }
      }
    }
  })
  return contents
}

/** The first bytes of a stream; the rest is not read. */
export async function head(content: AsyncIterable<Buffer>, most: number): Promise<Buffer> {
  const pieces: Buffer[] = []
  let size = 0
  for await (const piece of content) {
    pieces.push(Buffer.from(piece))
    size += piece.length
    if (size >= most) break
  }
  return Buffer.concat(pieces).subarray(0, most)
}
