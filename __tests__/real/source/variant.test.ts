import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Plan } from '../../../src/documents/plan.ts'
import { readTar } from '../../../src/formats/tar/reader.ts'
import { sha256OfBytes } from '../../../src/platform/files.ts'
import { silentLog } from '../../../src/platform/log.ts'
import { writeExports, type ExportOptions } from '../../../src/source/export.ts'
import { writeForms } from '../../../src/source/export-forms.ts'
import { writeVariant, type Variant, type WrittenVariant } from '../../../src/source/export-variant.ts'
import { openRepository, type Repository } from '../../../src/source/repository.ts'
import { resolveTag } from '../../../src/source/tag.ts'
import { variantFiles } from '../../../src/source/variant-files.ts'
import { scrambleSeed } from '../../../src/worlds/scramble.ts'
import { makeProject, type Content, type GitProject } from './git-project.ts'

const noise = Buffer.from(Array.from({ length: 3000 }, (_, at) => (at * at * 31) & 255))
const files: Record<string, Content> = {
  'pyproject.toml': '[project]\nname = "x"\n',
  'src/x/__init__.py': '',
  'src/x/logo.bin': noise,
  'src/x/table.bin': noise.subarray(7),
  'tests/table.json': '{"one": [1, 2.5], "two": "second"}\n',
  'tests/test_x.py': 'def test(): pass\n',
  'tests/nowhere': { link: 'test_x.py' },
  [`tests/${'n'.repeat(90)}/${'m'.repeat(120)}.txt`]: 'long\n'
}

describe("a variant of world b's export", () => {
  let project: GitProject
  let folder = ''
  let repository: Repository
  let exported: Pick<Plan, 'exports' | 'scramble'>
  const options = (): ExportOptions => ({
    folder,
    inputs: [],
    generated: [{ to: 'x/table.py', from: ['src/x/table.bin'], reason: 'made by a table generator' }],
    log: silentLog
  })

  beforeAll(async () => {
    project = await makeProject(files)
    await project.git('tag', 'v1.0')
    folder = await mkdtemp(path.join(tmpdir(), 'tagproof-variant-test-'))
    repository = await openRepository(project.folder)
    exported = await writeExports(repository, await resolveTag(repository, 'v1.0'), options())
  })
  afterAll(async () => {
    await repository.close()
    await project.remove()
    await rm(folder, { recursive: true, force: true })
  })

  const place = (name: string): string => path.join(folder, name)
  const variant = (change: Variant): Promise<WrittenVariant> =>
    writeVariant({
      ...change,
      exports: { a: place('export-a.tar'), b: place('export-b.tar') },
      scramble: exported.scramble,
      file: place('variant.tar')
    })
  const contents = async (name: string): Promise<Map<string, string>> => {
    const found = new Map<string, string>()
    for await (const entry of readTar(oneChunk(await readFile(place(name))))) {
      const chunks: Buffer[] = []
      for await (const chunk of entry.content) chunks.push(chunk)
      found.set(
        entry.path.slice('tree/'.length),
        sha256OfBytes(Buffer.concat(chunks)) + (entry.linkTarget ?? '')
      )
    }
    return found
  }

  it('is that export where nothing is changed', async () => {
    const made = await variant({})
    expect(made).toMatchObject({ sha256: exported.exports.b.sha256, size: exported.exports.b.size })
    expect(made.files).toEqual(exported.scramble.files)
  })

  it('is the export of world a where everything is as the tree has it, in its order', async () => {
    const made = await variant({ order: 'a', original: () => true })
    expect(made).toMatchObject({ sha256: exported.exports.a.sha256, files: [] })
  })

  it('holds the originals of the named files alone', async () => {
    const made = await variant({ original: (name) => name === 'src/x/logo.bin' })
    expect(made.files.map((file) => file.path)).not.toContain('src/x/logo.bin')
    const [a, b, found] = [
      await contents('export-a.tar'),
      await contents('export-b.tar'),
      await contents('variant.tar')
    ]
    expect(found.get('src/x/logo.bin')).toBe(a.get('src/x/logo.bin'))
    expect(a.get('src/x/logo.bin')).not.toBe(b.get('src/x/logo.bin'))
    for (const [name, hash] of b)
      if (name !== 'src/x/logo.bin') expect([name, found.get(name)]).toEqual([name, hash])
  })

  it('of the second tier is what the exports of that tier are', async () => {
    const made = await variant({ tier: 2 })
    const tag = await resolveTag(repository, 'v1.0')
    const second = await writeExports(repository, tag, { ...options(), folder: place('second'), tier: 2 })
    expect(made.sha256).toBe(second.exports.b.sha256)
    expect(made.sha256).not.toBe(exported.exports.b.sha256)
    expect(made.files).toEqual(second.scramble.files)
  })

  it.each<[string, Variant]>([
    ['other noise', { seed: scrambleSeed({ object: '1', commit: '2' } as never, 1) }],
    ['files of declared pairs', { pairs: true }],
    ['the second tier', { tier: 2 }]
  ])('with %s holds what git gives for it', async (_, change) => {
    const made = await variant(change)
    expect(await variantFiles(repository, exported.scramble, change)).toEqual(made.files)
    const found = await contents('variant.tar')
    for (const { path: name, scrambled } of made.files) expect(found.get(name)).toBe(scrambled)
    const pair = made.files.find((file) => file.path === 'src/x/table.bin')
    expect(pair !== undefined).toBe(change.pairs === true)
  })

  describe('on a machine that was given no originals', () => {
    const without = async (change: Variant): Promise<WrittenVariant> => {
      const tag = await resolveTag(repository, 'v1.0')
      await writeForms({ tag, scramble: exported.scramble }, place('export-a.tar'), place('forms-b.tar'))
      return writeVariant({
        ...change,
        exports: { a: null, b: place('export-b.tar'), forms: place('forms-b.tar') },
        scramble: exported.scramble,
        file: place('without.tar')
      })
    }

    it.each<[string, Variant]>([
      ['the other order', { order: 'a' }],
      ['the second tier', { tier: 2 }],
      ['the second tier in the other order', { tier: 2, order: 'a' }],
      ['files of declared pairs', { pairs: true, tier: 2 }]
    ])('with %s is the same bytes', async (_, change) => {
      expect(await without(change)).toEqual(await variant(change))
    })

    it('is refused where only an original could give it', async () => {
      const asTheTree: Variant = { original: (name) => name === 'src/x/logo.bin' }
      await expect(without(asTheTree)).rejects.toMatchObject({ code: 'input-missing' })
      const otherNoise: Variant = { seed: scrambleSeed({ object: '1', commit: '2' } as never, 1) }
      await expect(without(otherNoise)).rejects.toMatchObject({ code: 'input-missing' })
    })

    it('holds no byte of a scrambled file that the forms do not keep', async () => {
      await without({})
      const forms = await readFile(place('forms-b.tar'))
      for (const secret of [noise.subarray(100, 140), Buffer.from('second')])
        expect(forms.includes(secret)).toBe(false)
    })
  })
})

// eslint-disable-next-line @typescript-eslint/require-await -- the reader takes a stream
async function* oneChunk(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes
}
