import { checkedOwner, decodeTarText, TarBlockProblem } from './header.ts'

const standardKeys = [
  'path',
  'linkpath',
  'size',
  'mtime',
  'atime',
  'ctime',
  'uid',
  'gid',
  'uname',
  'gname',
  'comment'
]

/**
 * Reads the records of a pax header: `length key=value\n` (POSIX pax, "pax Extended Header"). Standard keys and
 * vendor keys (`SCHILY.xattr.…`) are known; sparse maps and foreign character sets are refused.
 *
 * @throws TarBlockProblem
 */
export function parsePaxRecords(data: Buffer): Map<string, string> {
  const records = new Map<string, string>()
  for (let at = 0; at < data.length;) {
    const space = data.indexOf(0x20, at)
    const digits = space < 0 || space - at > 10 ? '' : data.toString('latin1', at, space)
    if (!/^[1-9][0-9]*$/.test(digits)) throw new TarBlockProblem('a pax record has no length')
    const end = at + Number(digits)
    const equals = data.indexOf(0x3d, space)
    if (end > data.length || data[end - 1] !== 0x0a || equals < 0 || equals >= end)
      throw new TarBlockProblem('a pax record does not end where its length says')
    const key = decodeTarText(data.subarray(space + 1, equals), 'a pax key')
    checkKey(key)
    if (records.has(key)) throw new TarBlockProblem(`the pax key ${JSON.stringify(key)} appears twice`)
    // Extended attributes are bytes, not text.
    const value = data.subarray(equals + 1, end - 1)
    records.set(key, standardKeys.includes(key) ? checkedValue(key, value) : value.toString('latin1'))
    at = end
  }
  return records
}

function checkKey(key: string): void {
  if (key.startsWith('GNU.sparse.')) throw new TarBlockProblem('sparse members are refused')
  if (!standardKeys.includes(key) && !/^[A-Z][A-Z0-9]*\.[\x20-\x7e]+$/.test(key))
    throw new TarBlockProblem(`the pax key ${JSON.stringify(key)} is not known`)
}

function checkedValue(key: string, bytes: Buffer): string {
  const value = decodeTarText(bytes, `the pax value of ${key}`)
  if (value.includes('\0')) throw new TarBlockProblem(`the pax value of ${key} holds NUL`)
  const form = ['mtime', 'atime', 'ctime'].includes(key)
    ? /^-?[0-9]{1,15}(\.[0-9]*)?$/
    : ['size', 'uid', 'gid'].includes(key)
      ? /^[0-9]{1,15}$/
      : ['path', 'linkpath'].includes(key)
        ? /^/
        : undefined
  if (form !== undefined && (value === '' || !form.test(value)))
    throw new TarBlockProblem(`the pax value of ${key} is malformed`)
  if (key === 'uid' || key === 'gid') checkedOwner(Number(value), `pax value of ${key}`)
  return value
}
