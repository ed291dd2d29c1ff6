/** The tar with one character of a member changed, at the end of what matches: the member keeps its size. */
export function alterMember(parcel: Buffer, file: string, place: RegExp): Buffer {
  for (let at = 0; at + 512 <= parcel.length;) {
    const name = parcel.toString('latin1', at, at + 100).replace(/\0.*$/s, '')
    const size = Number.parseInt(parcel.toString('latin1', at + 124, at + 136), 8)
    if (name === file) {
      const altered = Buffer.from(parcel)
      const content = parcel.toString('latin1', at + 512, at + 512 + size)
      const match = place.exec(content)
      if (match === null) throw new Error(`nothing like ${String(place)} in ${file}`)
      const offset = at + 512 + match.index + match[0].length - 1
      altered[offset] = altered[offset] === 0x30 ? 0x31 : 0x30
      return altered
    }
    at += 512 + Math.ceil(size / 512) * 512
  }
  throw new Error(`no ${file} in the parcel`)
}
