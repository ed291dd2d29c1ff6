import { beforeAll, describe, expect, it } from '@jest/globals'
import path from 'node:path'
import type { Upload } from '../../../src/documents/uploads.ts'
import { indexFindings } from '../../../src/proof/pypi/findings.ts'
import { readDistribution } from '../../../src/targets/python/distribution.ts'
import { uploadOf } from '../../../src/targets/python/uploads.ts'
import { pythonTool } from '../support/pypi/tools.ts'
import type { Form } from '../support/pypi/multipart.ts'
import { publishedFiles } from './published-files.ts'
import { formsOfTwine } from './twine.ts'

type Fields = [string, string][]

/** What an upload sends besides the file. */
function ours({ filetype, pyversion, sha256, blake2b256, fields }: Upload): Fields {
  const digests: Fields = [
    ['sha256_digest', sha256],
    ['blake2_256_digest', blake2b256]
  ]
  return [
    [':action', 'file_upload'],
    ['protocol_version', '1'],
    ['filetype', filetype],
    ['pyversion', pyversion],
    ...digests,
    ...fields
  ]
}

/**
 * Where we go other ways than twine: it writes a dash for each underscore of a name, which would rename the project on
 * the index; it sends empty fields, which say nothing; continued lines keep their indent,
 * and lines the ends that they have in the file.
 */
function alike(fields: Fields): string[] {
  return fields
    .filter(([, value]) => value !== '')
    .map(
      ([name, value]) =>
        `${name}: ${
          name === 'name'
            ? value.replace(/[^A-Za-z0-9.]+/g, '-')
            : value
                .replaceAll('\r\n', '\n')
                .replace(/\n[ \t]+/g, '\n')
                .trim()
        }`
    )
    .sort()
}

describe('published files', () => {
  let files: string[]
  let uploads: Map<string, Upload>
  let twine: Map<string, Form>
  let refused: string[]
  /** With what twine calls a warning, and we a note. */
  let bare: string[]

  beforeAll(async () => {
    files = await publishedFiles()
    uploads = new Map()
    refused = []
    bare = []
    for (const file of files) {
      const name = path.basename(file)
      const distribution = await readDistribution(file, name.endsWith('.whl') ? 'wheel' : 'sdist', name)
      const upload = uploadOf(distribution)
      uploads.set(name, upload)
      const findings = indexFindings({ distribution, upload })
      if (findings.some(({ severity }) => severity === 'refuse')) refused.push(name)
      if (findings.some(({ code }) => code === 'index-description-missing')) bare.push(name)
    }
    twine = await formsOfTwine(files)
  }, 300_000)

  it('are enough to say something', () => {
    expect(files.length).toBeGreaterThan(11)
    expect(twine.size).toBe(files.length)
  })

  it('are told to the index as twine tells them, field by field', () => {
    for (const [name, upload] of uploads)
      expect({ name, fields: alike(ours(upload)) }).toEqual({
        name,
        fields: alike(twine.get(name)?.fields ?? [])
      })
  })

  it('are taken by our rules, but for a name that is no longer taken; twine takes what we take', async () => {
    expect(refused).toEqual(['MarkupSafe-3.0.2-cp312-cp312-win_amd64.whl'])
    const taken = files.filter((file) => !refused.includes(path.basename(file)))
    const plain = taken.filter((file) => !bare.includes(path.basename(file)))
    expect(plain.length).toBeGreaterThan(7)
    const strict = await pythonTool('twine', ['check', '--strict', ...plain])
    expect(strict.stdout.toString('utf8')).not.toContain('FAILED')
    const usual = await pythonTool('twine', ['check', ...taken])
    expect([strict.code, usual.code]).toEqual([0, 0])
  })
})
