import { gunzipSync, inflateRawSync } from 'node:zlib'

/** What the index looks into an uploaded file for; a reader of its own, apart from those of `src`. */

/** Names of the files of a gzipped tar. Null: it is none. */
export function tarNames(bytes: Buffer): string[] | null {
  try {
    const tar = gunzipSync(bytes)
    const names: string[] = []
    for (let at = 0; at + 512 <= tar.length && tar[at] !== 0;) {
      const text = (from: number, length: number): string =>
        tar.toString('utf8', at + from, at + from + length).replace(/\0[^]*$/, '')
      const size = Number.parseInt(text(124, 12).trim(), 8)
      if (text(257, 5) !== 'ustar' || Number.isNaN(size)) return null
      const prefix = text(345, 155)
      if ('05'.includes(text(156, 1))) names.push((prefix === '' ? '' : `${prefix}/`) + text(0, 100))
      at += 512 + Math.ceil(size / 512) * 512
    }
    return names
  } catch {
    return null
  }
}

/** The members of a zip by its central directory, and how to read one. Null: it is none. */
export function zipMembers(bytes: Buffer): Map<string, () => Buffer> | null {
  const end = bytes.length - 22
  if (end < 0 || bytes.readUInt32LE(end) !== 0x06054b50) return null
  const members = new Map<string, () => Buffer>()
  let at = bytes.readUInt32LE(end + 16)
  for (let count = bytes.readUInt16LE(end + 10); count > 0; count -= 1) {
    if (at + 46 > end || bytes.readUInt32LE(at) !== 0x02014b50) return null
    const [method, packed] = [bytes.readUInt16LE(at + 10), bytes.readUInt32LE(at + 20)]
    const [name, extra, comment] = [28, 30, 32].map((place) => bytes.readUInt16LE(at + place))
    const local = bytes.readUInt32LE(at + 42)
    const key = bytes.toString('utf8', at + 46, at + 46 + (name ?? 0))
    if (members.has(key) || (method !== 0 && method !== 8)) return null
    members.set(key, () => {
      const start = local + 30 + bytes.readUInt16LE(local + 26) + bytes.readUInt16LE(local + 28)
      const data = bytes.subarray(start, start + packed)
      return method === 0 ? data : inflateRawSync(data)
    })
    at += 46 + (name ?? 0) + (extra ?? 0) + (comment ?? 0)
  }
  return at === end ? members : null
}

/** Why a file is no distribution, or null; and the METADATA that is given out beside a wheel. */
export function inspect(
  filename: string,
  bytes: Buffer
): { problem: string | null; metadata: Buffer | null } {
  if (filename.endsWith('.tar.gz')) {
    const names = tarNames(bytes)
    const top = filename.slice(0, -'.tar.gz'.length)
    if (names === null) return { problem: 'File is not a tarfile', metadata: null }
    if (new Set(names.map((name) => name.split('/')[0])).size !== 1)
      return { problem: 'Incorrect number of top-level directories in sdist', metadata: null }
    return names.includes(`${top}/PKG-INFO`)
      ? { problem: null, metadata: null }
      : { problem: `PKG-INFO not found at ${top}/PKG-INFO`, metadata: null }
  }
  const members = zipMembers(bytes)
  if (members === null) return { problem: 'File is not a zipfile', metadata: null }
  const folder = `${filename.split('-').slice(0, 2).join('-')}.dist-info`
  if (!members.has(`${folder}/WHEEL`))
    return { problem: `WHEEL not found at ${folder}/WHEEL`, metadata: null }
  const metadata = members.get(`${folder}/METADATA`)
  if (metadata === undefined || !members.has(`${folder}/RECORD`))
    return { problem: `METADATA or RECORD not found in ${folder}`, metadata: null }
  return { problem: null, metadata: metadata() }
}
