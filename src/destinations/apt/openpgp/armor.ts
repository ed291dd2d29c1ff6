import { OpenPgpProblem } from './bytes.ts'

export type ArmorKind = 'PUBLIC KEY BLOCK' | 'PRIVATE KEY BLOCK' | 'SIGNATURE'

/** ASCII armor (RFC 4880, 6.2), with its checksum, which older readers want. */
export function armor(kind: ArmorKind, bytes: Buffer): string {
  const lines = bytes.toString('base64').match(/.{1,64}/g) ?? []
  return [
    `-----BEGIN PGP ${kind}-----`,
    '',
    ...lines,
    `=${crc24(bytes)}`,
    `-----END PGP ${kind}-----`,
    ''
  ].join('\n')
}

/** All blocks of a kind in a text, one after the other, with nothing but white space around them. @throws OpenPgpProblem */
export function readArmor(kind: ArmorKind, text: string): Buffer[] {
  const lines = text
    .trim()
    .split(/\r?\n/)
    .map((line) => line.trimEnd())
  const blocks: Buffer[] = []
  let at = 0
  while (at < lines.length) {
    if (lines[at] === '') {
      at += 1
      continue
    }
    if (lines[at] !== `-----BEGIN PGP ${kind}-----`)
      throw new OpenPgpProblem(`it does not begin with "-----BEGIN PGP ${kind}-----"`)
    const end = lines.indexOf(`-----END PGP ${kind}-----`, at)
    if (end < 0) throw new OpenPgpProblem(`"-----END PGP ${kind}-----" is missing`)
    blocks.push(readBlock(lines.slice(at + 1, end)))
    at = end + 1
  }
  if (blocks.length === 0) throw new OpenPgpProblem('it is empty')
  return blocks
}

function readBlock(lines: readonly string[]): Buffer {
  const empty = lines.indexOf('')
  const headers = empty < 0 ? [] : lines.slice(0, empty)
  if (headers.some((line) => !/^[A-Za-z]+: /.test(line)))
    throw new OpenPgpProblem('its armor has something that is no header')
  const body = lines.slice(empty + 1)
  const checksum = body.at(-1)?.startsWith('=') === true ? body.pop() : undefined
  const encoded = body.join('')
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(encoded)) throw new OpenPgpProblem('its armor is not base64')
  const bytes = Buffer.from(encoded, 'base64')
  if (checksum !== undefined && checksum.slice(1) !== crc24(bytes))
    throw new OpenPgpProblem('the checksum of its armor is wrong: it was cut or changed')
  return bytes
}

function crc24(bytes: Buffer): string {
  let crc = 0xb704ce
  for (const byte of bytes) {
    crc ^= byte << 16
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 0x800000 ? ((crc << 1) ^ 0x1864cfb) & 0xffffff : crc << 1
  }
  const result = Buffer.alloc(3)
  result.writeUIntBE(crc, 0, 3)
  return result.toString('base64')
}
