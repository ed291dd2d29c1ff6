import { describe, expect, it } from '@jest/globals'
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { readXz, type XzFacts } from '../../../../src/formats/xz/reader.ts'
import { asTagproofError } from '../../../../src/platform/errors.ts'
import { once, whole } from '../../../../src/platform/pieces.ts'
import { Random } from '../../../support/mutants/random.ts'
import { xzMutant } from '../../../support/mutants/xz-mutants.ts'
import { inFolder, tool } from '../tools.ts'

const random = new Random(5_602)
const noise = (size: number): Buffer => Buffer.from(Array.from({ length: size }, () => random.below(256)))
const words = ['license', 'of ', 'the ', 'tag\n', 'proof ', '0x1f, ', '    ', 'return ']
const prose = (size: number): Buffer =>
  Buffer.from(Array.from({ length: size / 5 }, () => random.pick(words)).join(''))

const contents: Record<string, Buffer> = {
  empty: Buffer.alloc(0),
  'one byte': Buffer.from('x'),
  zeros: Buffer.alloc(2_500_000),
  noise: noise(150_000),
  text: prose(150_000),
  'text and noise': Buffer.concat([prose(40_000), noise(70_000), prose(40_000), noise(90_000), prose(5_000)])
}

const ways: Record<string, string[]> = {
  'level 0': ['-0'],
  'level 6': ['-6', '--check=crc32'],
  'level 9, extreme': ['-9e', '--check=sha256'],
  'blocks of threads': ['-T2', '--block-size=65536'],
  'blocks of one thread': ['-T1', '--block-size=40000', '--check=crc64'],
  'no check': ['--check=none'],
  'odd properties': ['--lzma2=preset=6,lc=0,lp=4,pb=0,dict=4096'],
  'other properties': ['--lzma2=preset=6,lc=1,lp=2,pb=4,nice=273,dict=1536KiB']
}

async function pack(content: Buffer, options: readonly string[]): Promise<Buffer> {
  return inFolder(async (folder) => {
    await writeFile(path.join(folder, 'f'), content)
    await tool('xz', ['--compress', ...options, 'f'], folder)
    return readFile(path.join(folder, 'f.xz'))
  })
}

async function unpack(
  source: AsyncIterable<Uint8Array>
): Promise<{ sha256: string; size: number; facts: XzFacts }> {
  const hash = createHash('sha256')
  let size = 0
  let facts: XzFacts | undefined
  for await (const piece of readXz(source, { onEnd: (told) => (facts = told) })) {
    hash.update(piece)
    size += piece.length
  }
  if (facts === undefined) throw new Error('the reader told nothing of its end')
  return { sha256: hash.digest('hex'), size, facts }
}

// eslint-disable-next-line @typescript-eslint/require-await -- streams are asynchronous
async function* inPieces(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

describe.each(Object.entries(ways))('what xz packs with %s', (_, options) => {
  it.each(Object.entries(contents))('comes out again: %s', async (_name, content) => {
    const packed = await pack(content, options)
    const expected = { sha256: createHash('sha256').update(content).digest('hex'), size: content.length }
    expect(await unpack(once(packed))).toMatchObject(expected)
    expect(await unpack(inPieces(packed, content.length > 1_000 ? 997 : 1))).toMatchObject(expected)
  })
})

it('tells how a stream was made', async () => {
  const { facts } = await unpack(
    once(await pack(prose(200_000), ['-T2', '-7', '--block-size=65536', '--check=crc32']))
  )
  expect(facts).toEqual({ check: 'CRC32', blocks: 4, dictionarySize: 16 * 2 ** 20, sized: true })
  const { facts: single } = await unpack(once(await pack(prose(200_000), ['-T1'])))
  expect(single).toEqual({ check: 'CRC64', blocks: 1, dictionarySize: 8 * 2 ** 20, sized: false })
})

async function refusal(bytes: Buffer, maximumSize?: number): Promise<string> {
  try {
    const rules = maximumSize === undefined ? {} : { maximumSize }
    await whole(readXz(once(bytes), rules))
  } catch (error) {
    const { code, message } = asTagproofError(error)
    expect(code).toBe('archive-invalid')
    return message
  }
  return 'accepted'
}

describe('refused', () => {
  const text = prose(3_000)
  it.each<[string, readonly string[], RegExp]>([
    ['another filter', ['--x86', '--lzma2'], /several filters/],
    ['a delta', ['--delta', '--lzma2'], /several filters/],
    ['a dictionary of 96 MiB', ['--lzma2=dict=96MiB'], /dictionary of more than 64 MiB/]
  ])('%s', async (_, options, problem) => {
    expect(await refusal(await pack(text, options))).toMatch(problem)
  })

  it('what follows the stream, and what is cut', async () => {
    const packed = await pack(text, ['-6'])
    expect(await refusal(packed)).toBe('accepted')
    expect(await refusal(Buffer.concat([packed, packed]))).toMatch(
      /xz at offset \d+: data follows the stream/
    )
    expect(await refusal(Buffer.concat([packed, Buffer.alloc(4)]))).toMatch(/data follows/)
    expect(await refusal(packed.subarray(0, -1))).toMatch(/the stream is cut/)
    expect(await refusal(Buffer.alloc(0))).toMatch(/the stream is cut/)
    expect(await refusal(Buffer.from('no xz at all'))).toMatch(/not xz/)
  })

  it('a bomb, as soon as it is larger than allowed', async () => {
    const bomb = await pack(Buffer.alloc(5_000_000), ['-6'])
    expect(await refusal(bomb, 4_000_000)).toMatch(/more than 4000000 bytes/)
    expect(await refusal(bomb, 5_000_000)).toBe('accepted')
  })
})

/** What liblzma makes of each stream: hash and size, or its complaint. */
async function liblzma(streams: readonly Buffer[]): Promise<string[]> {
  const script = path.join(import.meta.dirname, '../../../support/mutants/liblzma.py')
  const child = spawn('python3', ['-I', script], { stdio: ['pipe', 'pipe', 'inherit'] })
  const answers: string[] = []
  const read = (async () => {
    for await (const line of createInterface(child.stdout)) answers.push(line)
  })()
  for (const bytes of streams) {
    const head = Buffer.alloc(4)
    head.writeUInt32BE(bytes.length)
    child.stdin.write(Buffer.concat([head, bytes]))
  }
  child.stdin.end()
  await read
  return answers
}

async function ours(bytes: Buffer): Promise<string> {
  try {
    const { sha256, size } = await unpack(once(bytes))
    return `${sha256} ${size}`
  } catch (error) {
    if (asTagproofError(error).code !== 'archive-invalid') throw error
    return 'refused'
  }
}

/** Level 6 with less memory to make for each of many streams. */
const smallDictionary = '--lzma2=preset=6,dict=128KiB'

it('of 1,500 mutants, liblzma unpacks those that we accept to the bytes that we saw', async () => {
  const content = Buffer.concat([prose(4_000), noise(600), prose(2_000)])
  const seeds = await Promise.all([
    pack(content, [smallDictionary, '--check=none']),
    pack(content, [smallDictionary, '--check=none', '--block-size=3000']),
    pack(content, ['--check=none', '--lzma2=preset=1,lc=2,lp=2,pb=0,dict=4096']),
    pack(noise(70_000).fill('tag', 2_000, 5_000), [smallDictionary, '--check=none'])
  ])
  const mutants = Array.from({ length: 1_500 }, (_, mutant) => {
    const choice = new Random(Math.imul(mutant + 1, 0x9e3779b1))
    return xzMutant(choice.pick(seeds), choice)
  })
  const theirs = await liblzma(mutants)
  const counts = { accepted: 0, refused: 0, stricter: 0 }
  for (const [at, bytes] of mutants.entries()) {
    const answer = await ours(bytes)
    counts[answer === 'refused' ? 'refused' : 'accepted'] += 1
    if (answer !== 'refused') expect([at, theirs[at]]).toEqual([at, answer])
    else if (/^[0-9a-f]{64} /.test(theirs[at] ?? '')) counts.stricter += 1
  }
  // The seeds bear no check of their content, so that many changed ones unpack to something.
  expect(counts.accepted).toBeGreaterThan(30)
  expect(counts.refused).toBeGreaterThan(500)
  // What we alone refuse: a dictionary that is too large, other filters.
  expect(counts.stricter).toBeLessThan(60)
})
