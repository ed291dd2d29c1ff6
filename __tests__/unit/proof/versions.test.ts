import { describe, expect, it } from '@jest/globals'
import { versionFindings } from '../../../src/proof/versions.ts'

const sdist = (stated: string, version: string | null, name = `pkg-${stated}.tar.gz`) =>
  versionFindings({ stated, kind: 'sdist', name, version })

describe('versions', () => {
  it('agree by the rules of PEP 440, not as text', () => {
    for (const version of ['1.0', '1.0.0', 'v1.0']) expect(sdist('1.0', version)).toEqual([])
  })

  it('of metadata and file name are refused when the tag says another one', () => {
    expect(sdist('1.0', '1.1')).toMatchObject([
      { check: 'source', code: 'version-mismatch', severity: 'refuse', member: 'PKG-INFO' },
      { check: 'source', code: 'version-mismatch', severity: 'refuse', member: null }
    ])
    expect(sdist('1.1', '1.1', 'pkg-1.0.tar.gz')).toMatchObject([{ code: 'version-mismatch', member: null }])
  })

  it('of a plugin that did not see the tag are told as such', () => {
    const name = 'pkg-1.1.dev0-py3-none-any.whl'
    const [first] = versionFindings({ stated: '1.1.dev0', kind: 'wheel', name, version: '1.0' })
    expect(first?.cause).toContain('version plugin')
  })

  it('of debs agree without epoch and revision, and are refused where the changelog lags behind the tag', () => {
    const deb = (stated: string): unknown[] =>
      versionFindings({ stated, kind: 'deb', name: 'pkg_1_all.deb', version: '1.0rc1' })
    expect(deb('2:1.0~rc1-3')).toEqual([])
    expect(deb('0.9-1')).toMatchObject([
      { code: 'version-mismatch', member: 'DEBIAN/control', fix: expect.stringContaining('changelog: tag') }
    ])
  })

  it('of images are those that the label states, where the project states one', () => {
    const image = (stated: string | null): unknown[] =>
      versionFindings({ stated, kind: 'image', name: 'pkg-1.0.oci.tar', version: '1.0' })
    for (const stated of ['v1.0', null, '1.0-slim', '1.0-py3.10-bookworm']) expect(image(stated)).toEqual([])
    for (const stated of ['1.1', '1.0 and 1.1', '1.1-slim', '1.0-rc1', '1.0-rc1-slim', '1.0-1', 'slim'])
      expect(image(stated)).toMatchObject([{ code: 'version-mismatch', member: 'config.json' }])
  })

  it('have nothing to agree with where there is no tag', () => {
    expect(sdist('1.0', null)).toEqual([])
  })
})
