import * as zip from './layout.ts'

/** Version 6.3 of the format: Python opens nothing later. */
const latestVersion = 63

/** What local and central header of one entry must agree on, and what both may say. @throws ZipProblem */
export function checkHeaders(central: zip.ZipHeader, local: zip.ZipHeader): void {
  const refuse = (problem: string): never => {
    throw new zip.ZipProblem(problem)
  }
  if (!local.nameBytes.equals(central.nameBytes)) refuse('local and central header have different names')
  if ((central.flags & zip.flagBits.encrypted) !== 0) refuse('the entry is encrypted')
  if ((central.flags & ~zip.knownFlags) !== 0)
    refuse(`the entry has unknown flags 0x${central.flags.toString(16)}`)
  if (central.method !== zip.method.stored && central.method !== zip.method.deflated)
    refuse(`the compression method ${central.method} is neither stored nor DEFLATE`)
  for (const { versionNeeded } of [central, local])
    if ((versionNeeded & 0xff) > latestVersion)
      refuse(`the entry needs version ${versionNeeded & 0xff} of a reader`)
  for (const field of ['flags', 'method', 'dosTime'] as const)
    if (local[field] !== central[field]) refuse(`local and central header disagree on ${field}`)
  const later = (central.flags & zip.flagBits.descriptor) !== 0
  for (const field of ['crc32', 'compressedSize', 'size'] as const)
    if (local[field] !== central[field] && !(later && local[field] === 0))
      refuse(`local and central header disagree on ${field}`)
  if (central.method !== zip.method.stored) return
  if (central.size !== central.compressedSize) refuse('the entry is stored, but its two sizes differ')
  // Who reads the file from its start cannot tell where such content ends.
  if (later && central.size > 0) refuse('the entry is stored, but its size comes after it')
}

/** Path and type of an entry. @throws ZipProblem */
export function nameOf(central: zip.ZipHeader): { path: string; isDirectory: boolean } {
  const text = decodeUtf8(central.nameBytes)
  if (text === undefined) throw new zip.ZipProblem('the name is not UTF-8')
  if ((central.flags & zip.flagBits.utf8) === 0 && central.nameBytes.some((byte) => byte >= 0x80))
    throw new zip.ZipProblem('the name is not ASCII, but is not marked as UTF-8')
  const isDirectory = text.endsWith('/')
  if (isDirectory && central.size !== 0) throw new zip.ZipProblem('a folder has content')
  return { path: isDirectory ? text.slice(0, -1) : text, isDirectory }
}

function decodeUtf8(bytes: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return undefined
  }
}

/** Builders set the Unix mode whatever system they name, and installers read it so. @throws ZipProblem */
export function modeOf(central: zip.ZipHeader, isDirectory: boolean): number {
  const mode = central.externalAttributes >>> 16
  const type = mode & 0o170000
  if (type !== 0 && type !== (isDirectory ? 0o040000 : 0o100000))
    throw new zip.ZipProblem(
      type === 0o120000 ? 'the entry is a symbolic link' : 'mode and name of the entry disagree on its type'
    )
  if (!isDirectory && (central.externalAttributes & 0x10) !== 0)
    throw new zip.ZipProblem('the entry is marked as a folder, but its name is not')
  const permissions = mode & 0o7777
  // Pip asks for the type and takes any of the three bits; others take the owner's, whatever the type.
  if (!isDirectory && (permissions & 0o111) !== 0 && (type === 0 || (permissions & 0o100) === 0))
    throw new zip.ZipProblem(`installers disagree on whether mode ${mode.toString(8)} is executable`)
  return permissions
}
