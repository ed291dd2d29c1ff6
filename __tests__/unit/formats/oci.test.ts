import { describe, expect, it } from '@jest/globals'
import { zstdCompressSync } from 'node:zlib'
import { readImageArchive } from '../../../src/formats/oci/archive.ts'
import { readConfig, readIndex, readManifest } from '../../../src/formats/oci/documents.ts'
import { parseStrictJson } from '../../../src/formats/oci/json.ts'
import { LayerTree, type LayerEntry } from '../../../src/formats/oci/layer-tree.ts'
import { documentBlob } from '../../../src/formats/oci/layout-writer.ts'
import { TagproofError } from '../../../src/platform/errors.ts'
import { configType, forgeImage, layerType, layerWith, manifestType } from './forge-image.ts'
import { asFile, refusal } from './forge.ts'

function problem(work: () => unknown): string {
  try {
    work()
  } catch (error) {
    if (error instanceof TagproofError && error.code === 'archive-invalid') return error.message
    throw error
  }
  return 'nothing'
}

describe('strict JSON', () => {
  const parse = (text: string | Buffer): string => problem(() => parseStrictJson(Buffer.from(text), 'x'))

  it.each([
    ['{"a":1,"a":1}', /"a" appears twice/],
    ['{"a":{"b":1,"b":2}}', /"b" appears twice/],
    ['{"a":[{"b":1,"\\u0062":2}]}', /"b" appears twice/],
    ['{"a":1.5}', /no whole number/],
    ['{"a":1e3}', /no whole number/],
    ['{"a":1234567890123456}', /no whole number/],
    ['{"a":"\\ud800"}', /half a character/],
    ['{"\\udc00":1}', /half a character/],
    ['[]', /no JSON object/],
    ['null', /no JSON object/],
    ['{} {}', /not JSON/],
    ['', /not JSON/],
    ['\ufeff{}', /not JSON/],
    [`{"a":${'['.repeat(33)}${']'.repeat(33)}}`, /nested deeper/]
  ])('%s is refused', (text, expected) => {
    expect(parse(text)).toMatch(expected)
  })

  it('is bounded, and text must be UTF-8', () => {
    expect(parse(Buffer.alloc(4 * 2 ** 20 + 1, ' '))).toMatch(/larger than/)
    expect(parse(Buffer.from([0x7b, 0xff, 0x7d]))).toMatch(/not UTF-8/)
  })

  it('takes keys that only look alike, and texts that look like structure', () => {
    expect(parse('{"a":{"x":1},"b":{"x":1},"c":["x","x"],"d":"{\\"x\\":1,\\"x\\":2}","X":-1}')).toBe(
      'nothing'
    )
  })
})

describe('documents', () => {
  const digest = `sha256:${'a'.repeat(64)}`
  const config = { mediaType: configType, digest, size: 1 }
  const manifest = { schemaVersion: 2, mediaType: manifestType, config, layers: [{ mediaType: layerType, digest, size: 1 }] } // prettier-ignore
  const read = (value: object): string => problem(() => readManifest(documentBlob(value).bytes, 'm'))

  it('are read as they are written', () => {
    expect(read(manifest)).toBe('nothing')
    expect(read({ ...manifest, annotations: { a: 'b' } })).toBe('nothing')
  })

  it.each<[string, object, RegExp]>([
    ['a size that is a text', { layers: [{ ...config, mediaType: layerType, size: '1' }] }, /no size/],
    ['too many layers', { layers: Array.from({ length: 513 }, () => config) }, /more than 512/],
    ['an annotation that is no text', { annotations: { a: 1 } }, /no text/],
    [
      'a configuration of another type',
      { config: { ...config, mediaType: 'application/json' } },
      /none of an image/
    ],
    ['no layers', { layers: null }, /no layers/]
  ])('%s is refused', (_, change, expected) => {
    expect(read({ ...manifest, ...change })).toMatch(expected)
  })

  it('an index has a bounded number of entries', () => {
    const manifests = Array.from({ length: 65 }, () => config)
    const index = documentBlob({ schemaVersion: 2, manifests }).bytes
    expect(problem(() => readIndex(index, 'index.json'))).toMatch(/more than 64/)
  })

  it('steps of the history that are empty stand for no layer', () => {
    const rootfs = { type: 'layers', diff_ids: [digest] }
    const history = [{ created_by: 'x' }, { created_by: 'y', empty_layer: true }]
    const bytes = documentBlob({ os: 'linux', architecture: 'amd64', rootfs, history }).bytes
    expect(readConfig(bytes, 1, 'c').diffIds).toHaveLength(1)
    expect(problem(() => readConfig(bytes, 2, 'c'))).toMatch(/1 diff ids/)
  })
})

describe('a layer in zstd', () => {
  const layer = layerWith('etc/one')
  const packed = zstdCompressSync(layer)
  const image = (blob: Buffer): Buffer =>
    forgeImage({
      layers: [layer],
      packed: [blob],
      manifest: ({ layers, ...rest }) => ({
        ...rest,
        layers: layers.map((one) => ({ ...one, mediaType: layerType.replace('gzip', 'zstd') }))
      })
    })

  it('is read as one in gzip', async () => {
    const { members, container } = await asFile('image.tar', image(packed), (file) => readImageArchive(file))
    expect(members.map(({ path }) => path)).toContain('layers/0/etc/one')
    expect(container['layers/0 zstd frames']).toBe(1)
  })

  it('may hold nothing but its frames', async () => {
    const skippable = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, 1, 2, 3, 4])
    const hidden = image(Buffer.concat([packed, skippable]))
    const error = await refusal(asFile('image.tar', hidden, (file) => readImageArchive(file)))
    expect(error.message).toContain('zstd')
  })
})

describe('the tree of layers', () => {
  const entry = (
    path: string,
    kind: LayerEntry['kind'] = 'file',
    linkTarget: string | null = null
  ): LayerEntry => ({
    path,
    kind,
    mode: 0o644,
    uid: 0,
    gid: 0,
    mtime: 0,
    linkTarget
  })
  const treeOf = (...layers: LayerEntry[][]): { tree: LayerTree; problems: string[] } => {
    const tree = new LayerTree()
    const problems: string[] = []
    for (const layer of layers) {
      tree.nextLayer()
      for (const one of layer) {
        const found = tree.add(one)
        if (found !== undefined) problems.push(found)
      }
    }
    return { tree, problems }
  }

  it('follows links as a process in the image would', () => {
    const { tree } = treeOf([
      entry('usr/lib/x'),
      entry('lib', 'symlink', 'usr/lib'),
      entry('usr/up', 'symlink', '../lib'),
      entry('usr/abs', 'symlink', '/lib/./x'),
      entry('out', 'symlink', '../../../usr'),
      entry('a', 'symlink', 'b'),
      entry('b', 'symlink', 'a')
    ])
    expect(tree.find('lib/x')?.path).toBe('usr/lib/x')
    expect(tree.find('usr/up/x')?.path).toBe('usr/lib/x')
    expect(tree.find('usr/abs')?.path).toBe('usr/lib/x')
    expect(tree.find('out/lib')?.path).toBe('usr/lib')
    expect(tree.find('a')).toBeUndefined()
    expect(tree.find('usr/lib/x/y')).toBeUndefined()
    expect(tree.find('')?.path).toBe('')
  })

  it('forgets what is removed, and keeps what an opaque folder was given in the same layer', () => {
    const { tree, problems } = treeOf(
      [entry('d/old'), entry('d/e/old'), entry('gone/x')],
      [entry('d/new'), entry('d/e/new'), entry('d/.wh..wh..opq'), entry('.wh.gone')]
    )
    expect(problems).toEqual([])
    expect(['d/old', 'd/e/old', 'gone', 'gone/x'].map((path) => tree.find(path))).toEqual(
      Array(4).fill(undefined)
    )
    expect(['d/new', 'd/e/new'].map((path) => tree.find(path)?.path)).toEqual(['d/new', 'd/e/new'])
  })

  it('says no to what tools unpack differently', () => {
    expect(treeOf([entry('l', 'symlink', '/')], [entry('l/x')]).problems).toHaveLength(1)
    expect(treeOf([entry('f')], [entry('f/x')]).problems).toHaveLength(1)
    expect(treeOf([entry('d/x')], [entry('.wh.d'), entry('d/y')]).problems).toHaveLength(1)
    expect(treeOf([entry('d/x')], [entry('d/y'), entry('.wh.d')]).problems).toHaveLength(1)
    expect(treeOf([entry('l', 'symlink', '/')], [entry('l', 'directory'), entry('l/x')]).problems).toEqual([])
  })
})
