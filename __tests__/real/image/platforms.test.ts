import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { buildkit } from '../../../src/builders/buildkit/buildkit.ts'
import type { ImageBuilder } from '../../../src/builders/builder.ts'
import { findBuildkit } from '../../../src/builders/tool.ts'
import type { Build } from '../../../src/documents/build.ts'
import type { ImageLock } from '../../../src/documents/lock.ts'
import { fetchInputs, type Inputs } from '../../../src/lock/inputs.ts'
import { silentLog } from '../../../src/platform/log.ts'
import { plainEnvironment, runChecked } from '../../../src/platform/process.ts'
import { machinePlatform } from '../../../src/platform/registry/platform.ts'
import { emulationFindings } from '../../../src/proof/plan-findings.ts'
import { stageContext } from '../../../src/stages/context.ts'
import { imageNeeds, lockBases } from '../../../src/stages/lock-images.ts'
import { openHead } from '../../../src/stages/source.ts'
import { buildDockerfile } from '../../../src/targets/image/dockerfile-build.ts'
import { tarMember, tarOf } from '../../unit/formats/forge.ts'
import { builtImage, dockerfileRequest } from '../support/dockerfile.ts'
import { contentOf, tinyBase, type TestBase } from '../support/image.ts'
import { makeImage, startRegistry, writeTestLayout, type TestRegistry } from '../support/registry.ts'
import { pythonRoot, type TestRoot } from '../support/root.ts'
import { makeProject } from '../source/git-project.ts'

/** A platform that no machine of the tests has. */
const foreign = 'linux/s390x'
const platforms = [machinePlatform(), foreign].sort()

let work: string
let registry: TestRegistry
let shared: TestRoot
let builder: ImageBuilder
let base: TestBase
let places = 0
beforeAll(async () => {
  work = await mkdtemp(path.join(tmpdir(), 'tagproof-platforms-'))
  registry = await startRegistry()
  shared = await pythonRoot()
  base = await tinyBase(shared.root.path, path.join(work, 'tiny'))
  const found = await findBuildkit()
  if (found === undefined) throw new Error('no BuildKit')
  builder = buildkit(found)
  const layer = (platform: string): Buffer => tarOf(tarMember('data', platform))
  await writeTestLayout(path.join(work, 'layout'), { data: makeImage('data', { platforms, layer }) })
  const copy = ['copy', '--all', '--preserve-digests', '--dest-tls-verify=false']
  await runChecked('skopeo', [...copy, `oci:${work}/layout:data`, `docker://${registry.host}/team/data:1`], {
    env: { ...plainEnvironment, HOME: work }
  })
})
afterAll(async () => {
  await registry.close()
  await rm(work, { recursive: true, force: true })
})

function place(): string {
  places += 1
  return path.join(work, `run-${places}`)
}

/** Locks what a Dockerfile of a tagged tree asks for, and fetches it. */
async function lockedFor(text: string): Promise<{ images: Record<string, ImageLock>; inputs: Inputs }> {
  const project = await makeProject({
    Dockerfile: text,
    '.github/tagproof.yml': 'targets:\n  - kind: image\n'
  })
  try {
    const out = path.join(work, 'out')
    const context = stageContext({ repository: project.folder, out, cache: work, log: silentLog })
    const source = await openHead(context, {})
    const images = await lockBases(context, source, await imageNeeds(source), null).finally(() =>
      source.repository.close()
    )
    const lock = { schema: 'tagproof/lock/1' as const, roots: {}, python: {}, images }
    const inputs = await fetchInputs(lock, { store: path.join(work, 'store'), sources: {}, log: silentLog })
    return { images, inputs }
  } finally {
    await project.remove()
  }
}

describe('--platform of a FROM', () => {
  test('is what is locked, fetched and taken, whatever the platform of the target', async () => {
    const reference = `${registry.host}/team/data:1`
    const text = `FROM --platform=${foreign} ${reference} AS other
FROM ${reference} AS own
FROM scratch
COPY --from=other /data /other
COPY --from=own /data /own
`
    const { images, inputs } = await lockedFor(text)
    expect(Object.keys(images[reference]?.platforms ?? {}).sort()).toEqual(platforms)
    const alone = await lockedFor(`FROM --platform=${foreign} ${reference}\nCOPY Dockerfile /x\n`)
    expect(Object.keys(alone.images[reference]?.platforms ?? {})).toEqual([foreign])
    const blob = (digest: string): string => inputs.blob(digest)
    const request = await dockerfileRequest({ world: 'a', text, place: place(), shared, images, blob })
    const built = await buildDockerfile(request, builder)
    expect(await contentOf(builtImage(request), '/other')).toEqual([foreign])
    expect(await contentOf(builtImage(request), '/own')).toEqual([machinePlatform()])
    // Files were copied, and no program of the other platform ran.
    expect(built.emulated).toBeUndefined()
  })

  test('of the machine that builds is that of the image: no release depends on where it was made', async () => {
    const reference = `${registry.host}/team/data:1`
    const { images, inputs } = await lockedFor(`FROM --platform=${foreign} ${reference}\n`)
    const text = `FROM --platform=$BUILDPLATFORM ${reference} AS tools\nFROM scratch\nCOPY --from=tools /data /data\n`
    const blob = (digest: string): string => inputs.blob(digest)
    const settings = { platforms: [foreign] }
    const parts = { world: 'a' as const, text, place: place(), shared, images, blob, settings }
    const request = await dockerfileRequest(parts)
    await buildDockerfile(request, builder)
    expect(await contentOf(builtImage(request), '/data')).toEqual([foreign])
  })

  test('that the lock does not have is refused by its name', async () => {
    const reference = `${registry.host}/team/data:1`
    const { images, inputs } = await lockedFor(`FROM ${reference}\n`)
    const text = `FROM --platform=${foreign} ${reference}\n`
    const blob = (digest: string): string => inputs.blob(digest)
    const request = await dockerfileRequest({ world: 'a', text, place: place(), shared, images, blob })
    await expect(buildDockerfile(request, builder)).rejects.toMatchObject({
      code: 'lock-incomplete',
      message: expect.stringContaining(foreign)
    })
  })
})

describe('programs of another platform', () => {
  const reference = (): string => `example.test/tiny:1@${base.lock.digest}`
  /** The programs are of this machine; the lock says that they are of another, so that an emulator would run them. */
  const request = async (text: string): ReturnType<typeof dockerfileRequest> => {
    const locked = Object.values(base.lock.platforms)[0]
    const images = { [reference()]: { ...base.lock, platforms: { [foreign]: locked } } as ImageLock }
    const settings = { platforms: [foreign] }
    const blob = (digest: string): string => base.blob(digest)
    return dockerfileRequest({ world: 'a', text, place: place(), shared, images, blob, settings })
  }
  const emulators = async (answer: string): Promise<string> => {
    const folder = path.join(work, `formats-${places}`)
    await mkdir(folder)
    await writeFile(path.join(folder, 'qemu-s390x'), answer)
    return folder
  }

  test('are not run where no emulator is registered, or one that no image could reach', async () => {
    for (const answer of ['disabled\nflags: F\n', 'enabled\nflags: OC\n']) {
      const folder = await emulators(answer)
      const failed = buildDockerfile(await request(`FROM ${reference()}\nRUN true\n`), builder, folder)
      await expect(failed).rejects.toMatchObject({
        code: 'tool-missing',
        message: expect.stringContaining(foreign),
        detail: { fix: expect.stringContaining('qemu-user-static') }
      })
    }
  })

  test('are told in the record of the build, and the proof warns of them', async () => {
    const folder = await emulators('enabled\ninterpreter /usr/bin/qemu-s390x-static\nflags: OCF\n')
    const built = await buildDockerfile(await request(`FROM ${reference()}\nRUN true\n`), builder, folder)
    expect(built.emulated).toEqual([foreign])
    const copied = await buildDockerfile(
      await request(`FROM ${reference()}\nCOPY docker /x\n`),
      builder,
      folder
    )
    expect(copied.emulated).toBeUndefined()
    const build = (target: typeof built): Build => ({ targets: [target] }) as unknown as Build
    expect(emulationFindings({ a: build(copied), b: build(copied) })).toEqual([])
    expect(emulationFindings({ a: build(built), b: build(built) })).toMatchObject([
      { check: 'policy', code: 'emulated', severity: 'warn', artifact: 'herald_app-1.0.oci.tar' }
    ])
  })
})
