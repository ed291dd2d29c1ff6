import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { PythonLock } from '../../../src/documents/lock.ts'
import { sha256 } from '../../../src/documents/identifiers.ts'
import { readImageArchive } from '../../../src/formats/oci/archive.ts'
import { openImage } from '../../../src/formats/oci/image.ts'
import { silentLog } from '../../../src/platform/log.ts'
import { rootImage } from '../../../src/targets/image/root-image.ts'
import { unpackImage } from '../../../src/targets/image/unpack.ts'
import { askImagePeers } from '../../support/mutants/image-peers.ts'
import { imageTree } from '../../support/mutants/image-tree.ts'
import { refusal } from '../../unit/formats/forge.ts'
import { forgeWheel, wheelFileName } from '../../unit/formats/forge-wheel.ts'
import { assembled, assembling, type Assembling } from '../support/assembled.ts'
import { inWorld } from '../support/world.ts'

const settings = {
  entrypoint: ['herald'],
  user: '1234:1234',
  directory: '/opt/app',
  environment: { HERALD: 'yes' },
  ports: ['80/tcp'],
  labels: { maintainer: 'me' },
  files: [
    { from: 'conf', to: '/lib/herald' },
    { from: 'run.sh', to: '/opt/run', mode: '755' }
  ]
}
const program = 'print("it starts")\n'

let place: Assembling
let given: { wheel: string; locked: PythonLock }
beforeAll(async () => {
  place = await assembling()
  const wheel = path.join(place.folder, wheelFileName)
  const info = 'demo-1.0.dist-info/entry_points.txt'
  await writeFile(wheel, forgeWheel({ 'demo.py': `import dependency\ndef main():\n    ${program}`, [info]: '[console_scripts]\nherald = demo:main\n' })) // prettier-ignore
  const dependency = forgeWheel({ 'dependency.py': '' })
  await writeFile(path.join(place.folder, '0'.repeat(64)), dependency)
  const entry = { name: 'dependency', version: '1.0', file: wheelFileName, size: 1, sha256: sha256('0'.repeat(64)), because: ['demo'] } // prettier-ignore
  given = { wheel, locked: { interpreter: '3.11.2', requested: [], packages: [entry] } }
})
afterAll(() => place.remove())

describe('an image without a Dockerfile', () => {
  it('has the base as it is, then dependencies, wheel and files of the tree', async () => {
    // The dist-info folders of both wheels are one, so the dependency goes without.
    const { file, built } = await assembled(place.request('a', { ...given, locked: null }, settings))
    expect(built.artifacts[0]?.name).toBe('acme_herald-1.0.oci.tar')
    expect(built.reads).toEqual(['conf/app.conf', 'conf/image.bin', 'run.sh'])
    const image = await openImage(file)
    await image.layout.close()
    const [platform] = image.platforms
    const base = place.request('a').images['base:1']?.platforms['linux/amd64']
    expect(`sha256:${platform?.layers[0]?.sha256 ?? ''}`).toBe(base?.layers[0]?.digest)
    // What the base was packed with is the test's own zlib.
    const labels = platform?.configuration.labels ?? {}
    expect(labels['org.opencontainers.image.base.digest']).toBe(base?.manifest.digest)
    const text = JSON.stringify(platform?.configuration.raw, null, 1)
    expect(text.replace(base?.manifest.digest ?? '', 'BASE')).toMatchSnapshot()
    const archive = await readImageArchive(file, { baseLayers: new Set([base?.layers[0]?.digest ?? '']) })
    expect(archive.metadata).toEqual({ name: '', version: '1.0' })
    const list = archive.members.map(
      ({ path: name, mode, fields }) => `${mode.toString(8)} ${fields.uid ?? ''} ${name}`
    )
    expect(list).toMatchSnapshot()
  })

  it('is what skopeo and umoci read: the same digests, the same files', async () => {
    const { file, built } = await assembled(place.request('a', { ...given, locked: null }, settings))
    const archive = await readImageArchive(file)
    const peers = await askImagePeers(file, place.folder)
    expect(peers.complaint).toBe('')
    expect(peers.tree).toEqual(imageTree(archive))
    expect(peers.digest).toBe(`sha256:${archive.members[0]?.sha256 ?? ''}`)
    expect(built.artifacts).toHaveLength(1)
  })

  it('is the same in both worlds but for copies of what is scrambled', async () => {
    const plain = { ...settings, files: [{ from: 'conf/app.conf', to: '/etc/app.conf' }] }
    const made = await Promise.all((['a', 'b'] as const).map((world) => assembled(place.request(world, { ...given, locked: null }, plain)))) // prettier-ignore
    const [a, b] = await Promise.all(made.map(({ file }) => readFile(file)))
    expect(a?.equals(b ?? Buffer.alloc(0))).toBe(true)
    const members = await Promise.all(
      (['a', 'b'] as const).map(async (world) => {
        const { file, built } = await assembled(place.request(world, { ...given, locked: null }, settings))
        expect(built.variations.find(({ name }) => name === 'scrambled-files')).toMatchObject({
          applied: true
        })
        expect(built.variations.find(({ name }) => name === 'clock')).toMatchObject({ applied: false })
        return (await readImageArchive(file)).members
      })
    )
    const other = members[0]?.filter(({ sha256: hash }, at) => hash !== members[1]?.[at]?.sha256)
    expect(other?.map((member) => member.path)).toEqual([
      'manifest.json',
      'config.json',
      'layers/3/usr/lib/herald/image.bin'
    ])
  })

  it('starts: its environment runs in the root it was made for', async () => {
    const request = place.request('a', { ...given, locked: null }, settings)
    const { file } = await assembled(request)
    const folder = path.join(place.folder, 'unpacked')
    await unpackImage(file, folder)
    // The wheel imports a dependency, which is not there.
    const binds = [{ source: path.join(folder, 'opt/app'), destination: '/opt/app' }]
    const alone = await inWorld('a', ['/opt/app/bin/herald'], { binds })
    expect(alone.code).toBe(1)
    expect(alone.output).toContain("No module named 'dependency'")
    await writeFile(path.join(folder, 'opt/app/lib/python3.11/site-packages/dependency.py'), '')
    const both = await inWorld('b', ['/opt/app/bin/herald'], { binds })
    expect(both.output).toContain('it starts')
    expect(both.code).toBe(0)
  })

  it('is one index for several platforms where all wheels are pure', async () => {
    const request = place.request('a', { ...given, locked: null, version: null })
    const image = request.target.image
    if (image?.mode === 'assemble') image.platforms = ['linux/arm64', 'linux/amd64']
    const { file, built } = await assembled(request)
    expect(built.artifacts[0]?.name).toBe('acme_herald-untagged.oci.tar')
    const archive = await readImageArchive(file)
    expect(archive.container.platforms).toBe('linux/amd64 linux/arm64')
    expect(archive.metadata.version).toBeNull()
    expect(archive.members.map(({ path: name }) => name)).toContain('linux-arm64/layers/2/opt/app/bin/herald')
  })

  it('leaves nothing behind but the artifact', async () => {
    await assembled(place.request('a', { ...given, locked: null }))
    expect(await readdir(path.join(place.folder, 'build-a'))).toEqual(['image'])
    expect(await readdir(path.join(place.folder, 'build-a', 'image'))).toContain('acme_herald-1.0.oci.tar')
  })
})

describe('what cannot be put together is refused, and nothing is left', () => {
  const cases: [string, () => Parameters<Assembling['request']>[1], object, RegExp][] = [
    ['two wheels that bring one file', () => given, {}, /different files to one place/],
    ['a Python other than the locked one', () => ({ locked: { ...given.locked, interpreter: '3.12.1', packages: [] } }), {}, /another Python than the lock/],
    ['a base that is not locked', () => ({}), { base: 'other:1' }, /no image other:1/],
    ['a platform that is not locked', () => ({ rootLock: { ...place.request('a').rootLock, architecture: 'riscv64' } }), {}, /linux\/riscv64/],
    ['a file that the tree has not', () => ({}), { files: [{ from: 'missing', to: '/x' }] }, /no missing/],
    ['a file in the place of a folder', () => ({}), { files: [{ from: 'run.sh', to: '/usr/lib' }] }, /cannot have a file or folder at \/usr\/lib/],
    ['a folder in the place of a file', () => ({}), { files: [{ from: 'run.sh', to: '/usr/bin/python3.11/x' }] }, /cannot have a file or folder at \/usr\/bin\/python3.11/]
  ] // prettier-ignore
  it.each(cases)('%s', async (_, more, change, problem) => {
    const request = place.request('b', more(), change)
    const { image } = request.target
    if (image?.mode === 'assemble' && request.rootLock.architecture !== 'amd64') image.platforms = []
    const error = await refusal(assembled(request))
    expect(error.message).toMatch(problem)
    expect(error.detail.fix).toBeDefined()
    expect(await readdir(request.folder).catch(() => [])).not.toContain('acme_herald-1.0.oci.tar.part')
    expect((await readdir(path.dirname(request.folder))).filter((name) => name.includes('work'))).toEqual([])
  })

  it('a wheel compiled for another machine', async () => {
    const wheel = path.join(place.folder, 'demo-1.0-cp311-cp311-manylinux_2_17_aarch64.whl')
    await writeFile(wheel, forgeWheel({ 'demo.py': '' }))
    const error = await refusal(assembled(place.request('a', { wheel })))
    expect(error.code).toBe('lock-incomplete')
    expect(error.detail.found).toContain('aarch64')
  })

  it('a base that lies about its layer', async () => {
    const lying = await assembling()
    try {
      const request = lying.request('a', given)
      const [layer] = request.images['base:1']?.platforms['linux/amd64']?.layers ?? []
      const file = request.blob(layer?.digest ?? '')
      const bytes = await readFile(file)
      bytes[bytes.length - 1] = 1
      await writeFile(file, bytes)
      expect((await refusal(assembled(request))).code).toBe('archive-invalid')
    } finally {
      await lying.remove()
    }
  })
})

describe('tagproof-root', () => {
  it('is the root as it is, once made, and the base of an image', async () => {
    const root = path.join(place.folder, 'root')
    await mkdir(path.join(root, 'usr/bin'), { recursive: true })
    await mkdir(path.join(root, 'usr/lib/tagproof'), { recursive: true })
    await writeFile(path.join(root, 'usr/lib/tagproof/clock.so'), 'not for images')
    await writeFile(path.join(root, 'usr/bin/python3.11'), '')
    await symlink('python3.11', path.join(root, 'usr/bin/python3'))
    await symlink('usr/bin', path.join(root, 'bin'))
    const prepared = { path: root, hash: sha256('4'.repeat(64)), python: '/usr/bin/python3' }
    const request = place.request('a', { ...given, locked: null, root: prepared }, { base: 'tagproof-root' })
    const { file } = await assembled(request)
    const { members } = await readImageArchive(file)
    const names = members.map((member) => member.path)
    expect(names).toContain('layers/0/bin')
    expect(names.filter((name) => name.includes('usr/lib/'))).toEqual([])
    const { cache, rootLock } = request
    const image = { root: prepared, rootLock, cache, log: silentLog }
    expect((await rootImage(image)).digest).toBe((await rootImage({ ...image, root: { ...prepared, path: '/nonexistent' } })).digest) // prettier-ignore
  })
})
