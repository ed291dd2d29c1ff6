import { describe, expect, it } from '@jest/globals'
import { isPreRelease, routesOf } from '../../../src/destinations/routing.ts'
import { readConfig } from '../../../src/documents/config-reading.ts'
import { destinationSettings } from '../../../src/documents/destination-settings.ts'
import { sha256OfBytes } from '../../../src/platform/files.ts'
import type { ReleaseArtifact } from '../../../src/documents/release.ts'

function artifact(
  name: string,
  kind: ReleaseArtifact['kind'],
  target: string,
  version: string
): ReleaseArtifact {
  const sha256 = sha256OfBytes(name)
  return {
    target,
    kind,
    name,
    version,
    size: 1,
    sha256,
    contentDigest: sha256,
    packing: 'backend',
    built: { a: sha256, b: sha256 },
    members: 1,
    traced: 1
  }
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
    (route) =>
      `${route.name}: ${route.kind === 'pypi' ? JSON.stringify(route.index) : route.settings.path} ${route.artifacts.map(({ name }) => name).join(' ')}`
  )
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
})
