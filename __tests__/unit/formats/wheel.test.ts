import { describe, expect, it } from '@jest/globals'
import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { contentDigest, readArchive, type Archive } from '../../../src/formats/archive.ts'
import { canonicalWheel, canonicalWheelDigest } from '../../../src/formats/canonical-wheel.ts'
import type { Replace } from '../../../src/formats/replacement.ts'
import { parseWheelName } from '../../../src/formats/wheel.ts'
import { openZip } from '../../../src/formats/zip/reader.ts'
import { asFile, forgeZip, inFolder, pieces, refusal, type ForgedZipEntry } from './forge.ts'

const fileName = 'demo_pkg-1.0-py3-none-any.whl'
const info = 'demo_pkg-1.0.dist-info'
const metadata = 'Metadata-Version: 2.1\nName: demo-pkg\nVersion: 1.0\n'

function lineOf(name: string, content: Buffer): string {
  return `${name},sha256=${createHash('sha256').update(content).digest('base64url')},${content.length}\n`
}

interface Changes {
  add?: ForgedZipEntry[]
  record?: (lines: string[]) => string[]
  without?: string
}

function wheelOf({ add = [], record = (lines) => lines, without }: Changes = {}): Buffer {
  const entries: ForgedZipEntry[] = [
    { name: `${info}/WHEEL`, content: Buffer.from('Wheel-Version: 1.0\n') },
    { name: 'demo/z.py', content: Buffer.from('z = 1\n'), method: 8, mode: 0o100664 },
    { name: 'demo/a.sh', content: Buffer.from('#!/bin/sh\n'), mode: 0o100775 },
    { name: 'demo/', content: Buffer.alloc(0), mode: 0o040775 },
    { name: `${info}/METADATA`, content: Buffer.from(metadata) },
    ...add
  ].filter(({ name }) => name !== without)
  const lines = entries
    .filter(({ name }) => !String(name).endsWith('/'))
    .map(({ name, content }) => lineOf(String(name), content ?? Buffer.from('content\n')))
  const text = record([...lines, `${info}/RECORD,,\n`]).join('')
  return forgeZip(
    [...entries, { name: `${info}/RECORD`, content: Buffer.from(text) }].filter(
      ({ name }) => name !== without
    )
  )
}

const read = (bytes: Buffer, name = fileName): Promise<Archive> =>
  asFile(name, bytes, (file) => readArchive(file, 'wheel'))

async function pack(bytes: Buffer, epoch = 1_700_000_000, umask = 0o022): Promise<Buffer> {
  return inFolder(async (folder) => {
    const before = process.umask(umask)
    try {
      const input = path.join(folder, fileName)
      await writeFile(input, bytes)
      await canonicalWheel(input, `${input}.new`, epoch)
      return await readFile(`${input}.new`)
    } finally {
      process.umask(before)
    }
  })
}

describe('parseWheelName', () => {
  it('knows the parts', () => {
    expect(parseWheelName('demo_pkg-1.0+local-2a-py2.py3-none-any.whl')).toEqual({
      name: 'demo_pkg',
      version: '1.0+local',
      build: '2a',
      python: 'py2.py3',
      abi: 'none',
      platform: 'any'
    })
    expect(parseWheelName(fileName).build).toBeNull()
  })

  it.each(['demo.whl', 'demo-1.0-py3-none.whl', 'demo-1.0-x-py3-none-any.whl', 'a/b-1.0-py3-none-any.whl'])(
    'refuses %s',
    (name) => {
      expect(() => parseWheelName(name)).toThrow(/none of a wheel/)
    }
  )
})

describe('readArchive of a wheel', () => {
  it('tells members, headers and metadata', async () => {
    const { members, metadata: parsed } = await read(wheelOf())
    expect(parsed).toMatchObject({ name: 'demo-pkg', version: '1.0' })
    expect(members.map((member) => member.path)).toEqual([
      `${info}/WHEEL`,
      'demo/z.py',
      'demo/a.sh',
      'demo',
      `${info}/METADATA`,
      `${info}/RECORD`
    ])
    expect(members[1]).toMatchObject({
      kind: 'file',
      mode: 0o664,
      size: 6,
      sha256: createHash('sha256').update('z = 1\n').digest('hex'),
      fields: { mode: 0o664, method: 8, dosTime: '1980-01-01 00:00:00', flags: 0 }
    })
  })

  it('gives equal headers for equal headers, whatever the content', async () => {
    const one = await read(wheelOf({ add: [{ name: 'x', content: Buffer.from('one') }] }))
    const two = await read(wheelOf({ add: [{ name: 'x', content: Buffer.from('two') }] }))
    const [x, y] = [one, two].map(({ members }) => members.find((member) => member.path === 'x'))
    expect(x?.headers).toBe(y?.headers)
    expect(x?.packed).not.toBe(y?.packed)
    expect(one.container).toEqual(two.container)
  })

  it.each<[string, Changes, RegExp]>([
    [
      'a file that RECORD does not list',
      { record: (lines) => lines.slice(1) },
      /entry 0 at offset 0 .*does not list/
    ],
    [
      'a file that is not there',
      { record: (lines) => [...lines, lineOf('ghost', Buffer.of(1))] },
      /"ghost".*not there/
    ],
    ['a file listed twice', { record: (lines) => [...lines, lines[0] ?? ''] }, /twice/],
    [
      'another hash',
      {
        record: (lines) => [
          lineOf('demo/z.py', Buffer.from('y = 1\n')),
          ...lines.filter((line) => !line.startsWith('demo/z'))
        ]
      },
      /entry 1 at offset \d+ .*another hash/
    ],
    [
      'another size',
      { record: (lines) => lines.map((line) => line.replace(/,6\n/, ',7\n')) },
      /entry 1 at offset \d+ .*another size/
    ],
    [
      'no hash',
      { record: (lines) => lines.map((line) => line.replace(/^demo\/z.*/, 'demo/z.py,,')) },
      /no hash/
    ],
    ['no size', { record: (lines) => lines.map((line) => line.replace(/,6\n/, ',\n')) }, /another size/],
    [
      'a hash of itself',
      { record: (lines) => [...lines.slice(0, -1), lineOf(`${info}/RECORD`, Buffer.of(1))] },
      /hash of itself/
    ],
    ['two .dist-info folders', { add: [{ name: 'other-1.dist-info/METADATA' }] }, /2 \.dist-info/],
    ['no METADATA', { without: `${info}/METADATA` }, /METADATA.*missing/],
    ['no WHEEL', { without: `${info}/WHEEL` }, /WHEEL.*missing/],
    ['no RECORD', { without: `${info}/RECORD` }, /RECORD.*missing/]
  ])('refuses %s', async (_, changes, message) => {
    const error = await refusal(read(wheelOf(changes)))
    expect(error.code).toBe('archive-invalid')
    expect(error.message).toMatch(message)
  })

  it('refuses a folder that does not fit the file’s name', async () => {
    for (const name of ['demo_pkg-1.1-py3-none-any.whl', 'other-1.0-py3-none-any.whl'])
      expect((await refusal(read(wheelOf(), name))).message).toMatch(/does not fit/)
  })

  it('lets vendored .dist-info folders and signatures be', async () => {
    const { members } = await read(
      wheelOf({
        add: [{ name: 'demo/_vendor/x-1.dist-info/METADATA' }, { name: `${info}/RECORD.jws` }],
        record: (lines) => lines.filter((line) => !line.includes('RECORD.jws'))
      })
    )
    expect(members).toHaveLength(8)
  })
})

describe('canonicalWheel', () => {
  it('orders, drops folders, sets modes and time, and writes RECORD last', async () => {
    await asFile(fileName, await pack(wheelOf()), async (file) => {
      const zip = await openZip(file)
      expect(zip.entries.map((entry) => [entry.path, entry.mode])).toEqual([
        ['demo/a.sh', 0o755],
        ['demo/z.py', 0o644],
        [`${info}/METADATA`, 0o644],
        [`${info}/WHEEL`, 0o644],
        [`${info}/RECORD`, 0o644]
      ])
      expect(new Set(zip.entries.map((entry) => entry.dosTime)).size).toBe(1)
      expect(zip.entries.every((entry) => entry.flags === 0 && entry.descriptor === 0)).toBe(true)
      await zip.close()
    })
  })

  it('changes nothing a second time, nor with umask, order, modes or compression', async () => {
    const once = await pack(wheelOf())
    expect(await pack(once)).toEqual(once)
    expect(await pack(wheelOf(), 1_700_000_000, 0o077)).toEqual(once)
    expect(await pack(wheelOf({ record: (lines) => [...lines].reverse() }))).toEqual(once)
  })

  it('puts other bytes in the place of a member’s own, and lists them', async () => {
    const original = await pack(
      wheelOf({ add: [{ name: 'demo/logo.png', content: Buffer.from('original') }] })
    )
    const scrambled = wheelOf({ add: [{ name: 'demo/logo.png', content: Buffer.from('SCRAMBLE') }] })
    await asFile(fileName, scrambled, async (file) => {
      const back: Replace = ({ path: name, size }) =>
        Promise.resolve(
          name === 'demo/logo.png' ? { size, content: pieces(Buffer.from('original')) } : undefined
        )
      const packed = await canonicalWheel(file, `${file}.new`, 1_700_000_000, back)
      expect(await readFile(`${file}.new`)).toEqual(original)
      // The digest of what is packed tells the same: equal with the originals back, and only then.
      expect(await canonicalWheelDigest(file, back)).toBe(packed)
      expect(await canonicalWheelDigest(`${file}.new`)).toBe(packed)
      expect(await canonicalWheelDigest(file)).not.toBe(packed)
    })
  })

  it('refuses a wheel whose RECORD lies, and one whose RECORD is signed', async () => {
    const lying = wheelOf({
      record: (lines) => [
        lineOf('demo/z.py', Buffer.from('y = 1\n')),
        ...lines.filter((line) => !line.startsWith('demo/z'))
      ]
    })
    expect((await refusal(pack(lying))).message).toMatch(/another hash/)
    const signed = wheelOf({
      add: [{ name: `${info}/RECORD.p7s` }],
      record: (lines) => lines.filter((line) => !line.includes('p7s'))
    })
    expect((await refusal(pack(signed))).message).toMatch(/signed/)
  })
})

describe('contentDigest', () => {
  it('is over lines that a stranger can write', async () => {
    const { members } = await read(await pack(wheelOf()))
    const lines = members
      .map((member) => `100${member.mode.toString(8)} ${member.sha256} ${member.path}\n`)
      .sort((a, b) => (a.slice(72) < b.slice(72) ? -1 : 1))
    expect(contentDigest(members)).toBe(createHash('sha256').update(lines.join('')).digest('hex'))
  })
})
