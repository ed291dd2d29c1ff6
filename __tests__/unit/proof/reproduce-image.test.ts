import { createHash, randomBytes } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from '@jest/globals'
import { readArchive } from '../../../src/formats/archive.ts'
import type { ScrambledFile } from '../../../src/documents/plan.ts'
import { sha256OfBytes } from '../../../src/platform/files.ts'
import { compareMembers } from '../../../src/proof/compare.ts'
import { readPair } from '../../../src/proof/pair.ts'
import { restoreWorldB } from '../../../src/proof/restore.ts'
import { reproduce, type Reproduced, type ReproduceRequest } from '../../../src/proof/reproduce.ts'
import { scrambledAs } from '../../../src/worlds/scramble.ts'
import { layerDigest, writeImage, type ImageForm, type LayerForm } from './images.ts'
import { bytesOf, epoch, inFolder, scrambledFile, type Files } from './packages.ts'

const seed = sha256OfBytes('a seed')

interface Opaque {
  original: Buffer
  scrambled: Buffer
  record: ScrambledFile
}

function opaque(name: string, original: Buffer): Opaque {
  const scrambled = scrambledAs(original, name, seed, 1).bytes
  const record = scrambledFile(name, '', '')
  return {
    original,
    scrambled,
    record: {
      ...record,
      size: original.length,
      original: sha256OfBytes(original),
      scrambled: sha256OfBytes(scrambled)
    }
  }
}

const logo = opaque('data/logo.bin', randomBytes(900))
const text = opaque('docs/guide.txt', Buffer.from('A guide of many words, one after the other.\n'.repeat(9)))

interface Outcome extends Reproduced {
  /** What would be published is the file of this world, byte for byte. */
  isA: boolean
  members: string[]
}

async function compare(
  a: ImageForm | readonly ImageForm[],
  b: ImageForm | readonly ImageForm[],
  options: Partial<ReproduceRequest> = {},
  from: readonly Opaque[] = []
): Promise<Outcome> {
  return inFolder(async (folder) => {
    const name = 'pkg-1.0.oci.tar'
    const place = (side: string): string => path.join(folder, side, name)
    for (const side of ['a', 'b', 'shipped']) await mkdir(path.dirname(place(side)))
    await writeImage(place('a'), ...[a].flat())
    await writeImage(place('b'), ...[b].flat())
    const result = await reproduce({
      a: place('a'),
      b: place('b'),
      shipped: place('shipped'),
      kind: 'image',
      name,
      epoch,
      seed,
      scramble: from.map((file) => file.record),
      original: (file) =>
        Promise.resolve(from.find(({ record }) => record.path === file)?.original ?? Buffer.alloc(0)),
      ...options
    })
    const shipped = result.artifact === null ? null : await readArchive(place('shipped'), 'image')
    const isA = shipped !== null && (await bytesOf(place('shipped'))).equals(await bytesOf(place('a')))
    return { ...result, isA, members: shipped?.members.map((member) => member.path) ?? [] }
  })
}

const image = (files: Files, form: Partial<LayerForm> = {}, more: Partial<ImageForm> = {}): ImageForm => ({
  layers: [{ files, ...form }],
  ...more
})
const codes = ({ findings }: Reproduced): string[] => findings.map(({ code }) => code)

describe('equal images', () => {
  it('are shipped as they were built', async () => {
    const result = await compare(image({ x: '1' }), image({ x: '1' }))
    expect(result).toMatchObject({ isA: true, findings: [], stated: '1.0' })
    expect(result.artifact).toMatchObject({ packing: 'backend', members: 3, version: '1.0' })
  })

  it('whose layers are compressed in another way are packed again, the same in both directions', async () => {
    const [one, other] = [
      image({ x: 'abc'.repeat(999) }, { level: 9 }),
      image({ x: 'abc'.repeat(999) }, { level: 1 })
    ]
    const [there, back] = [await compare(one, other), await compare(other, one)]
    expect(there.artifact).toMatchObject({ packing: 'canonical' })
    expect(codes(there)).toEqual(['repacked'])
    expect(there.artifact?.sha256).toBe(back.artifact?.sha256)
  })
})

describe('originals', () => {
  it('are put back into a layer, and configuration and manifest follow', async () => {
    const of = (side: 'original' | 'scrambled'): ImageForm => ({
      layers: [
        { files: { base: 'unchanged' } },
        { files: { 'app/logo': logo[side], 'app/x': 'x' }, hardlinks: { 'app/same': 'app/logo' } }
      ]
    })
    const result = await compare(of('original'), of('scrambled'), {}, [logo])
    expect(codes(result)).toEqual(['repacked'])
    expect(result.artifact).toMatchObject({ packing: 'canonical' })
    expect(result.artifact?.built.a).toBe(result.artifact?.built.b)
    expect(result.members).toContain('layers/1/app/same')
  })

  it('are put back into several platforms', async () => {
    const of = (side: 'original' | 'scrambled'): ImageForm[] => [
      image({ logo: logo[side] }),
      image({ logo: logo[side] }, {}, { architecture: 'arm64' })
    ]
    const result = await compare(of('original'), of('scrambled'), {}, [logo])
    expect(codes(result)).toEqual(['repacked'])
    expect(result.members).toContain('linux-arm64/layers/0/logo')
  })

  it('go through RECORD, and texts that have the digest of RECORD', async () => {
    const of = (side: 'original' | 'scrambled'): ImageForm => {
      const record = `pkg/logo.bin,sha256=${createHash('sha256').update(logo[side]).digest('base64url')},900\npkg-1.0.dist-info/RECORD,,\n`
      return image({
        'site-packages/pkg/logo.bin': logo[side],
        'site-packages/pkg-1.0.dist-info/RECORD': record,
        'manifest.txt': `${createHash('md5').update(record).digest('hex')}  RECORD\n`
      })
    }
    expect(codes(await compare(of('original'), of('scrambled'), {}, [logo]))).toEqual(['repacked'])
  })

  it('go through a file that is packed, though its size changes, and into RECORD with that size', async () => {
    const of = (side: 'original' | 'scrambled'): ImageForm => {
      const packed = gzipSync(text[side], { level: 9 })
      const digest = createHash('sha256').update(packed).digest('base64url')
      return image({
        'lib/pkg/guide.gz': packed,
        'lib/pkg-1.0.dist-info/RECORD': `pkg/guide.gz,sha256=${digest},${packed.length}\n`
      })
    }
    expect(codes(await compare(of('original'), of('scrambled'), {}, [text]))).toEqual(['repacked'])
  })

  it('do not excuse RECORD with another size', async () => {
    const of = (side: 'original' | 'scrambled', more: number): ImageForm => {
      const packed = gzipSync(text[side], { level: 9 })
      const digest = createHash('sha256').update(packed).digest('base64url')
      return image({
        'lib/pkg/guide.gz': packed,
        'lib/pkg-1.0.dist-info/RECORD': `pkg/guide.gz,sha256=${digest},${packed.length + more}\n`
      })
    }
    const result = await compare(of('original', 1), of('scrambled', 0), {}, [text])
    expect(result.findings).toMatchObject([
      { member: 'layers/0/lib/pkg-1.0.dist-info/RECORD' },
      { member: 'config.json' },
      { member: 'manifest.json' }
    ])
  })

  it('go through the hash of a wheel that both images are made of, and of no other', async () => {
    const of = (hash: string): ImageForm => image({ 'direct_url.json': `{"sha256":"${hash}"}` })
    const [a, b] = [sha256OfBytes('wheel a'), sha256OfBytes('wheel b')]
    expect(codes(await compare(of(a), of(b), { madeOf: [{ a, b }] }))).toEqual(['repacked'])
    expect(codes(await compare(of(a), of(b)))).toContain('content-differs')
  })

  it('of which two have one scrambled form are put back where their own paths say, and nowhere else', async () => {
    const [one, two] = [scrambledFile('tests/one', 'a', 'z'), scrambledFile('tests/two', 'b', 'z')]
    const options = {
      scramble: [one, two],
      original: (file: string) => Promise.resolve(Buffer.from(file === 'tests/one' ? 'a' : 'b'))
    }
    const own = await compare(
      image({ 'tests/one': 'a', 'tests/two': 'b' }),
      image({ 'tests/one': 'z', 'tests/two': 'z' }),
      options
    )
    expect(codes(own)).toEqual(['repacked'])
    const spelled = await compare(image({ x: 'a', y: 'b' }), image({ x: 'z', y: 'z' }), options)
    expect(codes(spelled)).toContain('content-differs')
  })
})

it('what a declared generator makes may differ in a perturbation, and the configuration follows it', async () => {
  await inFolder(async (folder) => {
    const [a, b] = [path.join(folder, 'a.oci.tar'), path.join(folder, 'b.oci.tar')]
    await writeImage(a, image({ 'lib/pkg/table.py': '1', x: logo.original }))
    await writeImage(b, image({ 'lib/pkg/table.py': '22', x: logo.scrambled }))
    const archives = await readPair(a, b, 'image')
    const differing = async (mayHave: (member: string) => boolean): Promise<string[]> => {
      const original = (): Promise<Buffer> => Promise.resolve(logo.original)
      const request = { a, b, archives, seed, scramble: [logo.record], original, mayHave }
      const { members } = await restoreWorldB({ ...request, kind: 'image' })
      return compareMembers(archives.a.members, members, 'image').map(({ member }) => member)
    }
    expect(await differing((member) => member.endsWith('pkg/table.py'))).toEqual([])
    expect(await differing(() => false)).toEqual([
      'config.json',
      'layers/0/lib/pkg/table.py',
      'manifest.json'
    ])
  })
})

describe('a difference is refused', () => {
  const same = image({ x: '1', y: '2' })
  it.each<[string, ImageForm, string, string]>([
    ['in content', image({ x: '1', y: '3' }), 'content-differs', 'layers/0/y'],
    ['of a time', image({ x: '1', y: '2' }, { mtime: epoch + 1 }), 'time-differs', 'layers/0/x'],
    [
      'of a mode that no package of Python has',
      image({ x: '1', y: '2' }, { mode: 0o640 }),
      'mode-differs',
      'layers/0/x'
    ],
    ['of an owner', image({ x: '1', y: '2' }, { uid: 1000 }), 'owner-differs', 'layers/0/x'],
    ['of the order of files', image({ x: '1', y: '2' }, { reverse: true }), 'content-differs', 'config.json'],
    ['of the form of headers', image({ x: '1', y: '2' }, { gnu: true }), 'content-differs', 'config.json'],
    [
      'of the history',
      image({ x: '1', y: '2' }, {}, { history: 'RUN other' }),
      'content-differs',
      'config.json'
    ],
    ['of a label', image({ x: '1', y: '2' }, {}, { labels: { of: 'b' } }), 'content-differs', 'config.json'],
    [
      'of an annotation',
      image({ x: '1', y: '2' }, {}, { annotation: 'b' }),
      'content-differs',
      'manifest.json'
    ],
    ['of a link', image({ x: '1', y: '2' }, { links: { z: 'x' } }), 'member-missing', 'layers/0/z']
  ])('%s', async (_, other, code, member) => {
    const result = await compare(same, other)
    expect(result.artifact).toBeNull()
    expect(result.findings).toContainEqual(expect.objectContaining({ code, member, severity: 'refuse' }))
  })

  it('of the order of files, though originals are put back', async () => {
    const result = await compare(
      image({ logo: logo.original, x: '1' }),
      image({ logo: logo.scrambled, x: '1' }, { reverse: true }),
      {},
      [logo]
    )
    expect(result.findings).toContainEqual(
      expect.objectContaining({
        member: 'config.json',
        cause: expect.stringContaining('order of its files') as unknown
      })
    )
  })

  it('with the cause and the line for the Dockerfile', async () => {
    const result = await compare(
      image({ 'etc/shadow': 'x:*:20000:\n' }),
      image({ 'etc/shadow': 'x:*:20400:\n' })
    )
    expect(result.findings[0]).toMatchObject({ member: 'layers/0/etc/shadow' })
    expect(result.findings[0]?.fix).toContain('ARG SOURCE_DATE_EPOCH')
    // What only repeats the difference comes last, and says so.
    expect(result.findings.slice(1).map(({ member }) => member)).toEqual(['config.json', 'manifest.json'])
    expect(result.findings[1]?.cause).toContain('hash of another member')
  })

  it('with the line for bytecode of a file that world b cannot compile', async () => {
    const tests = scrambledFile('pkg/tests/test_x.py', 'x = 1\n', 'q z j\n')
    const result = await compare(
      image({
        'lib/pkg/tests/test_x.py': 'x = 1\n',
        'lib/pkg/tests/__pycache__/test_x.cpython-311.pyc': '\0'
      }),
      image({ 'lib/pkg/tests/test_x.py': 'q z j\n' }),
      { scramble: [tests] }
    )
    expect(result.findings[0]).toMatchObject({ code: 'member-missing' })
    expect(result.findings[0]?.fix).toContain('ENV PYTHONDONTWRITEBYTECODE=1')
  })
})

describe('the base of an image', () => {
  const base: LayerForm = { files: { 'etc/os': 'base' } }
  const bases = [{ reference: 'base:1', platform: 'linux/amd64', layers: [layerDigest(base)] }]
  const app: LayerForm = { files: { app: '1' } }
  const built = async (...layers: LayerForm[]): Promise<Outcome> => compare({ layers }, { layers }, { bases })

  it('is kept as one member', async () => {
    const result = await built(base, app)
    expect(result).toMatchObject({ isA: true, findings: [] })
    expect(result.artifact?.members).toBe(4)
  })

  it.each<[string, LayerForm[]]>([
    ['is missing', [app]],
    ['was written anew', [{ files: { 'etc/os': 'base', 'etc/more': '' } }, app]],
    ['was compressed anew', [{ ...base, level: 1 }, app]],
    ['does not come first', [app, base]],
    ['comes twice', [base, app, base]]
  ])('is refused where it %s', async (_, layers) => {
    const result = await built(...layers)
    expect(result.findings).toMatchObject([{ code: 'base-changed', severity: 'refuse' }])
  })

  it('is not asked for where nothing says what it is', async () => {
    expect(codes(await compare({ layers: [app] }, { layers: [app] }))).toEqual([])
  })
})
