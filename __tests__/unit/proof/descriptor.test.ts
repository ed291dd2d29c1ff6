import { expect, it } from '@jest/globals'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { deflateRawSync } from 'node:zlib'
import { openZip } from '../../../src/formats/zip/reader.ts'
import { reproduce } from '../../../src/proof/reproduce.ts'
import { descriptorOf, inFolder } from '../formats/forge.ts'
import { forgeWheel, wheelFileName } from '../formats/forge-wheel.ts'

const content = Buffer.from('print("demo")\n')

/** A wheel whose first file is as a streaming builder writes it, or not. */
function wheel(streamed: boolean): Buffer {
  const after = descriptorOf(content, deflateRawSync(content).length)
  return forgeWheel(
    { 'demo/a.py': content.toString() },
    streamed ? { method: 8, flags: 8, after } : { method: 8 }
  )
}

it.each([
  [true, 'canonical'],
  [false, 'backend']
])(
  'a wheel with data descriptors (%s), equal in both worlds, is shipped as %s',
  async (streamed, packing) => {
    await inFolder(async (folder) => {
      const [a, b, shipped] = ['a', 'b', 'c'].map((part) => path.join(folder, part, wheelFileName))
      if (a === undefined || b === undefined || shipped === undefined) throw new Error('three paths')
      for (const file of [a, b, shipped]) await mkdir(path.dirname(file))
      for (const file of [a, b]) await writeFile(file, wheel(streamed))
      const { artifact } = await reproduce({
        a,
        b,
        kind: 'wheel',
        name: wheelFileName,
        epoch: 1_700_000_000,
        scramble: [],
        original: () => Promise.reject(new Error('nothing is put back')),
        shipped
      })
      expect(artifact?.packing).toBe(packing)
      const archive = await openZip(shipped)
      await archive.close()
      expect(archive.entries.map(({ descriptor }) => descriptor)).toEqual([0, 0, 0, 0])
      expect((await readFile(shipped)).equals(wheel(streamed))).toBe(!streamed)
    })
  }
)
