import { describe, expect, it } from '@jest/globals'
import type { Upload } from '../../../../src/documents/uploads.ts'
import { emptyForm, uploadForm } from '../../../../src/destinations/pypi/form.ts'
import { sha256 } from '../../../../src/documents/identifiers.ts'

const upload: Upload = {
  name: 'tiny_demo-1.0-py3-none-any.whl',
  filetype: 'bdist_wheel',
  pyversion: 'py3',
  size: 5,
  sha256: sha256('a'.repeat(64)),
  blake2b256: 'b'.repeat(64),
  metadata: null,
  project: 'tiny-demo',
  version: '1.0',
  fields: [
    ['metadata_version', '2.4'],
    ['name', 'tiny-demo'],
    ['version', '1.0'],
    ['classifiers', 'One :: Two'],
    ['classifiers', 'Three :: Four'],
    ['description', 'Lines\nof it.\n']
  ]
}
// A second reader of such forms; deprecated for servers, which this is not.
const parse = async (contentType: string, body: Buffer): Promise<FormData> =>
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- it reads small forms that we made
  new Response(body, { headers: { 'content-type': contentType } }).formData()

describe('the form of an upload', () => {
  it('is read by another implementation as it was meant', async () => {
    const form = uploadForm(upload, [{ version: 1 }], 'xyz')
    const body = Buffer.concat([form.before, Buffer.from('bytes'), form.after])
    expect(body.length).toBe(form.contentLength)
    const read = await parse(form.contentType, body)
    expect([...read.keys()]).toEqual([
      ':action',
      'protocol_version',
      'metadata_version',
      'name',
      'version',
      'classifiers',
      'classifiers',
      'description',
      'filetype',
      'pyversion',
      'sha256_digest',
      'blake2_256_digest',
      'attestations',
      'content'
    ])
    expect(read.get(':action')).toBe('file_upload')
    expect(read.getAll('classifiers')).toEqual(['One :: Two', 'Three :: Four'])
    expect(read.get('description')).toBe('Lines\nof it.\n')
    expect(read.get('attestations')).toBe('[{"version":1}]')
    const file = read.get('content') as File
    expect([file.name, file.type, await file.text()]).toEqual([
      upload.name,
      'application/octet-stream',
      'bytes'
    ])
  })

  it.each([[null], [[]]])('has no attestations where there are none (%j)', async (none) => {
    const form = uploadForm(upload, none, 'xyz')
    const read = await parse(form.contentType, Buffer.concat([form.before, Buffer.alloc(5), form.after]))
    expect(read.has('attestations')).toBe(false)
  })

  it('cannot be left by a name or value that looks like another part', async () => {
    const evil = 'x"; filename="y\r\nContent-Type: image/png\r\n\r\n--xyz'
    const form = uploadForm(
      { ...upload, name: evil, fields: [['summary', 'a\r\n\r\nb']] },
      null,
      'long-random'
    )
    const read = await parse(form.contentType, Buffer.concat([form.before, Buffer.alloc(5), form.after]))
    expect([...read.keys()].filter((key) => key === 'content')).toHaveLength(1)
    const file = read.get('content') as File
    expect(file.type).toBe('application/octet-stream')
    expect(file.name).toBe(evil)
  })

  it('without a file has what no index can store', async () => {
    const { contentType, body } = emptyForm('xyz')
    expect([...(await parse(contentType, body)).keys()]).toEqual([':action', 'protocol_version'])
  })
})
