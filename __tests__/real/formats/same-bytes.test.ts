import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { build, stop } from 'esbuild'
import { cp, mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { plainEnvironment, run } from '../../../src/platform/process.ts'
import { hashFile } from '../../../src/platform/files.ts'
import { buildArchives, epoch, sdistName, wheelName } from './tools.ts'

const root = path.resolve(import.meta.dirname, '../../..')
/** The program: packs both archives into the current folder, and prints peak memory in KiB. */
const program = `
import { canonicalSdist } from './src/formats/sdist.ts'
import { canonicalWheel } from './src/formats/canonical-wheel.ts'
const [wheel, sdist] = process.argv.slice(2)
const work = async () => {
  if (wheel !== '-') await canonicalWheel(wheel, '${wheelName}', ${epoch})
  if (sdist !== '-') await canonicalSdist(sdist, '${sdistName}', ${epoch})
  console.log(process.resourceUsage().maxRSS)
}
work().catch((error) => { console.error(error); process.exitCode = 1 })
`

/** Where `npm` found its Node, without the one that the tests run on. */
const systemPath = (process.env.PATH ?? '')
  .split(':')
  .filter((entry) => !entry.includes('node_modules'))
  .join(':')

let folder: string
let archives: { wheel: string; sdist: string }
let expected: string[]

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'tagproof-formats-'))
  archives = await buildArchives(folder)
  await build({
    stdin: { contents: program, resolveDir: root, loader: 'ts' },
    bundle: true,
    platform: 'node',
    format: 'cjs',
    outfile: path.join(folder, 'pack.cjs'),
    logLevel: 'error'
  })
  await stop()
  expected = (await pack('first', {})).hashes
})

afterAll(() => rm(folder, { recursive: true, force: true }))

interface Variation {
  node?: string
  umask?: string
  environment?: Record<string, string>
  wheel?: string
  sdist?: string
}

async function pack(name: string, variation: Variation): Promise<{ hashes: string[]; peak: number }> {
  const cwd = path.join(folder, name)
  await mkdir(cwd, { recursive: true })
  const node = variation.node ?? process.execPath
  const { wheel = archives.wheel, sdist = archives.sdist } = variation
  const line = `umask ${variation.umask ?? '022'} && exec "$0" "$@"`
  const result = await run('sh', ['-c', line, node, path.join(folder, 'pack.cjs'), wheel, sdist], {
    cwd,
    env: { ...plainEnvironment, ...variation.environment }
  })
  if (result.code !== 0) throw new Error(result.stderr.toString())
  const made = [wheel === '-' ? '' : wheelName, sdist === '-' ? '' : sdistName].filter((file) => file !== '')
  const hashes = await Promise.all(made.map(async (file) => (await hashFile(path.join(cwd, file))).sha256))
  return { hashes, peak: Number(result.stdout.toString()) }
}

describe('the canonical bytes do not depend on', () => {
  it.each<[string, Variation]>([
    ['the path', {}],
    ['the umask', { umask: '077' }],
    ['the time zone and locale', { environment: { TZ: 'Asia/Tokyo', LC_ALL: 'C', LANG: 'et_EE.UTF-8' } }],
    ['the version of Node: the system’s', { node: 'node', environment: { PATH: systemPath } }],
    ['the version of Node: ours', { node: path.join(root, 'node_modules/.bin/node') }]
  ])('%s', async (what, variation) => {
    expect((await pack(what, variation)).hashes).toEqual(expected)
  })

  it('the times and owners of the packed files, nor on how often they were packed', async () => {
    const first = path.join(folder, 'first')
    const copy = path.join(folder, 'copied')
    await cp(first, copy, { recursive: true })
    const [wheel, sdist] = [path.join(copy, wheelName), path.join(copy, sdistName)]
    for (const file of [wheel, sdist]) await utimes(file, 1, 1)
    expect((await pack('again', { wheel, sdist })).hashes).toEqual(expected)
  })
})

describe('memory', () => {
  it('does not grow with a large member', async () => {
    const script = `
import os, tarfile, io, sys
class Noise(io.RawIOBase):
    def __init__(self, size): self.left = size
    def readable(self): return True
    def read(self, n):
        n = min(n, self.left, 1 << 16); self.left -= n; return os.urandom(n)
with tarfile.open('large.tar.gz', 'w:gz', compresslevel=1) as out:
    for name, size in [('demo-1.0/PKG-INFO', 43), ('demo-1.0/large', 64 << 20)]:
        entry = tarfile.TarInfo(name); entry.size = size
        out.addfile(entry, io.BytesIO(b'Metadata-Version: 2.1\\nName: demo\\nVersion: 1') if size == 43 else Noise(size))
`
    await writeFile(path.join(folder, 'large.py'), script)
    const made = await run('python3', ['-I', 'large.py'], { cwd: folder, env: plainEnvironment })
    expect(made.stderr.toString()).toBe('')
    const small = (await pack('small', { wheel: '-' })).peak
    const large = (await pack('large', { wheel: '-', sdist: path.join(folder, 'large.tar.gz') })).peak
    expect((large - small) / 1024).toBeLessThan(40)
  })
})
