import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { mergeLayouts } from '../../../src/formats/oci/layout-writer.ts'
import { hashFile } from '../../../src/platform/files.ts'
import { plainEnvironment, run } from '../../../src/platform/process.ts'
import { readUpload } from '../../../src/stages/uploads.ts'
import { forgeDeb } from '../../unit/formats/forge-deb.ts'
import { forgeImage, layerWith } from '../../unit/formats/forge-image.ts'

let room: string
beforeAll(async () => {
  room = await mkdtemp(path.join(tmpdir(), 'tagproof-uploads-'))
})
afterAll(() => rm(room, { recursive: true, force: true }))

async function written(name: string, bytes: Buffer): Promise<string> {
  const file = path.join(room, name)
  await writeFile(file, bytes)
  return file
}

describe('what destinations are told', () => {
  it('of an image: where each of its parts lies, what is named always before what names it', async () => {
    const shared = layerWith('etc/shared')
    const images = []
    for (const architecture of ['amd64', 'arm64'])
      images.push(
        await written(
          `${architecture}.oci.tar`,
          forgeImage({
            layers: [shared, layerWith(architecture)],
            config: (config) => ({ ...config, architecture })
          })
        )
      )
    const name = 'both-1.0.oci.tar'
    const file = path.join(room, name)
    await mergeLayouts(images, file, 1_700_000_000)
    const tar = await readFile(file)
    const { sha256 } = await hashFile(file)
    const { upload } = await readUpload(file, {
      kind: 'image',
      name,
      sha256,
      repository: 'acme/both',
      indexed: false
    })
    const [image] = upload.images
    expect(image).toMatchObject({ name, size: tar.length, sha256, repository: 'acme/both' })
    const blobs = image?.blobs ?? []
    // The layer that both share is sent once.
    expect(blobs.map(({ role }) => role)).toEqual([
      ...['layer', 'layer', 'layer', 'config', 'config', 'manifest', 'manifest', 'index']
    ])
    for (const { digest, offset, size } of blobs) {
      const bytes = tar.subarray(offset, offset + size)
      expect(`sha256:${createHash('sha256').update(bytes).digest('hex')}`).toBe(digest)
    }
    expect(blobs.at(-1)?.digest).toBe(image?.root.digest)
  })

  it('of a deb: what an index says of it', async () => {
    const name = 'demo_1.0_all.deb'
    const file = await written(name, forgeDeb())
    const { sha256 } = await hashFile(file)
    const { upload } = await readUpload(file, { kind: 'deb', name, sha256, indexed: false })
    const field = await run('dpkg-deb', ['-f', file], { env: plainEnvironment, timeoutSeconds: 20 })
    const sums = await run('sha512sum', [file], { env: plainEnvironment, timeoutSeconds: 20 })
    const control = field.stdout.toString().trimEnd()
    expect(upload.debs).toEqual([
      expect.objectContaining({ name, sha256, control, sha512: sums.stdout.toString().split(' ')[0] })
    ])
    for (const key of ['Package', 'Version', 'Architecture'] as const)
      expect(control).toContain(
        `${key}: ${upload.debs[0]?.[key.toLowerCase() as 'package' | 'version' | 'architecture'] ?? '-'}\n`
      )
  })
})
