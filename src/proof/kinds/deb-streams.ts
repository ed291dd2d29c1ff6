import { createReadStream } from 'node:fs'
import { readAr } from '../../formats/ar.ts'
import { readGzip } from '../../formats/gzip.ts'
import { invalidArchive } from '../../formats/invalid.ts'
import { readXz } from '../../formats/xz/reader.ts'
import { readZstd } from '../../formats/zstd.ts'

/** A tar archive of a deb, unpacked; read before the next one is asked for. */
export interface DebStream {
  name: 'control' | 'data'
  tar: AsyncIterable<Buffer>
}

type Unpack = (packed: AsyncIterable<Buffer>) => AsyncIterable<Buffer>

const unpackers: Readonly<Record<string, Unpack>> = {
  '': (packed) => packed,
  '.gz': (packed) => readGzip(packed),
  '.xz': (packed) => readXz(packed),
  '.zst': (packed) => readZstd(packed)
}

/** The tar archives of a deb in the order of the file. @throws TagproofError `archive-invalid` */
export async function* debStreams(file: string): AsyncGenerator<DebStream, void, void> {
  for await (const { name, index, offset, content } of readAr(createReadStream(file))) {
    const [, tar, compression = ''] = /^(control|data)\.tar(\..+)?$/.exec(name) ?? []
    if (tar !== 'control' && tar !== 'data') continue
    const unpack = Object.hasOwn(unpackers, compression) ? unpackers[compression] : undefined
    if (unpack === undefined)
      throw invalidArchive({ format: 'deb', entry: index, offset, path: name }, 'its compression is not read')
    yield { name: tar, tar: unpack(content) }
  }
}
