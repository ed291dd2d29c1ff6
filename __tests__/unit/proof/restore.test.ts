import { execFileSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import { deflateSync, gzipSync } from 'node:zlib'
import { describe, expect, it } from '@jest/globals'
import { zipSync, type Zippable } from 'fflate'
import { objectId, type Sha256 } from '../../../src/documents/identifiers.ts'
import type { ScrambledFile, ScrambledLink } from '../../../src/documents/plan.ts'
import { tarEnd, tarHeader, tarPadding } from '../../../src/formats/tar/writer.ts'
import { sha256OfBytes } from '../../../src/platform/files.ts'
import { reproduce, type Reproduced } from '../../../src/proof/reproduce.ts'
import { scrambledAs } from '../../../src/worlds/scramble.ts'
import { epoch, inFolder, writeSdist, writeWheel, type Files } from './packages.ts'

const seed = sha256OfBytes('a seed')

interface Opaque {
  original: Buffer
  scrambled: Buffer
  record: ScrambledFile
}

/** A file of the tree as world b saw it. */
function opaque(name: string, original: Buffer): Opaque {
  const scrambled = scrambledAs(original, name, seed, 1).bytes
  const record: ScrambledFile = {
    path: name,
    blob: objectId('0'.repeat(40)),
    size: original.length,
    reason: 'binary',
    original: sha256OfBytes(original),
    scrambled: sha256OfBytes(scrambled)
  }
  return { original, scrambled, record }
}

const logo = opaque('data/logo.bin', randomBytes(900))
const table = opaque('tests/table.csv', Buffer.from('a,b\n1,2\n'.repeat(50)))
const world = (side: 'a' | 'b', file: Opaque): Buffer => (side === 'a' ? file.original : file.scrambled)

async function compared(
  make: (side: 'a' | 'b') => Files,
  options: {
    kind?: 'sdist' | 'wheel'
    links?: ScrambledLink[]
    kept?: Record<'a' | 'b', Record<string, string>>
    seed?: Sha256 | undefined
    from?: Opaque[]
  } = {}
): Promise<Reproduced> {
  const { kind = 'sdist', from = [logo, table] } = options
  return inFolder(async (folder) => {
    const name = kind === 'sdist' ? 'pkg-1.0.tar.gz' : 'pkg-1.0-py3-none-any.whl'
    const place = (side: string): string => path.join(folder, side, name)
    for (const side of ['a', 'b', 'shipped']) await mkdir(path.dirname(place(side)))
    for (const side of ['a', 'b'] as const)
      await (kind === 'sdist'
        ? writeSdist(place(side), make(side), { links: options.kept?.[side] ?? {} })
        : writeWheel(place(side), make(side)))
    return reproduce({
      a: place('a'),
      b: place('b'),
      shipped: place('shipped'),
      kind,
      name,
      epoch,
      scramble: from.map((file) => file.record),
      ...('seed' in options ? {} : { seed }),
      links: options.links ?? [],
      original: (file) =>
        Promise.resolve(from.find(({ record }) => record.path === file)?.original ?? Buffer.alloc(0))
    })
  })
}

const zipped = (files: Zippable, level: 0 | 6 = 6): Buffer =>
  Buffer.from(zipSync(files, { level, mtime: '2024-01-02T03:04:05' }))
const tarred = (files: Files): Buffer =>
  Buffer.concat([
    ...Object.entries(files).flatMap(([name, content]) => {
      const bytes = Buffer.from(content)
      const header = tarHeader({ path: name, kind: 'file', mode: 0o644, size: bytes.length, mtime: epoch })
      return [header, bytes, tarPadding(bytes.length)]
    }),
    tarEnd
  ])
const manyLines = Buffer.from(Array.from({ length: 900 }, (_, at) => `line ${(at * 7919) % 1000}\n`).join(''))
const digest = (algorithm: string, bytes: Buffer, form: 'hex' | 'base64' | 'base64url'): string =>
  createHash(algorithm).update(bytes).digest(form)

const good: [string, (side: 'a' | 'b') => string | Buffer][] = [
  ['a zip', (side) => zipped({ 'x/logo.bin': world(side, logo), 'x/code.py': Buffer.from('x = 1\n') })],
  ['a stored zip', (side) => zipped({ logo: world(side, logo) }, 0)],
  ['gzip of a file', (side) => gzipSync(world(side, table), { level: 9 })],
  ['xz of a file', (side) => execFileSync('xz', ['-c'], { input: world(side, table) })],
  ['zlib of a file', (side) => deflateSync(world(side, logo))],
  ['a tar', (side) => tarred({ 'x/table': world(side, table), 'x/y': 'y' })],
  ['a tar.gz in a zip', (side) => zipped({ 'in.tar.gz': gzipSync(tarred({ logo: world(side, logo) })) })],
  [
    'a zip with a list of digests',
    (side) =>
      zipped({
        logo: world(side, logo),
        RECORD: Buffer.from(`logo,sha256=${digest('sha256', world(side, logo), 'base64url')},900\n`)
      })
  ],
  ...(['md5', 'sha1', 'sha256', 'sha384', 'sha512'] as const).flatMap((algorithm) =>
    (['hex', 'base64'] as const).map((form): [string, (side: 'a' | 'b') => string] => [
      `${algorithm} in ${form}`,
      (side) => `{"table": "${digest(algorithm, world(side, table), form)}", "x": 1}\n`
    ])
  ),
  [
    'an integrity attribute',
    (side) => `<i integrity="sha384-${digest('sha384', world(side, logo), 'base64')}">`
  ],
  ['a digest in capitals', (side) => digest('sha256', world(side, logo), 'hex').toUpperCase()]
]

describe('originals are put back into', () => {
  it.each(good)('%s', async (_, make) => {
    for (const kind of ['sdist', 'wheel'] as const) {
      const result = await compared((side) => ({ 'pkg/made': make(side) }), { kind })
      expect(result.findings.map((finding) => finding.code)).toEqual(['repacked'])
      expect(result.artifact?.built.a).toBe(result.artifact?.built.b)
    }
  })

  it('nothing of it where no file was scrambled: then the worlds differ', async () => {
    for (const [, make] of good) {
      const result = await compared((side) => ({ 'pkg/made': make(side) }), { from: [] })
      expect(result.findings.map((finding) => finding.code)).toEqual(['content-differs'])
    }
  })

  it('no digest but SHA-256 without the seed', async () => {
    const result = await compared((side) => ({ x: digest('sha1', world(side, logo), 'hex') }), {
      seed: undefined
    })
    expect(result.artifact).toBeNull()
  })
})

describe('a member is refused that', () => {
  const bad: [string, (side: 'a' | 'b') => string | Buffer][] = [
    ['holds a part of a digest', (side) => digest('sha256', world(side, logo), 'hex').slice(0, 40)],
    ['holds a digest within a longer run', (side) => `${digest('sha256', world(side, logo), 'hex')}ab`],
    [
      'holds the digest and a bit more that differs',
      (side) => `${digest('sha256', world(side, logo), 'hex')} ${side}`
    ],
    [
      'is a zip with another file too',
      (side) => zipped({ logo: world(side, logo), [side]: Buffer.from('x') })
    ],
    [
      'is a zip with code that differs',
      (side) => zipped({ logo: world(side, logo), 'x.py': Buffer.from(`x = "${side}"\n`) })
    ],
    [
      'is a zip with a comment that differs',
      (side) =>
        Buffer.from(
          zipSync({ logo: [world(side, logo), { comment: side }] }, { mtime: '2024-01-02T03:04:05' })
        )
    ],
    [
      'is a zip whose unchanged file is packed in two ways',
      (side) =>
        zipped({
          logo: world(side, logo),
          text: [manyLines, { level: side === 'a' ? 1 : 9 }]
        })
    ],
    ['is gzip with data after it', (side) => Buffer.concat([gzipSync(world(side, logo)), Buffer.from(side)])],
    [
      'is gzip with another level of nothing else',
      (side) => gzipSync('same '.repeat(999), { level: side === 'a' ? 1 : 9 })
    ],
    [
      'is xz with another check',
      (side) =>
        execFileSync('xz', ['-c', side === 'a' ? '--check=crc32' : '--check=crc64'], {
          input: world(side, table)
        })
    ],
    [
      'is zlib with data after it',
      (side) => Buffer.concat([deflateSync(world(side, logo)), Buffer.from(side)])
    ],
    ['is a part of a scrambled file', (side) => gzipSync(world(side, table).subarray(0, 100))],
    [
      'is nested beyond bounds',
      (side) => Array.from({ length: 6 }).reduce<Buffer>((inner) => gzipSync(inner), world(side, logo))
    ]
  ]
  it.each(bad)('%s', async (_, make) => {
    const result = await compared((side) => ({ 'pkg/made': make(side) }))
    expect(result.artifact).toBeNull()
    expect(result.findings).toMatchObject([{ code: 'content-differs', severity: 'refuse' }])
  })
})

describe('a text of the tree that stands whole in metadata', () => {
  const text = opaque('tests/text.txt', Buffer.from('evil-requirement-of-nobody==1.0.0'))
  const packed = (fields: string, body: string): Files => ({
    'PKG-INFO': `Metadata-Version: 2.1\nName: pkg\nVersion: 1.0\n${fields}\n${body}`
  })

  it('has its original back in the description', async () => {
    const made = await compared((side) => packed('', `Readme\n\n${world(side, text).toString()}`), {
      from: [text]
    })
    expect(made.differing?.size).toBe(0)
  })

  it('is a difference in a requirement', async () => {
    const made = await compared(
      (side) => packed(`Requires-Dist: ${world(side, text).toString()}\n`, 'Readme'),
      {
        from: [text]
      }
    )
    expect([...(made.differing ?? [])]).toEqual(['pkg-1.0/PKG-INFO'])
  })
})

describe('a link of the tree that world b saw replaced', () => {
  const other = opaque('tests/first.csv', Buffer.from('first\n'.repeat(20)))
  const link: ScrambledLink = {
    path: 'tests/link.csv',
    blob: objectId('0'.repeat(40)),
    original: 'table.csv',
    scrambled: 'first.csv',
    leadsTo: 'tests/table.csv',
    leadsInB: 'tests/first.csv'
  }
  const from = [logo, table, other]
  const follow = (name: string) => (side: 'a' | 'b') => ({
    [name]: side === 'a' ? table.original : other.scrambled
  })

  it('may be followed: the member at its path holds what it leads to', async () => {
    const result = await compared(follow('tests/link.csv'), { links: [link], from })
    expect(result.artifact?.packing).toBe('canonical')
  })

  it('excuses no member elsewhere, nor without the link', async () => {
    for (const [name, links] of [
      ['tests/else.csv', [link]],
      ['tests/link.csv', []]
    ] as [string, ScrambledLink[]][])
      expect((await compared(follow(name), { links, from })).artifact).toBeNull()
  })

  it('may be kept as a link', async () => {
    const compare = (a: string): Promise<Reproduced> =>
      compared(() => ({}), {
        links: [link],
        from,
        kept: { a: { 'tests/link.csv': a }, b: { 'tests/link.csv': 'first.csv' } }
      })
    const kept = await compare('table.csv')
    expect(kept.artifact?.built.a).toBe(kept.artifact?.built.b)
    expect((await compare('elsewhere')).findings).toMatchObject([{ code: 'link-differs' }])
  })
})
