import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { buildah } from '../../../src/builders/buildah/buildah.ts'
import type { ImageBuilder } from '../../../src/builders/builder.ts'
import { buildkit } from '../../../src/builders/buildkit/buildkit.ts'
import { findBuildah, findBuildkit } from '../../../src/builders/tool.ts'
import type { BuiltTarget } from '../../../src/documents/build.ts'
import type { World } from '../../../src/documents/identifiers.ts'
import { openImage } from '../../../src/formats/oci/image.ts'
import { hashFile } from '../../../src/platform/files.ts'
import { buildDockerfile } from '../../../src/targets/image/dockerfile-build.ts'
import type { DockerfileRequest } from '../../../src/targets/image/dockerfile-inputs.ts'
import { builtImage, dockerfileRequest } from '../support/dockerfile.ts'
import { contentOf, tinyBase, type TestBase } from '../support/image.ts'
import { pythonRoot, type TestRoot } from '../support/root.ts'
import { freshId, leftAfter, leftOf } from '../support/world.ts'

let work: string
let base: TestBase
let shared: TestRoot
const builders = new Map<string, ImageBuilder>()

beforeAll(async () => {
  work = await mkdtemp(path.join(tmpdir(), 'tagproof-dockerfile-test-'))
  shared = await pythonRoot()
  base = await tinyBase(shared.root.path, work)
  const [kit, fallback] = [await findBuildkit(), await findBuildah()]
  if (kit !== undefined) builders.set('buildkit', buildkit(kit))
  if (fallback !== undefined) builders.set('buildah', buildah(fallback))
})
afterAll(() => rm(work, { recursive: true, force: true }))

const reference = (): string => `example.test/tiny:1@${base.lock.digest}`
let runs = 0

interface Run {
  target: BuiltTarget
  file: string
  lines: string[]
}

/** Builds a Dockerfile whose base is the tiny one; `{base}` stands for it. */
async function build(
  builder: string,
  world: World,
  text: string,
  {
    files = [],
    settings = {},
    ...more
  }: Partial<DockerfileRequest> & { files?: [string, string][]; settings?: { platforms?: string[] } } = {}
): Promise<Run> {
  runs += 1
  const lines: string[] = []
  const request = await dockerfileRequest(
    {
      world,
      text: text.replaceAll('{base}', reference()),
      place: path.join(work, `run-${runs}`),
      shared,
      images: { [reference()]: base.lock },
      blob: (digest) => base.blob(digest),
      files,
      settings
    },
    { onLine: (line) => lines.push(line), ...more }
  )
  const target = await buildDockerfile(request, builders.get(builder))
  return { target, file: builtImage(request), lines }
}

const look = `{ env; echo "host $(hostname)"; echo "date $(date +%s)"; echo "nproc $(nproc)"; \\
  echo "online $(cat /sys/devices/system/cpu/online)"; echo "map $(cat /proc/self/uid_map)"; \\
  echo "interfaces $(grep -c : /proc/net/dev)"; grep -E "^(CapEff|Seccomp|NoNewPrivs):" /proc/self/status; \\
  id; head -c8 /dev/urandom; } >`

function value(seen: string, pattern: RegExp): string {
  return (pattern.exec(seen)?.[1] ?? '').trim()
}

function expectConditions(world: World, seen: string): void {
  const b = world === 'b'
  expect(value(seen, /^TZ=(.*)$/m)).toBe(b ? '<+14>-14' : 'UTC')
  expect(value(seen, /^LC_ALL=(.*)$/m)).toBe(b ? 'et_EE.UTF-8' : 'C.UTF-8')
  expect(value(seen, /^PYTHONHASHSEED=(.*)$/m)).toBe(b ? '31337' : '0')
  expect(value(seen, /^PATH=(.*)$/m)).toBe(
    b ? '/usr/bin:/bin:/opt/tagproof-tail/bin:/usr/games' : '/usr/bin:/bin'
  )
  expect(value(seen, /^host (.*)$/m)).toBe(b ? 'elsewhere-b' : 'tagproof')
  const later = Number(value(seen, /^date (.*)$/m)) - Date.now() / 1000
  expect(Math.abs(later - (b ? 400 * 86_400 : 0))).toBeLessThan(600)
  expect(value(seen, /^nproc (.*)$/m)).toBe(value(seen, /^OMP_NUM_THREADS=(.*)$/m))
  expect(value(seen, /^online (.*)$/m).split(',')).toHaveLength(Number(value(seen, /^nproc (.*)$/m)))
  expect(seen).not.toMatch(/TRACEPARENT|OTEL_|GITHUB_|^CI=/m)
}

function expectConfined(world: World, seen: string): void {
  expect(value(seen, /^map (.*)$/m)).toMatch(
    new RegExp(`^0 +${world === 'b' ? 1_900_065_536 : 1_900_000_000} +65536$`)
  )
  expect(value(seen, /^interfaces (.*)$/m)).toBe('1')
  // Owner of its image: eleven capabilities, none of them over the machine.
  expect(value(seen, /^CapEff:(.*)$/m)).toBe('00000000800405fb')
  expect(value(seen, /^NoNewPrivs:(.*)$/m)).toBe('1')
  expect(value(seen, /^Seccomp:(.*)$/m)).toBe('2')
}

const inForce = ['host-name', 'timezone', 'locale', 'hash-seed', 'clock', 'cpus', 'path-tail', 'build-path']

describe.each(['buildkit', 'buildah'])('%s', (name) => {
  test('the machine that tests has it', () => {
    expect([...builders.keys()]).toContain(name)
  })

  test('steps see the conditions of their world, no network, and nobody else’s randomness', async () => {
    const hosted = name === 'buildkit' ? `RUN --network=host ${look}/hosted` : `RUN ${look}/hosted`
    const text = `FROM {base}\nRUN ${look}/seen\n${hosted}\n`
    const random: string[] = []
    for (const world of ['a', 'b'] as const) {
      const { target, file } = await build(name, world, text)
      for (const ending of ['/seen', '/hosted']) {
        const [seen = ''] = await contentOf(file, ending)
        expectConditions(world, seen)
        expectConfined(world, seen)
        random.push(seen.slice(-8))
      }
      const told = new Map(target.variations.map((variation) => [variation.name, variation]))
      for (const variation of inForce)
        expect(told.get(variation as never)).toMatchObject({ applied: true, reason: '' })
      for (const variation of ['home', 'user-id', 'umask'])
        expect(told.get(variation as never)).toMatchObject({
          applied: false,
          reason: expect.stringMatching(/image/)
        })
    }
    expect(new Set(random).size).toBe(random.length)
  })

  test('what depends on nothing is the same in both worlds, on its base, whatever files are replaced by', async () => {
    const text =
      'FROM {base}\nCOPY data /data\nCOPY --from=tagproof-wheel / /wheels/\nRUN rm -r /tmp && mkdir /tmp && touch /tmp/made && grep -c . /data >/count\nWORKDIR /work\n'
    const wheel = path.join(work, 'herald-1.0-py3-none-any.whl')
    await writeFile(wheel, 'a wheel')
    const more = { wheel, files: [['data', 'one\n']] as [string, string][] }
    const [a, b] = [await build(name, 'a', text, more), await build(name, 'b', text, more)]
    expect(await contentOf(a.file, 'herald-1.0-py3-none-any.whl')).toEqual(['a wheel'])
    expect(await hashFile(b.file)).toEqual(await hashFile(a.file))
    const image = await openImage(a.file)
    await image.layout.close()
    const [layer] = image.platforms[0]?.layers ?? []
    expect(`sha256:${layer?.sha256 ?? ''}`).toBe(Object.values(base.lock.platforms)[0]?.layers[0]?.digest)
    expect(Object.keys(a.target.evidence ?? {})).toEqual(['builder.json'])
    const record = await readFile(`${path.dirname(a.file)}+evidence/builder.json`, 'utf8')
    expect(JSON.parse(record)).toMatchObject({
      builder: { name },
      platforms: [{ emulated: [], steps: 1 }]
    })
  })
})

describe('several platforms, and what an image sets itself', () => {
  const platforms = ['linux/amd64', 'linux/arm64']

  test('an image of several platforms has one index', async () => {
    const { file } = await build('buildkit', 'a', 'FROM scratch\nCOPY data /data\n', {
      files: [['data', 'one\n']],
      settings: { platforms }
    })
    const image = await openImage(file)
    await image.layout.close()
    expect(image.platforms.map(({ platform }) => `${platform.os}/${platform.architecture}`)).toEqual(
      platforms
    )
  })

  test('what the image sets stays, and the record says so', async () => {
    const { target, file } = await build(
      'buildkit',
      'b',
      'FROM {base}\nENV TZ=UTC LANG=C\nRUN env >/seen\n',
      {
        off: ['clock']
      }
    )
    const [seen = ''] = await contentOf(file, '/seen')
    expect(seen).toMatch(/^TZ=UTC$/m)
    expect(seen).not.toMatch(/LC_ALL|LD_PRELOAD/)
    const told = new Map(target.variations.map((variation) => [variation.name, variation]))
    expect(told.get('timezone')).toMatchObject({ applied: false, reason: 'the image sets TZ (1 of 1 steps)' })
    expect(told.get('locale')).toMatchObject({ applied: false, reason: 'the image sets LANG (1 of 1 steps)' })
    expect(told.get('clock')).toMatchObject({ applied: false, reason: 'left out on request' })
    expect(told.get('host-name')).toMatchObject({ applied: true })
  })
})

describe('a build that does not end well', () => {
  test('the step is named, with its lines and what to do', async () => {
    const failed = build(
      'buildkit',
      'a',
      'FROM {base}\nRUN true\nRUN echo "Temporary failure in name resolution"; exit 7\n'
    )
    await expect(failed).rejects.toMatchObject({
      code: 'build-failed',
      detail: {
        where: 'docker/Dockerfile:3',
        output: expect.stringContaining('Temporary failure'),
        fix: expect.stringContaining('tagproof-debs')
      }
    })
  })

  test('a base or context that is not locked is told before anything runs', async () => {
    await expect(build('buildkit', 'a', 'FROM {base}\n', { images: {} })).rejects.toMatchObject({
      code: 'lock-incomplete',
      detail: { where: 'docker/Dockerfile:1' }
    })
    await expect(
      build('buildkit', 'a', 'FROM {base}\nCOPY --from=tagproof-wheel / /\n')
    ).rejects.toMatchObject({ code: 'lock-incomplete', detail: { where: 'docker/Dockerfile:2' } })
  })

  test('one that is stopped half-way leaves nothing behind', async () => {
    const stop = new AbortController()
    const onLine = (line: string): void => {
      if (line.includes('under way')) stop.abort()
    }
    const id = freshId()
    const kit = builders.get('buildkit')
    if (kit === undefined) throw new RangeError('no BuildKit')
    builders.set('named', { ...kit, build: (request) => kit.build({ ...request, id }) })
    const started = build('named', 'b', 'FROM {base}\nRUN echo "is under way" && sleep 60\n', {
      onLine,
      signal: stop.signal
    })
    await expect(started).rejects.toMatchObject({ code: 'cancelled' })
    expect([...(await leftAfter(id, 10)), ...(await leftOf('tagproof-dockerfile-test-'))]).toEqual([])
    expect((await readdir(path.join(work, `run-${runs}`))).sort()).toEqual(['export.tar', 'out'])
  })

  test('a builder that knows another build’s files is refused', async () => {
    // Stands in for a daemon that two worlds share: it answers with the files of the first.
    const folder = path.join(work, 'shared-daemon')
    await mkdir(folder)
    const answer =
      '#!/bin/sh\nmkdir -p told\necho another >told/canary\n[ "$1" != debug ] || echo overlayfs\n'
    await writeFile(path.join(folder, 'buildctl'), answer, { mode: 0o755 })
    await writeFile(path.join(folder, 'buildkitd'), '#!/bin/sh\nsleep 60\n', { mode: 0o755 })
    builders.set('shared', buildkit({ folder, version: '0', programs: [] }))
    await expect(build('shared', 'a', 'FROM {base}\n')).rejects.toMatchObject({
      code: 'internal',
      detail: { found: 'another' }
    })
  })
})
