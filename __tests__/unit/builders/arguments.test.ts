import { describe, expect, test } from '@jest/globals'
import { buildahArguments } from '../../../src/builders/buildah/buildah.ts'
import type { ImageBuildRequest } from '../../../src/builders/builder.ts'
import { buildctlArguments, contextNames } from '../../../src/builders/buildkit/buildkit.ts'
import { stepVariations } from '../../../src/builders/settings.ts'
import { dockerfileError } from '../../../src/targets/image/dockerfile-failures.ts'

const digest = `sha256:${'1'.repeat(64)}`
const request: ImageBuildRequest = {
  world: 'a',
  exportTar: 'export.tar',
  context: 'app',
  dockerfile: 'docker/Dockerfile',
  stage: 'final',
  arguments: { FLAVOUR: 'a b' },
  platform: 'linux/amd64',
  epoch: 1000,
  folders: [{ name: 'tagproof-wheel', folder: '/w' }],
  images: [{ reference: `app:1@${digest}`, platform: 'linux/amd64', folder: '/i', digest }],
  clockLibrary: null,
  limits: { minutes: 1, 'memory-mib': 64, 'disk-mib': 16, processes: 8 },
  off: [],
  outputs: '/o'
}

describe('what builders are told', () => {
  test('buildctl: own frontend, locked base, no network, the epoch, nothing attested', () => {
    const given = buildctlArguments(request, '/build/tree').join(' ')
    expect(given).toContain('--local context=/build/tree/app --local dockerfile=/build/tree/app/docker')
    expect(given).toContain(`context:app:1@${digest}::linux/amd64=oci-layout://image-0@${digest}`)
    expect(given).toContain('--opt context:tagproof-wheel=local:folder-0')
    expect(given).toContain('--opt target=final')
    expect(given).toContain('build-arg:FLAVOUR=a b')
    expect(given).toContain('force-network-mode=none')
    expect(given).toContain('build-arg:SOURCE_DATE_EPOCH=1000')
    expect(given).toContain('rewrite-timestamp=true')
    expect(given).not.toMatch(/attest|cache/)
  })

  test('buildah: nothing pulled, no network, fixed times, nothing of itself', () => {
    const given = buildahArguments(request, '/build/tree').join(' ')
    for (const words of [
      '--pull-never',
      '--network none',
      '--timestamp 1000',
      '--omit-history',
      '--identity-label=false'
    ])
      expect(given).toContain(words)
    expect(given.endsWith('-f /build/tree/app/docker/Dockerfile /build/tree/app')).toBe(true)
  })

  test('one image in two platforms is for BuildKit: buildah knows it by its name alone', () => {
    const [image] = request.images
    if (image === undefined) throw new Error('no image')
    const both = { ...request, images: [image, { ...image, platform: 'linux/arm64' }] }
    expect(() => buildahArguments(both, '/build/tree')).toThrow(/one image for two platforms/)
    expect(buildctlArguments(both, '/build/tree').join(' ')).toMatch(/::linux\/amd64=.*::linux\/arm64=/)
  })

  test.each([
    ['debian', ['debian']],
    ['debian:latest', ['debian']],
    ['library/debian:12', ['library/debian:12', 'debian:12']],
    ['example.test/library/debian:12', ['example.test/library/debian:12', 'library/debian:12']]
  ])('%s is looked up as %s', (reference, names) => {
    expect(contextNames(reference, [reference, 'debian:12'])).toEqual(
      reference.startsWith('library') ? names.slice(0, 1) : names
    )
    expect(contextNames(reference, [reference])).toEqual(expect.arrayContaining(names))
  })
})

test('a variation counts only where every step had it', () => {
  const clock = { name: 'clock', value: '+400d', applied: true, reason: '' } as const
  const step = (reason: string): { variations: { clock: string } } => ({ variations: { clock: reason } })
  expect(stepVariations([clock], [step(''), step('')])).toEqual([clock])
  expect(stepVariations([clock], [step(''), step('no libc')])[0]).toMatchObject({
    applied: false,
    reason: 'no libc (1 of 2 steps)'
  })
  expect(stepVariations([clock], [])[0]).toMatchObject({ applied: false })
  expect(stepVariations([clock], null)).toEqual([clock])
})

describe('what a failed build is told as', () => {
  const target = { name: 'image' } as never
  const failed = (output: string, contained: 'memory' | null = null): ReturnType<typeof dockerfileError> =>
    dockerfileError({ target, world: 'b', limits: request.limits }, 'Dockerfile', {
      code: 1,
      contained,
      output
    })

  test.each([
    ['E: Unable to locate package cowsay', /packages:/],
    ['Temporary failure resolving somewhere', /no network/],
    ['ERROR: No matching distribution found for herald', /tagproof-wheels/],
    ['sudo: effective uid is not 0', /USER/],
    ['exec /bin/sh: exec format error', /machine of its kind/],
    ['failed to calculate checksum of ref x: "/a": not found', /not in the context/]
  ])('%s', (output, fix) => {
    expect(failed(output)).toMatchObject({
      code: 'build-failed',
      detail: { fix: expect.stringMatching(fix) }
    })
  })

  test('the line that the builder shows, without its own chatter', () => {
    const error = failed('#1 DONE 0.0s\n   3 | >>> RUN false\nerror: failed to solve: it did not\n')
    expect(error.detail).toMatchObject({ where: 'Dockerfile:3', found: 'it did not' })
    expect(error.detail.output).not.toContain('DONE')
  })

  test('a limit', () => {
    expect(failed('', 'memory')).toMatchObject({ code: 'build-memory' })
  })
})
