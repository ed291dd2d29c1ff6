import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { mkdir, writeFile } from 'node:fs/promises'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import type { Build } from '../../src/documents/build.ts'
import { buildRelease, makeRelease, type TestRelease } from '../real/support/release.ts'
import { refusal } from '../unit/formats/forge.ts'
import type { Report } from './harness/attack.ts'
import { expectedLines, proveAgain, refusals, waive } from './harness/gate.ts'
import { attackBase } from './harness/image-base.ts'
import { handOn } from './harness/handed.ts'
import { baseArguments, firedInImages, imageProject, lockImage } from './harness/images.ts'
import { withPlainBuildkit, type PlainBuildkit } from './harness/plain-image.ts'
import { imageNetwork, type FetchedImage } from './image-network.ts'

const all: readonly FetchedImage[] = imageNetwork.images
const names = all.map(({ name }) => name).sort()
const going = all.filter(({ fails }) => fails === null)
const program = (name: string): string => `#!/bin/sh\necho "fired: ${name}"\n`
const reportsOf = ({ name, reported }: FetchedImage): Report[] =>
  reported.map((report) => ({ ...report, package: `victim_${name}` }))

describe(imageNetwork.title, () => {
  let server: http.Server
  let release: TestRelease
  let plain: string
  let builds: Record<'a' | 'b', Build>

  beforeAll(async () => {
    // Stands for all servers that there are.
    server = http.createServer((request, response) => response.end(program((request.url ?? '').slice(1))))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const files = await imageProject(
      all.map(({ name }) => ({ name, dockerfile: `Dockerfile.${name}` })),
      ({ reference }) => ({
        'bin/honest': { executable: '#!/bin/sh\necho honest\n' },
        ...Object.fromEntries(
          all.map(({ name, steps }) => [
            `Dockerfile.${name}`,
            `FROM ${reference}\nENV PYTHONDONTWRITEBYTECODE=1\n${steps(address)}\n`
          ])
        )
      })
    )
    release = await makeRelease(files)
    await writeFile(path.join(release.project.folder, 'bin/folder'), program('folder'), { mode: 0o755 })
    plain = path.join(release.project.room, 'images')
    await mkdir(plain)
    await withPlainBuildkit((buildkit) => buildAll(buildkit))
  })
  afterAll(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
    await release.remove()
  })

  /** In the working folder, where an earlier build has left something in the cache. */
  async function buildAll({ build }: PlainBuildkit): Promise<void> {
    const { folder, room } = release.project
    const epoch = (await release.project.git('log', '-1', '--format=%ct')).trim()
    const earlier = path.join(room, 'earlier')
    await mkdir(earlier)
    const from = (await attackBase()).reference
    const fill = `printf '${program('cache').replaceAll('\n', '\\n')}' >/var/cache/tools/cache && chmod 755 /var/cache/tools/cache`
    await writeFile(
      path.join(earlier, 'Dockerfile'),
      `FROM ${from}\nRUN --mount=type=cache,target=/var/cache/tools ${fill}\n`
    )
    const made = async (place: string, dockerfile: string, output: string[]): Promise<void> => {
      const { code, stderr } = await build([
        ...[
          '--local',
          `context=${place}`,
          '--local',
          `dockerfile=${place}`,
          '--opt',
          `filename=${dockerfile}`
        ],
        ...['--opt', `build-arg:SOURCE_DATE_EPOCH=${epoch}`, ...(await baseArguments()), ...output]
      ])
      if (code !== 0) throw new Error(stderr.toString().slice(-4000))
    }
    await made(earlier, 'Dockerfile', [])
    for (const { name } of all)
      await made(folder, `Dockerfile.${name}`, [
        '--output',
        `type=oci,dest=${plain}/victim_${name}-1.2.3.oci.tar`
      ])
  }

  it('by BuildKit alone, each image runs the marker', async () => {
    expect(await firedInImages(release, plain)).toEqual(names)
  })

  const failing = all.flatMap(({ how, name, fails }) => (fails === null ? [] : [[how, name, fails] as const]))
  it.each(failing)('by Tagproof it fails at the step: %s', async (_, name, step) => {
    const { code, detail } = await refusal(buildRelease(release, lockImage, [name]))
    expect(code).toBe('build-failed')
    expect(`${detail.where ?? ''} ${detail.output ?? ''}`).toContain(step)
  })

  it('by Tagproof the others go on without, and what asks for more than the tag holds is refused', async () => {
    builds = (
      await buildRelease(
        release,
        lockImage,
        going.map(({ name }) => name)
      )
    ).builds
    const rules = going.flatMap(reportsOf).filter(({ check }) => check === 'policy')
    expect(refusals(await proveAgain(release))).toEqual(expectedLines(rules))
    for (const { name } of going)
      expect(await firedInImages(release, path.join(release.context.out.build('a'), name))).toEqual([])
  })

  it('what a builder with a network has made is refused; with that check off, it would be shipped', async () => {
    const images = all.map(({ name }) => ({ name, of: going[0]?.name ?? '' }))
    const handed = await handOn({ release, builds, on: 'python' }, images, (name) =>
      path.join(plain, `victim_${name}-1.2.3.oci.tar`)
    )
    const reports = all.flatMap(reportsOf)
    expect(refusals(await proveAgain(handed))).toEqual(expectedLines(reports))
    await waive(handed, reports)
    expect(refusals(await proveAgain(handed))).toEqual([])
    expect(await firedInImages(handed, handed.context.out.packages)).toEqual(names)
  })
})
