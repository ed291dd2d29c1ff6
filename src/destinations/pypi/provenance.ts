import type { ReadBack } from '../../documents/receipt.ts'
import type { Upload } from '../../documents/uploads.ts'
import { requireSameHost } from '../../lock/simple-index.ts'
import { TagproofError } from '../../platform/errors.ts'
import type { StateContext } from './state.ts'

/** PEP 740 attestations by file name. */
export type Attestations = ReadonlyMap<string, readonly object[]>

const largestProvenance = 16 * 2 ** 20

/**
 * What the index gives out as provenance (PEP 740) of a file. Attestations that this run sent have to be among them, with
 * the same signatures; after an earlier run it is enough that they speak of just this file.
 *
 * @throws TagproofError `hash-mismatch` for provenance of another file, or without what was sent
 */
export async function checkProvenance(
  upload: Upload,
  sent: Attestations,
  { http, reader, signal }: StateContext
): Promise<ReadBack['checks'][number]> {
  const base = reader.service.jsonUrl
  const what = 'provenance'
  if (base === null) return { what, result: 'none', note: 'the index gives out none' }
  const path = ['integrity', upload.project, upload.version, upload.name, 'provenance'].map(
    encodeURIComponent
  )
  const url = new URL(path.join('/'), base.href.replace(/\/*$/, '/'))
  const answer = await http.read({
    url,
    headers: { accept: 'application/vnd.pypi.integrity.v1+json', 'cache-control': 'no-cache' },
    accept: [403, 404, 406, 410],
    maximumBytes: largestProvenance,
    ...(signal === undefined ? {} : { signal })
  })
  requireSameHost(url, answer.url)
  const expected = sent.get(upload.name) ?? []
  if (answer.status >= 400)
    return expected.length === 0
      ? { what, result: 'none', note: `the index has none of this file (${answer.status})` }
      : { what, result: 'late', note: 'the index does not give it out yet' }
  const served = attestationsIn(answer.body.toString('utf8'))
  if (served === null || served.length === 0 || served.some((one) => !speaksOf(one, upload)))
    throw wrong(upload, served === null ? 'no provenance object' : 'attestations of another file')
  const signatures = new Set(served.map(signatureOf))
  if (expected.some((one) => !signatures.has(signatureOf(one))))
    throw wrong(upload, 'other attestations than those that were sent')
  const count = `${served.length} ${served.length === 1 ? 'attestation' : 'attestations'}`
  return {
    what,
    result: 'agrees',
    note: expected.length === 0 ? `${count} of just this file` : `${count}, as they were sent`
  }
}

function attestationsIn(text: string): object[] | null {
  try {
    const { attestation_bundles: bundles } = JSON.parse(text) as {
      attestation_bundles: { attestations: object[] }[]
    }
    return bundles.flatMap(({ attestations }) => attestations)
  } catch {
    return null
  }
}

function signatureOf(attestation: object): string {
  const { envelope } = attestation as { envelope?: { signature?: unknown } | null }
  return String(envelope?.signature)
}

/** Whether the statement (in-toto v1) has just this file as its subject. Its signature is checked where it is made. */
function speaksOf(attestation: object, upload: Upload): boolean {
  try {
    const { envelope } = attestation as { envelope: { statement: string } }
    const { subject } = JSON.parse(Buffer.from(envelope.statement, 'base64').toString('utf8')) as {
      subject: { name: string; digest: { sha256: string } }[]
    }
    return subject.length === 1 && subject[0]?.digest.sha256 === upload.sha256
  } catch {
    return false
  }
}

function wrong(upload: Upload, found: string): TagproofError {
  return new TagproofError('hash-mismatch', `The provenance of ${upload.name} on the index is not its own.`, {
    found,
    expected: `attestations of ${upload.sha256}`,
    fix: 'Find out who uploaded them: those who check provenance will refuse the file, or trust the wrong one.'
  })
}
