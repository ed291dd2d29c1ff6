import { describe, expect, it } from '@jest/globals'
import path from 'node:path'
import { versionFindings } from '../../../src/proof/versions.ts'
import { inFolder, writeSdist, writeWheel } from './packages.ts'

async function sdistFindings(name: string, version: string) {
  return inFolder(async (folder) => {
    const file = path.join(folder, name)
    await writeSdist(file, {})
    return versionFindings({ file, kind: 'sdist', name, version })
  })
}

describe('versions', () => {
  it('agree by the rules of PEP 440, not as text', async () => {
    for (const version of ['1.0', '1.0.0', 'v1.0'])
      expect(await sdistFindings('pkg-1.0.tar.gz', version)).toEqual([])
  })

  it('of metadata and file name are refused when the tag says another one', async () => {
    expect(await sdistFindings('pkg-1.0.tar.gz', '1.1')).toMatchObject([
      { check: 'source', code: 'version-mismatch', severity: 'refuse', member: 'PKG-INFO' },
      { check: 'source', code: 'version-mismatch', severity: 'refuse', member: null }
    ])
  })

  it('of a plugin that did not see the tag are told as such', async () => {
    const findings = await inFolder(async (folder) => {
      const name = 'pkg-1.1.dev0-py3-none-any.whl'
      const file = path.join(folder, name)
      await writeWheel(file, {}, undefined, '1.1.dev0')
      return versionFindings({ file, kind: 'wheel', name, version: '1.0' })
    })
    expect(findings[0]?.cause).toContain('version plugin')
  })
})
