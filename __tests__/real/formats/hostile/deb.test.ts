import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { readArchive } from '../../../../src/formats/archive.ts'
import { asTagproofError } from '../../../../src/platform/errors.ts'
import { plainEnvironment, run } from '../../../../src/platform/process.ts'
import { Random } from '../../../support/mutants/random.ts'
import { buildDeb } from '../../../support/debs.ts'
import { forgeDeb, md5 } from '../../../unit/formats/forge-deb.ts'
import { refusal } from '../../../unit/formats/forge.ts'
import { tarFolder, tarHardLink, tarLink, tarMember } from '../../../unit/formats/forge.ts'
import { debCases, type DebCase } from './deb-cases.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'tagproof-debs-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function fileOf(bytes: Buffer, name = 'case'): Promise<string> {
  const file = path.join(await mkdtemp(path.join(folder, 'f-')), name)
  await writeFile(file, bytes)
  return file
}

/** What dpkg-deb makes of a file: the tree that it unpacks, or that it does not. */
async function dpkg(bytes: Buffer): Promise<string> {
  const file = await fileOf(bytes)
  const target = path.join(path.dirname(file), 't')
  const result = await run('dpkg-deb', ['--raw-extract', file, target], {
    cwd: path.dirname(file),
    env: plainEnvironment
  })
  if (result.code !== 0) return 'error'
  return (await readdir(target, { recursive: true }))
    .sort()
    .map((name) => JSON.stringify(name).slice(1, -1))
    .join(' ')
}

describe.each(Object.entries(debCases))('hostile deb: %s', (_, cases) => {
  it.each<DebCase>([...cases])('%s is refused', async (_name, bytes, problem) => {
    const error = await refusal(readArchive(await fileOf(bytes), 'deb'))
    expect(error.code).toBe('archive-invalid')
    expect(error.message).toMatch(problem)
  })

  // The snapshot is the table: what dpkg-deb 1.21 unpacks, no complaint made.
  it('dpkg-deb unpacks some of them all the same', async () => {
    const rows: string[] = []
    for (const [name, bytes] of cases) rows.push(`${name} | ${await dpkg(bytes)}`)
    expect(`\n${rows.join('\n')}\n`).toMatchSnapshot()
  })
})

describe('honest, and read', () => {
  const files = { 'usr/share/demo/data': 'data\n', 'usr/share/demo/large': 'zeros and ones '.repeat(30_000) }
  it.each([
    ['xz', ['-Zxz']],
    ['xz -9e', ['-Zxz', '-z9', '-Sextreme']],
    ['gzip', ['-Zgzip']],
    ['zstd', ['-Zzstd']],
    ['no compression', ['-Znone']],
    ['gzip for data alone', ['-Zgzip', '--no-uniform-compression']]
  ])('%s of dpkg-deb', async (_, options) => {
    const file = await buildDeb(await mkdtemp(path.join(folder, 'h-')), {
      version: '3:1.0-1',
      files,
      options
    })
    const { members, metadata } = await readArchive(file, 'deb')
    expect(metadata).toEqual({ name: 'demo', version: '3:1.0-1' })
    expect(members.map(({ path: name }) => name)).toEqual(
      expect.arrayContaining(['DEBIAN', 'DEBIAN/control', '.', 'usr', ...Object.keys(files)])
    )
  })

  it('devices, pipes, set-id bits, links anywhere, names of units, conffiles that md5sums leaves out', async () => {
    const data = [
      tarFolder('./'),
      tarMember('./null', '', { 156: '3', 329: '0000001', 337: '0000003' }),
      tarMember('./pipe', '', { 156: '6' }),
      tarMember('./su', 'x', { 100: '0004755' }),
      tarLink('./l', '/etc/../anywhere'),
      tarMember('./system-x\\x2dy:z.slice', 'unit'),
      tarMember('./one', '1'),
      tarHardLink('./two', './one'),
      tarHardLink('./three', './two'),
      tarMember('./conf', 'c')
    ]
    const lists = [
      tarMember(
        './md5sums',
        `${['one', 'two', 'three'].map((name) => `${md5('1')}  ${name}\n`).join('')}${md5('x')}  su\n${md5('unit')}  system-x\\x2dy:z.slice\n`
      ),
      tarMember('./conffiles', '/conf\nremove-on-upgrade /old\n')
    ]
    const { members } = await readArchive(await fileOf(forgeDeb({ data, controlEntries: lists })), 'deb')
    const of = (name: string): unknown => members.find((member) => member.path === name)
    expect(of('null')).toMatchObject({ kind: 'device', fields: { deviceType: 'character', device: '1:3' } })
    expect(of('pipe')).toMatchObject({ kind: 'fifo', size: 0 })
    expect(of('su')).toMatchObject({ mode: 0o4755 })
    expect(of('l')).toMatchObject({ kind: 'symlink', linkTarget: '/etc/../anywhere' })
  })

  it.each([
    ['demo_1.0_all.deb', true],
    ['demo_1.1_all.deb', false],
    ['demo_1.0_amd64.deb', false],
    ['other_1.0_all.deb', false],
    ['0123abcd', true]
  ])('the name %s is held against the control file', async (name, fits) => {
    const reading = readArchive(await fileOf(forgeDeb(), name), 'deb')
    await (fits ? reading : expect(reading).rejects.toThrow(/file name does not say/))
  })
})

/** One to two changes of a byte or of a whole member, anywhere. */
function mutant(seed: Buffer, random: Random): Buffer {
  const bytes = Buffer.from(seed)
  const how = random.below(5)
  if (how === 0)
    return Buffer.concat([bytes, Buffer.alloc(random.below(600), random.pick(['\n', '\0', 'A']))])
  if (how === 1) return bytes.subarray(0, random.below(bytes.length))
  for (let count = 1 + random.below(2); count > 0; count -= 1) {
    // Most of them in the headers of ar and in what stands right behind them.
    const at = random.chance(0.5) ? random.below(200) : random.below(bytes.length)
    bytes[at] = random.chance(0.5)
      ? (bytes[at] ?? 0) ^ (1 << random.below(8))
      : random.pick([0x20, 0x30, 0x31, 0x0a, 0x2f])
  }
  return bytes
}

it('of 1,500 mutants, dpkg-deb unpacks those that we accept to the names that we saw', async () => {
  const seed = forgeDeb({
    data: [tarFolder('./'), tarFolder('./usr/'), tarMember('./usr/a', 'one'), tarLink('./usr/l', 'a')],
    controlEntries: [tarMember('./md5sums', `${md5('one')}  usr/a\n`)]
  })
  const random = new Random(20_240_329)
  const counts = { accepted: 0, refused: 0 }
  const seen = new Set<string>()
  for (let at = 0; at < 1_500; at += 1) {
    const bytes = mutant(seed, random)
    if (seen.has(bytes.toString('latin1'))) continue
    seen.add(bytes.toString('latin1'))
    try {
      const { members } = await readArchive(await fileOf(bytes), 'deb')
      counts.accepted += 1
      const names = members.map(({ path: name }) => name).filter((name) => name !== '.')
      const ours = names
        .sort()
        .map((name) => JSON.stringify(name).slice(1, -1))
        .join(' ')
      expect([at, await dpkg(bytes)]).toEqual([at, ours])
    } catch (error) {
      if (asTagproofError(error).code !== 'archive-invalid') throw error
      counts.refused += 1
    }
  }
  expect(counts.accepted).toBeGreaterThan(20)
  expect(counts.refused).toBeGreaterThan(700)
})
