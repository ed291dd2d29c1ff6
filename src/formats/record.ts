import { invalidArchive } from './invalid.ts'

/** One line of a wheel's RECORD. */
export interface RecordLine {
  path: string
  algorithm: RecordAlgorithm | null
  /** Hash in lower-case hex; null where the line has none. */
  digest: string | null
  size: number | null
}

/** What PEP 376 and the wheel specification leave after "sha256 or better". */
export const recordAlgorithms = ['sha256', 'sha384', 'sha512'] as const
export type RecordAlgorithm = (typeof recordAlgorithms)[number]

/** Parses RECORD: CSV of path, `algorithm=urlsafe-base64`, size. @throws TagproofError `archive-invalid` */
export function parseRecord(text: string): RecordLine[] {
  return parseCsv(text).map((fields, index) => {
    const [path = '', hash = '', size = ''] = fields
    if (fields.length !== 3 || path === '')
      throw malformed(index, 'has not the three fields path, hash, size')
    if (size !== '' && !/^[0-9]{1,15}$/.test(size)) throw malformed(index, 'has a malformed size')
    return { path, ...parseHash(hash, index), size: size === '' ? null : Number(size) }
  })
}

/** Writes RECORD in the order given, as the wheel builders do: `\n` line ends, quotes only where needed. */
export function formatRecord(lines: readonly RecordLine[]): string {
  return lines
    .map(({ path, algorithm, digest, size }) => {
      const hash =
        algorithm === null || digest === null
          ? ''
          : `${algorithm}=${Buffer.from(digest, 'hex').toString('base64url')}`
      return `${quoted(path)},${hash},${size ?? ''}\n`
    })
    .join('')
}

function parseHash(hash: string, index: number): Pick<RecordLine, 'algorithm' | 'digest'> {
  if (hash === '') return { algorithm: null, digest: null }
  const [, name, encoded = ''] = /^([a-z0-9]+)=([A-Za-z0-9_-]+)$/.exec(hash) ?? []
  const algorithm = recordAlgorithms.find((known) => known === name)
  if (algorithm === undefined) throw malformed(index, 'has a hash that is not sha256, sha384 or sha512')
  const bytes = Buffer.from(encoded, 'base64url')
  if (bytes.length !== Number(algorithm.slice(3)) / 8 || bytes.toString('base64url') !== encoded)
    throw malformed(index, 'has a hash of the wrong length or form')
  return { algorithm, digest: bytes.toString('hex') }
}

/** CSV as Python's `csv` writes it: `"` quotes, doubled inside. */
function parseCsv(text: string): string[][] {
  const rows: string[][] = []
  let row: string[] = []
  const field = /("(?:[^"]|"")*"|[^",\r\n]*)(,|\r?\n|$)/y
  while (field.lastIndex < text.length) {
    const match = field.exec(text)
    if (match === null) throw malformed(rows.length, 'has a stray quote')
    const [, value = '', end] = match
    row.push(value.startsWith('"') ? value.slice(1, -1).replaceAll('""', '"') : value)
    if (end === ',' && field.lastIndex < text.length) continue
    if (end === ',') row.push('')
    if (row.length > 1 || row[0] !== '') rows.push(row)
    row = []
  }
  return rows
}

function quoted(path: string): string {
  return /[",\r\n]/.test(path) ? `"${path.replaceAll('"', '""')}"` : path
}

function malformed(index: number, what: string): Error {
  return invalidArchive({ format: 'wheel', path: 'RECORD' }, `line ${index + 1} ${what}`)
}
