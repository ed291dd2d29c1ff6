import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { openZip } from '../../../src/formats/zip/reader.ts'
import { dosTimeOf, writeZip, type ZipFile } from '../../../src/formats/zip/writer.ts'
import { gather, inFolder, pieces } from './forge.ts'

async function zipOf(
  files: { name: string; content: Uint8Array }[],
  sizes: number[] = [1000]
): Promise<Buffer> {
  return inFolder(async (folder) => {
    const file = path.join(folder, 'x.zip')
    // eslint-disable-next-line @typescript-eslint/require-await -- the writer takes a stream
    const entries = async function* (): AsyncGenerator<ZipFile> {
      for (const { name, content } of files)
        yield { path: name, mode: 0o644, size: content.length, content: pieces(content, sizes) }
    }
    await writeZip(file, entries(), 1_700_000_000)
    const zip = await openZip(file)
    for (const [at, entry] of zip.entries.entries())
      expect((await gather(zip.content(entry))).equals(files[at]?.content ?? Buffer.of(0))).toBe(true)
    await zip.close()
    return readFile(file)
  })
}

describe('writeZip', () => {
  it('gives the same bytes however its input arrives, and our reader takes them', async () => {
    const name = fc.stringMatching(/^[a-z]{1,30}[é]?$/)
    const file = fc.record({ name, content: fc.uint8Array({ maxLength: 5000 }) })
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(file, { selector: (one) => one.name, maxLength: 5 }),
        fc.array(fc.integer({ min: 1, max: 3000 }), { minLength: 1, maxLength: 3 }),
        async (files, sizes) => {
          expect((await zipOf(files, sizes)).equals(await zipOf(files))).toBe(true)
        }
      ),
      { numRuns: 15, interruptAfterTimeLimit: 10_000 }
    )
  })

  it('uses ZIP64 for more entries than 16 bits count', async () => {
    const files = Array.from({ length: 65_536 }, (_, at) => ({ name: `f${at}`, content: new Uint8Array() }))
    const bytes = await zipOf(files)
    expect(bytes.readUInt32LE(bytes.length - 42)).toBe(0x07064b50)
  })
})

describe('dosTimeOf', () => {
  const text = (dos: number): string => dos.toString(16)
  it.each([
    [
      'rounds down to two seconds, in UTC',
      1_700_000_001,
      (((43 << 9) | (11 << 5) | 14) << 16) + ((22 << 11) | (13 << 5) | 10)
    ],
    ['begins in 1980', 0, 0x21_0000],
    ['ends in 2107', 1e12, (((127 << 9) | (12 << 5) | 31) >>> 0) * 65_536 + ((23 << 11) | (59 << 5) | 29)]
  ])('%s', (_, epoch, expected) => {
    expect(text(dosTimeOf(epoch))).toBe(text(expected))
  })
})
