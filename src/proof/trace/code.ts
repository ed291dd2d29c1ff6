import type { TracedMember } from './generator.ts'

/** What a member's first bytes say that it is, where a machine or an interpreter runs it as it is. */
export type NativeForm = 'ELF' | 'PE' | 'Mach-O' | 'WebAssembly' | 'static library' | 'Python bytecode'

/** Mach-O: both word sizes and byte orders, and the fat header, which Java's class files share (loader.h). */
const machO = new Set(['feedface', 'feedfacf', 'cefaedfe', 'cffaedfe'])

/** Native code or bytecode, by magic number; the name decides for bytecode alone, whose magic changes each year. */
export function nativeForm(member: Pick<TracedMember, 'path' | 'head'>): NativeForm | undefined {
  const { head, path } = member
  const magic = head.subarray(0, 4).toString('hex')
  if (magic === '7f454c46') return 'ELF'
  if (machO.has(magic)) return 'Mach-O'
  if (magic === 'cafebabe' && head.length >= 8 && head.readUInt32BE(4) < 40) return 'Mach-O'
  if (magic === '0061736d') return 'WebAssembly'
  if (head.subarray(0, 8).toString('latin1') === '!<arch>\n') return 'static library'
  if (isPortableExecutable(head)) return 'PE'
  if (/\.py[co]$/.test(path)) return 'Python bytecode'
  return undefined
}

function isPortableExecutable(head: Buffer): boolean {
  if (head.length < 64 || head.subarray(0, 2).toString('latin1') !== 'MZ') return false
  const at = head.readUInt32LE(60)
  // A header beyond what is held is still an executable for Windows.
  return at + 4 > head.length || head.readUInt32LE(at) === 0x4550
}

/**
 * Whether a process can load it into itself, or a linker takes it, whatever its name and mode are: a shared object or a
 * relocatable one, by the headers (elf.h `e_type`; Mach-O `filetype`; PE/COFF `Characteristics`). A program must be
 * made executable first, which its mode says or a reviewer reads.
 */
export function isLibrary(head: Buffer): boolean {
  const magic = head.subarray(0, 4).toString('hex')
  if (magic === '7f454c46' && head.length >= 18) {
    const type = head[5] === 2 ? head.subarray(16, 18).readUInt16BE(0) : head.subarray(16, 18).readUInt16LE(0)
    return type === 3 || type === 1
  }
  if (machO.has(magic) && head.length >= 16) {
    const type = magic.startsWith('c') ? head.readUInt32LE(12) : head.readUInt32BE(12)
    return type === 1 || type === 6 || type === 8
  }
  if (magic === 'cafebabe' || head.subarray(0, 8).toString('latin1') === '!<arch>\n') return true
  if (!isPortableExecutable(head)) return false
  const at = head.readUInt32LE(60) + 22
  return at + 2 > head.length || (head.readUInt16LE(at) & 0x2000) !== 0
}

const codeName = /\.(py|pyw|pyi|pyx|pxd|pxi|pth|so|pyd|dll|dylib|sh|bash|exe|bat|cmd|ps1|start)$/i

/** Whether a member is run or imported: by name, by its place among the scripts, or by its first bytes. */
export function isCode(member: Pick<TracedMember, 'path' | 'head'>): boolean {
  return (
    codeName.test(member.path) ||
    /^[^/]+\.data\/(scripts|data\/(s?bin|scripts))\//i.test(member.path) ||
    member.head.subarray(0, 2).toString('latin1') === '#!' ||
    nativeForm(member) !== undefined
  )
}

/**
 * Whether Python runs a file of a wheel at each start, imported or not: `.pth` files at the top of site-packages, the
 * modules that site.py imports, as source or native (Python library reference, "site"); and what comes before the
 * standard library or says where it is: `lib/python311.zip`, `python311._pth`, `pyvenv.cfg` ("sys.path initialization").
 */
export function isStartupFile(installPath: string): boolean {
  return (
    /^[^/]+\.(pth|start)$/.test(installPath) ||
    /^(site|user)customize(\.[^/]+$|\/)/.test(installPath) ||
    /^[^/]+\.data\/(data\/([^/]+\/){0,3}|scripts\/)(python\d+\.zip|[^/]+\._pth|pyvenv\.cfg)$/i.test(
      installPath
    )
  )
}
