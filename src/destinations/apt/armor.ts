/** ASCII armor (RFC 4880, 6.2), with its checksum, which older readers want. */
export function armor(kind: 'PUBLIC KEY BLOCK' | 'SIGNATURE', bytes: Buffer): string {
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
