import { describe, expect, it } from '@jest/globals'
import { isPreRelease, routesOf, type Route } from '../../../src/destinations/routing.ts'
import { readConfig } from '../../../src/documents/config-reading.ts'
import { destinationSettings, type DestinationSettings } from '../../../src/documents/destination-settings.ts'
import { sha256OfBytes } from '../../../src/platform/files.ts'
import type { ReleaseArtifact } from '../../../src/documents/release.ts'
import { provenArtifact } from '../../support/proven-artifact.ts'

function artifact(
  name: string,
  kind: ReleaseArtifact['kind'],
  target: string,
  version: string
): ReleaseArtifact {
  const sha256 = sha256OfBytes(name)
  return provenArtifact({
    target,
    kind,
    name,
    version,
    size: 1,
    sha256
  })
}
const release = (version: string): ReleaseArtifact[] => [
  artifact('server.whl', 'wheel', 'server', version),
  artifact('client.tar.gz', 'sdist', 'client', version),
  artifact('server.deb', 'deb', 'deb', version),
  artifact('server.oci.tar', 'image', 'image', version)
]
/** `name: index artifact…` of each route. */
function routed(destinations: string, artifacts: readonly ReleaseArtifact[]): string[] {
  const settings = readConfig(`destinations: [${destinations}]`, 'c').destinations.map(destinationSettings)
  return routesOf(settings, artifacts).routes.map(
    (route) => `${route.name}: ${placeOf(route)} ${route.artifacts.map(({ name }) => name).join(' ')}`
  )
}

function placeOf(route: Route): string {
  if (route.kind === 'pypi') return JSON.stringify(route.index)
  return route.kind === 'directory' ? route.settings.path : route.kind
}

describe('what goes where', () => {
  it('sdists and wheels go to every index, debs and images to none', () => {
    expect(routed('{kind: pypi}, {kind: directory, path: out}', release('1.0'))).toEqual([
      'pypi: "pypi" server.whl client.tar.gz',
      'directory: out server.whl client.tar.gz'
    ])
  })

  it('a destination takes the targets that it names, and is left out where it takes nothing', () => {
    expect(routed('{kind: pypi, targets: [client]}', release('1.0'))).toEqual(['pypi: "pypi" client.tar.gz'])
    const { routes, notes } = routesOf(
      [{ kind: 'directory', name: 'folder', path: 'out', targets: ['other'] }],
      release('1.0')
    )
    expect([routes, notes]).toEqual([[], ['folder takes nothing of this release.']])
  })

  it('a pre-release goes to the test index, if that is asked for', () => {
    const asked = '{kind: pypi, pre-releases: testpypi}'
    expect(routed(asked, release('1.0rc1'))).toEqual(['pypi: "testpypi" server.whl client.tar.gz'])
    expect(routed(asked, release('1.0'))).toEqual(['pypi: "pypi" server.whl client.tar.gz'])
    expect(routed('{kind: pypi}', release('1.0rc1'))).toEqual(['pypi: "pypi" server.whl client.tar.gz'])
  })

  it('and not twice, where the test index is a destination of its own', () => {
    const both = '{kind: pypi, index: testpypi}, {kind: pypi, pre-releases: testpypi}'
    expect(routed(both, release('1.0b2'))).toEqual(['testpypi: "testpypi" server.whl client.tar.gz'])
    const divided = '{kind: pypi, index: testpypi, targets: [client]}, {kind: pypi, pre-releases: testpypi}'
    expect(routed(divided, release('1.0b2'))).toEqual([
      'testpypi: "testpypi" client.tar.gz',
      'pypi: "testpypi" server.whl'
    ])
  })

  it('one target of a release may be a pre-release and another not', () => {
    const mixed = [artifact('a.whl', 'wheel', 'server', '1.0'), artifact('b.whl', 'wheel', 'client', '0.1a1')]
    expect(routed('{kind: pypi, pre-releases: testpypi}', mixed)).toEqual([
      'pypi: "pypi" a.whl',
      'pypi.testpypi: "testpypi" b.whl'
    ])
  })

  it.each([
    ['1.0a1', true],
    ['1.0b2', true],
    ['1.0rc1', true],
    ['1.0.dev3', true],
    ['1.0.post1.dev2', true],
    ['1.0', false],
    ['1.0.post1', false],
    ['1!2.0+local.1', false],
    ['2024.1', false]
  ])('%s is a pre-release: %s (PEP 440)', (version, expected) => {
    expect(isPreRelease(version)).toBe(expected)
  })

  it('images, debs and files go where they belong, each suite with its own', () => {
    const store = 'store: {kind: directory, path: x}'
    const kinds = `{kind: registry, image: images.example/x}, {kind: apt, ${store}, suites: {jammy: [deb]}}, {kind: files, ${store}, name: all}, {kind: github, targets: [server]}`
    expect(routed(kinds, release('1.0'))).toEqual([
      'registry: registry server.oci.tar',
      'apt: apt server.deb',
      'all: files server.whl client.tar.gz server.deb server.oci.tar',
      'github: github server.whl'
    ])
  })

  it('a pre-release goes to no suite, and moves no name, unless it is said', () => {
    const settings = (text: string): DestinationSettings[] =>
      readConfig(`destinations: [${text}]`, 'c').destinations.map(destinationSettings)
    const apt = (more: string): DestinationSettings[] =>
      settings(`{kind: apt, store: {kind: directory, path: x}, suites: {jammy: [deb]}${more}}`)
    const skipped = routesOf(apt(''), release('1.0rc1'))
    expect([skipped.routes, skipped.notes]).toEqual([
      [],
      ['1.0rc1 is a pre-release: apt does not take it (pre-releases: take would).']
    ])
    expect(routesOf(apt(', pre-releases: take'), release('1.0rc1')).routes).toHaveLength(1)
    const moves = (version: string, more: string): unknown =>
      routesOf(
        settings(`{kind: registry, image: images.example/x, moving: [latest]${more}}`),
        release(version)
      ).routes.map((route) => route.kind === 'registry' && route.moves)
    expect([moves('1.0', ''), moves('1.0rc1', ''), moves('1.0rc1', ', pre-releases: move')]).toEqual([
      [true],
      [false],
      [true]
    ])
  })
})
