import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Build } from '../../src/documents/build.ts'
import { sha256 } from '../../src/documents/identifiers.ts'
import type { ImageLock, Lock } from '../../src/documents/lock.ts'
import { lockImages } from '../../src/lock/images/lock-images.ts'
import { fetchInputs } from '../../src/lock/inputs.ts'
import { formatLock } from '../../src/lock/lock-file.ts'
import { exportStore, openStore } from '../../src/lock/store.ts'
import { createHttpClient } from '../../src/platform/http.ts'
import { silentLog } from '../../src/platform/log.ts'
import { plainEnvironment, runChecked } from '../../src/platform/process.ts'
import { machinePlatform } from '../../src/platform/registry/platform.ts'
import { build } from '../../src/stages/build.ts'
import { stageContext } from '../../src/stages/context.ts'
import { plan } from '../../src/stages/plan.ts'
import { openBase } from '../../src/targets/image/assemble-base.ts'
import { digestOf } from '../real/support/registry.ts'
import { buildRelease, makeRelease, type TestRelease } from '../real/support/release.ts'
import { pythonRoot, testCache } from '../real/support/root.ts'
import { refusal, tarOf } from '../unit/formats/forge.ts'
import { addLayer, alterImage, layerOf } from './harness/altered-image.ts'
import { program } from './harness/altered-parts.ts'
import { expectedLines, proveAgain, refusals, waive } from './harness/gate.ts'
import { handOn } from './harness/handed.ts'
import { attackBase } from './harness/image-base.ts'
import { firedInImages } from './harness/images.ts'
import { withPlainBuildkit } from './harness/plain-image.ts'
import { ownedRegistry, type OwnedRegistry } from './harness/registry.ts'
import { movedBase, otherBase } from './moved-base.ts'

const targets = ['tag', 'digest'] as const
const artifact = (name: string): string => `victim_${name}-1.2.3.oci.tar`

describe(movedBase.title, () => {
  const client = createHttpClient({ retryMilliseconds: 5 })
  let room: string
  let registry: OwnedRegistry
  let release: TestRelease
  let reference: string
  let locked: ImageLock
  let builds: Record<'a' | 'b', Build>
  let proof: Awaited<ReturnType<typeof proveAgain>>

  beforeAll(async () => {
    const { layout } = await attackBase('shell')
    room = await mkdtemp(path.join(tmpdir(), 'tagproof-moved-base-'))
    registry = await ownedRegistry(room)
    reference = `${registry.host}/victim/base:1`
    await registry.push(`oci:${layout}`, 'victim/base:1')
    locked = await lockedToday()
    const from = { tag: reference, digest: `${reference}@${locked.digest}` }
    release = await makeRelease({
      '.github/tagproof.yml': JSON.stringify({
        targets: targets.map((name) => ({
          ...{ kind: 'image', name, repository: `victim/${name}`, dockerfile: `Dockerfile.${name}` }
        }))
      }),
      'honest.txt': 'be honest\n',
      ...Object.fromEntries(
        targets.map((name) => [`Dockerfile.${name}`, `FROM ${from[name]}\nCOPY honest.txt /srv/\n`])
      )
    })
    await moveTag(layout)
    ;({ builds } = await buildRelease(release, lockWith(locked)))
    proof = await proveAgain(release)
    await buildPlainly()
  })
  afterAll(async () => {
    client.close()
    await Promise.all([registry.close(), release.remove()])
    await rm(room, { recursive: true, force: true })
  })

  /** What the tag leads to now. */
  async function lockedToday(named = reference): Promise<ImageLock> {
    const found = await lockImages([{ reference: named, platforms: [] }], {
      ...{ previous: {}, sources: {}, log: silentLog, client, environment: { HOME: '/nonexistent' } },
      askDefault: () => Promise.resolve(null)
    })
    const [image] = Object.values(found)
    if (image === undefined) throw new Error('nothing was locked')
    return image
  }

  async function moveTag(layout: string): Promise<void> {
    const [honest, evil] = [path.join(room, 'honest.oci.tar'), path.join(room, 'evil.oci.tar')]
    await runChecked(
      'skopeo',
      ['--insecure-policy', 'copy', '--quiet', `oci:${layout}`, `oci-archive:${honest}`],
      { env: { ...plainEnvironment, HOME: room, TMPDIR: room } }
    )
    await alterImage(honest, evil, (parts) =>
      addLayer(parts, layerOf(tarOf(program('base', 'srv/bin/base'))))
    )
    await registry.push(`oci-archive:${evil}`, 'victim/base:1')
  }

  const lockOf = (image: ImageLock | null, root: Lock['roots']): Lock => ({
    ...{ schema: 'tagproof/lock/1', roots: root, python: {} },
    images: image === null ? {} : { [reference]: image }
  })
  const lockWith = (image: ImageLock | null) => async (): Promise<string> => {
    const file = path.join(room, 'tagproof.lock')
    await writeFile(file, formatLock(lockOf(image, { python: (await pythonRoot()).lock })))
    return file
  }

  async function buildPlainly(): Promise<void> {
    const { folder } = release.project
    for (const name of targets) await mkdir(path.join(room, name))
    await withPlainBuildkit(async ({ build: made }) => {
      for (const name of targets) {
        const { code, stderr } = await made([
          ...['--local', `context=${folder}`, '--local', `dockerfile=${folder}`],
          ...['--opt', `filename=Dockerfile.${name}`],
          ...['--output', `type=oci,dest=${path.join(room, name, artifact(name))}`]
        ])
        if (code !== 0) throw new Error(stderr.toString().slice(-4000))
      }
    })
  }

  const one = (image: ImageLock): ImageLock['platforms'][string] => {
    const found = image.platforms[machinePlatform()]
    if (found === undefined) throw new Error('the base is not for this machine')
    return found
  }
  const fetchInto = (name: string, image: ImageLock, offline = false): ReturnType<typeof fetchInputs> =>
    fetchInputs(lockOf(image, {}), {
      ...{ store: path.join(room, name), sources: {}, log: silentLog, offline, client, aptSources: [] },
      environment: { HOME: '/nonexistent' }
    })

  it('by BuildKit alone, the image on the tag runs the marker, that on the digest does not', async () => {
    expect(await firedInImages(release, path.join(room, 'tag'))).toEqual(['base'])
    expect(await firedInImages(release, path.join(room, 'digest'))).toEqual([])
  })

  it('by Tagproof both get the locked base, and the line that pins it for everybody is told', async () => {
    expect(refusals(proof)).toEqual([])
    expect(proof.verdict).toBe('proven')
    for (const name of targets)
      expect(await firedInImages(release, path.join(release.context.out.build('a'), name))).toEqual([])
    const told = proof.findings.filter(({ code }) => code === 'dockerfile-tag')
    expect(told).toHaveLength(1)
    expect(told[0]?.message).toContain(`Dockerfile.tag:1 takes ${reference} by its tag`)
    expect(told[0]?.fix).toBe(`Line 1: FROM ${reference}@${locked.digest}`)
  })

  it('an assembled image takes the locked base as well, under the digest that was added to its name', async () => {
    const inputs = await fetchInto('honest', locked)
    const blob = (digest: string): string => inputs.blob(digest)
    const [os = '', architecture = ''] = machinePlatform().split('/')
    const { lock: rootLock, root } = await pythonRoot()
    const open = async (digest: string): Promise<string> => {
      const request = {
        images: { [reference]: locked },
        blob,
        root,
        rootLock,
        cache: testCache,
        log: silentLog
      }
      const platform = { os, architecture, variant: '' }
      return (await openBase(`${reference}@${digest}`, platform, request)).digest
    }
    expect(await open(locked.digest)).toBe(one(locked).manifest.digest)
    const evil = await lockedToday()
    expect((await refusal(open(evil.digest))).code).toBe('lock-incomplete')
  })

  it('a base that is not locked is refused before anything is fetched, with file, line and fix', async () => {
    const { code, detail } = await refusal(buildRelease(release, lockWith(null), ['tag']))
    expect(code).toBe('lock-incomplete')
    expect(detail).toMatchObject({ where: 'Dockerfile.tag:1', expected: reference })
    expect(detail.fix).toMatch(/^Run tagproof lock/)
  })

  it('with the lock made anew once the tag moved, the other base goes through', async () => {
    const evil = await lockedToday()
    expect(evil.digest).not.toBe(locked.digest)
    const out = path.join(room, 'out-anew')
    const { folder: repository } = release.project
    const anew = {
      ...release,
      context: stageContext({ repository, out, cache: testCache, log: silentLog })
    }
    await buildRelease(anew, lockWith(evil), ['tag'])
    const off = await proveAgain(anew)
    expect(refusals(off)).toEqual([])
    expect(off.verdict).toBe('proven')
    expect(await firedInImages(anew, anew.context.out.packages)).toEqual(['base'])
  })

  it.each(['manifest', 'config', 'layer'] as const)(
    'a registry that sends another %s for its digest is refused; a lock that names those bytes takes them',
    async (part) => {
      const { manifest, config, layers } = one(locked)
      const blob = { manifest, config, layer: layers[0] ?? config }[part]
      const honest = await fetchInto('honest', locked)
      // As long as the right ones: size alone does not tell.
      const lie = await readFile(honest.blob(blob.digest))
      lie.writeUInt8(lie.readUInt8(lie.length - 1) ^ 1, lie.length - 1)
      registry.lies.set(blob.digest, lie)
      try {
        const { code, detail } = await refusal(fetchInto(`lie-${part}`, locked))
        expect(code).toBe('hash-mismatch')
        expect(detail.output).toContain(blob.digest)
        expect(detail.output).toContain(digestOf(lie).slice('sha256:'.length))
        if (part !== 'layer')
          expect((await refusal(lockedToday(`${reference}@${locked.digest}`))).code).toBe('hash-mismatch')
        const named = { ...blob, digest: digestOf(lie) }
        registry.lies.set(named.digest, lie)
        const same = (entry: typeof blob): typeof blob => (entry.digest === blob.digest ? named : entry)
        const off: ImageLock = {
          ...locked,
          platforms: {
            [machinePlatform()]: {
              manifest: same(manifest),
              config: same(config),
              layers: layers.map(same)
            }
          }
        }
        const taken = await fetchInto(`lie-${part}`, off)
        expect(digestOf(await readFile(taken.blob(named.digest)))).toBe(named.digest)
      } finally {
        registry.lies.clear()
      }
    }
  )

  it('a layer that is changed in the folder of inputs, between fetch and build, is refused', async () => {
    const cache = path.join(room, 'cache')
    const inputs = path.join(cache, 'inputs')
    const { lock: root } = await pythonRoot()
    const { manifest, config, layers } = one(locked)
    const blobs = [manifest, config, ...layers].map(({ digest, size }) => ({
      sha256: sha256(digest.slice('sha256:'.length)),
      size
    }))
    await exportStore(
      await openStore(path.join(testCache, 'inputs')),
      [...root.packages.map(({ sha256: hash, size }) => ({ sha256: hash, size })), ...blobs],
      inputs
    )
    const context = stageContext({
      ...{ repository: release.project.folder, out: path.join(room, 'out-changed'), cache, log: silentLog }
    })
    await plan(context, { lock: await lockWith(locked)(), targets: ['tag'] })
    const layer = blobs.at(-1)
    const place = path.join(inputs, layer?.sha256 ?? '')
    const honest = await readFile(place)
    // A link to the file that others use: it is not written to.
    await rm(place)
    await writeFile(place, Buffer.alloc(honest.length))
    const { code, detail } = await refusal(build(context, { worlds: ['a'] }))
    expect(code).toBe('input-missing')
    expect(detail.found).toBe(`sha256:${layer?.sha256 ?? ''}`)
  })

  it('an image on another base than the locked one is refused; with that check off, it would be shipped', async () => {
    const handing = { release, builds, on: 'shell', lockWith: lockWith(locked) } as const
    const handed = await handOn(handing, [{ name: 'tag', of: 'tag' }], () =>
      path.join(room, 'tag', artifact('tag'))
    )
    expect(refusals(await proveAgain(handed))).toEqual(expectedLines(otherBase))
    await waive(handed, otherBase)
    expect(refusals(await proveAgain(handed))).toEqual([])
    expect(await firedInImages(handed, handed.context.out.packages)).toEqual(['base'])
  })
})
