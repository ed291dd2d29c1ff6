import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { thrownBy } from '../../support/thrown.ts'
import { formatDocument } from '../../../src/documents/format.ts'
import { parseDocument, readDocument, writeDocument } from '../../../src/documents/reading.ts'

const hash = 'a'.repeat(64)
const release = {
  schema: 'tagproof/release/1',
  tag: 'v1.0',
  commit: 'b'.repeat(40),
  tree: 'c'.repeat(40),
  epoch: 1_700_000_000,
  version: '1.0',
  verdict: 'proven',
  proof: hash,
  try: null,
  artifacts: [
    {
      target: 'python',
      kind: 'wheel',
      name: 'x-1.0-py3-none-any.whl',
      version: '1.0',
      size: 10,
      sha256: hash,
      contentDigest: hash,
      packing: 'canonical',
      built: { a: hash, b: hash },
      members: 3,
      traced: null
    }
  ]
} as const

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'tagproof-documents-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const parse = (value: unknown): unknown =>
  parseDocument('release', Buffer.from(JSON.stringify(value)), 'release.json')

/** The document with one field, given by its path, set to something else. */
function altered(fieldPath: readonly (string | number)[], value: unknown): unknown {
  const copy = structuredClone(release) as unknown
  let place = copy as Record<string | number, unknown>
  for (const part of fieldPath.slice(0, -1)) place = place[part] as Record<string | number, unknown>
  place[fieldPath.at(-1) ?? ''] = value
  return copy
}

describe('documents', () => {
  it('reads back what it wrote', async () => {
    const file = path.join(folder, 'release.json')
    const digest = await writeDocument('release', file, structuredClone(release) as never)
    const read = await readDocument('release', file)
    expect(read.document).toEqual(release)
    expect(read.sha256).toBe(digest)
    expect(formatDocument(read.document)).toBe(formatDocument(release))
  })

  it.each<[string, readonly (string | number)[], unknown, string]>([
    ['a number for a text', ['version'], 7, 'release.json: .version'],
    ['an unknown verdict', ['verdict'], 'fine', 'release.json: .verdict'],
    ['a short hash', ['artifacts', 0, 'built', 'b'], 'abc', 'release.json: .artifacts[0].built.b'],
    ['a name with a folder', ['artifacts', 0, 'name'], '../x.whl', 'release.json: .artifacts[0].name'],
    ['a name like an option', ['artifacts', 0, 'name'], '-rf', 'release.json: .artifacts[0].name'],
    ['a negative size', ['artifacts', 0, 'size'], -1, 'release.json: .artifacts[0].size'],
    ['a fraction', ['epoch'], 1.5, 'release.json: .epoch'],
    ['an unknown key', ['artifacts', 0, 'extra'], 1, 'release.json: .artifacts[0]'],
    ['no object', ['artifacts', 0], null, 'release.json: .artifacts[0]']
  ])('refuses %s and names the field', (_, fieldPath, value, where) => {
    expect(thrownBy(() => parse(altered(fieldPath, value)))).toMatchObject({
      code: 'document-invalid',
      detail: expect.objectContaining({ where }) as unknown
    })
  })

  it.each([
    ['another version', { ...release, schema: 'tagproof/release/2' }],
    ['another kind', { ...release, schema: 'tagproof/proof/1' }],
    ['no schema', {}],
    ['an array', []],
    ['null', null]
  ])('refuses %s, and says what was expected', (_, value) => {
    expect(thrownBy(() => parse(value))).toMatchObject({
      code: 'document-invalid',
      detail: expect.objectContaining({ expected: '"tagproof/release/1"' }) as unknown
    })
  })

  it.each([
    ['no JSON', Buffer.from('{')],
    ['no UTF-8', Buffer.from([0x22, 0xff, 0x22])],
    ['a byte order mark', Buffer.from('\ufeff{}')],
    ['nothing', Buffer.alloc(0)]
  ])('refuses %s', (_, bytes) => {
    expect(thrownBy(() => parseDocument('release', bytes, 'release.json'))).toMatchObject({
      code: 'document-invalid'
    })
  })

  it('refuses a document of absurd size before reading it', async () => {
    const file = path.join(folder, 'huge.json')
    await writeFile(file, '')
    await truncate(file, 300 * 1024 * 1024)
    await expect(readDocument('release', file)).rejects.toMatchObject({ code: 'document-invalid' })
  })

  it('says which stage writes a missing document', async () => {
    await expect(readDocument('plan', path.join(folder, 'plan.json'))).rejects.toMatchObject({
      code: 'input-missing',
      detail: { fix: expect.stringContaining('(plan)') as unknown }
    })
  })

  it('a key named __proto__ is no way in', () => {
    const text = formatDocument(release).replace('"tag"', '"__proto__": {"verdict": "proven"}, "tag"')
    expect(thrownBy(() => parseDocument('release', Buffer.from(text), 'release.json'))).toMatchObject({
      code: 'document-invalid'
    })
  })

  it('nothing invalid is ever written', async () => {
    const file = path.join(folder, 'never.json')
    await expect(writeDocument('release', file, altered(['version'], '') as never)).rejects.toMatchObject({
      code: 'document-invalid'
    })
    await expect(readDocument('release', file)).rejects.toMatchObject({ code: 'input-missing' })
  })
})
