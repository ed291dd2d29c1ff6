import type { Upload } from '../../documents/uploads.ts'

/** The fixed parts of an upload: what stands before and after the bytes of the file. */
export interface UploadForm {
  contentType: string
  /** Bytes of the whole body, with the file. */
  contentLength: number
  before: Buffer
  after: Buffer
}

/**
 * The form of the legacy upload API (multipart/form-data, RFC 7578) for one file. The file comes last, so that a server
 * that looks at fields in their order knows all of them before it.
 *
 * @param attestations PEP 740 objects; null for none
 * @param boundary must not occur in the file: random
 */
export function uploadForm(
  upload: Upload,
  attestations: readonly object[] | null,
  boundary: string
): UploadForm {
  const fields: (readonly [string, string])[] = [
    [':action', 'file_upload'],
    ['protocol_version', '1'],
    ...upload.fields,
    ['filetype', upload.filetype],
    ['pyversion', upload.pyversion],
    ['sha256_digest', upload.sha256],
    ['blake2_256_digest', upload.blake2b256]
  ]
  if (attestations !== null && attestations.length > 0)
    fields.push(['attestations', JSON.stringify(attestations)])
  const before = Buffer.from(
    `${fields.map(([name, value]) => part(boundary, name, value)).join('')}--${boundary}\r\n` +
      `Content-Disposition: form-data; name="content"; filename="${escaped(upload.name)}"\r\n` +
      'Content-Type: application/octet-stream\r\n\r\n'
  )
  const after = Buffer.from(`\r\n--${boundary}--\r\n`)
  return { ...typed(boundary), contentLength: before.length + upload.size + after.length, before, after }
}

/** A form without file, name and version: no index can store it, but it says first whether it knows the login. */
export function emptyForm(boundary: string): { contentType: string; body: Buffer } {
  const fields = part(boundary, ':action', 'file_upload') + part(boundary, 'protocol_version', '1')
  return { ...typed(boundary), body: Buffer.from(`${fields}--${boundary}--\r\n`) }
}

function typed(boundary: string): { contentType: string } {
  return { contentType: `multipart/form-data; boundary=${boundary}` }
}

function part(boundary: string, name: string, value: string): string {
  return `--${boundary}\r\nContent-Disposition: form-data; name="${escaped(name)}"\r\n\r\n${value}\r\n`
}

/** HTML, "Multipart form data": what would end the quoted name is percent-encoded. */
function escaped(name: string): string {
  return name.replaceAll('\r', '%0D').replaceAll('\n', '%0A').replaceAll('"', '%22')
}
