import { fixedBuildFolder, fixFor, leaveOut } from './backend.ts'
import type { Rule } from './evidence.ts'

/** Formats of single files that hold a time, an order or a counter. */

export const formatRules: readonly Rule[] = [
  {
    name: 'png-time',
    explain({ a, b }) {
      if (!startsWith(a, '\x89PNG') || !startsWith(b, '\x89PNG')) return undefined
      if (pictureOf(a) !== pictureOf(b) || !/tIME|date:(create|modify)|tEXt/.test(a.toString('latin1')))
        return undefined
      return {
        cause: 'A PNG picture holds the time of its making (chunk tIME or tEXt); its pixels are the same.',
        fix: 'Leave the time out: ImageMagick -define png:exclude-chunks=date,time; Pillow: save without pnginfo. Or commit the picture.'
      }
    }
  },
  {
    name: 'pdf-date',
    explain({ a, b, lineA }) {
      if (!startsWith(a, '%PDF') || !startsWith(b, '%PDF')) return undefined
      if (!/\/(CreationDate|ModDate|ID)\b/.test(lineA + a.toString('latin1').slice(-2048))) return undefined
      return {
        cause:
          'A PDF holds the date of its making, or an identifier made from it (/CreationDate, /ModDate, /ID).',
        fix: 'Set SOURCE_DATE_EPOCH and FORCE_SOURCE_DATE=1 for TeX; with reportlab use invariant=1; or make the PDF outside of the package.'
      }
    }
  },
  {
    name: 'sqlite',
    explain({ a, b }) {
      if (!startsWith(a, 'SQLite format 3\0') || !startsWith(b, 'SQLite format 3\0')) return undefined
      return {
        cause:
          'An SQLite database holds a counter of changes and the order in which rows and pages were written.',
        fix: 'Ship the SQL and make the database where it is used; or write rows in sorted order in one transaction, without times, and VACUUM.'
      }
    }
  },
  {
    name: 'bytecode-time',
    explain({ a, b, member, backend }) {
      if (!member.endsWith('.pyc') || a.length < 16 || b.length < 16) return undefined
      if (a.readUInt32LE(4) !== 0 || a.subarray(8, 12).equals(b.subarray(8, 12))) return undefined
      return {
        cause: `Compiled bytecode holds the time of its source (bytes 8 to 11: ${a.readUInt32LE(8)} in world a, ${b.readUInt32LE(8)} in world b).`,
        fix: `${fixFor(backend, leaveOut('*.py[co]'))} Installers compile it.`
      }
    }
  },
  {
    name: 'bytecode',
    explain({ member, backend, a, b }) {
      if (!member.endsWith('.pyc')) return undefined
      const flags = onlyBits(a, b, 0x80)
      return {
        cause: flags
          ? 'Compiled bytecode differs in reference flags alone, which follow what else was in memory.'
          : 'Compiled bytecode holds the path, the order of sets, or an interning order of where it was compiled.',
        fix: `${fixFor(backend, leaveOut('*.py[co]'))} Installers compile it.`
      }
    }
  },
  {
    name: 'compile-time',
    explain({ a, b, lineA }) {
      if (!isNative(a) || !isNative(b)) return undefined
      const date = /\b(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [ \d]\d 20\d\d\b/g
      const [one, other] = [a, b].map((bytes) => bytes.toString('latin1').match(date)?.join() ?? '')
      const clock = /\b\d\d:\d\d:\d\d\b/.test(lineA)
      if ((one === other || one === '') && !clock) return undefined
      return {
        cause: `A compiled object holds the time of its making: __DATE__ or __TIME__ without SOURCE_DATE_EPOCH.`,
        fix: 'Remove __DATE__ and __TIME__ from the source, or let the compiler see SOURCE_DATE_EPOCH (the build removes it from the environment).'
      }
    }
  },
  {
    name: 'random-build-folder',
    explain({ a, b, backend }) {
      if (!isNative(a)) return undefined
      const folder = /\.mesonpy-[\w-]+|\/tmp[\w]{6,}|build-env-[\w]+/
      const [one, other] = [folder.exec(a.toString('latin1'))?.[0], folder.exec(b.toString('latin1'))?.[0]]
      if (one === undefined || other === undefined || one === other) return undefined
      return {
        cause: `A compiled object holds the name of a temporary folder that it was made in (${one} in world a, ${other} in world b).`,
        fix: fixFor(backend, fixedBuildFolder)
      }
    }
  },
  {
    name: 'link-order',
    explain({ a, b, backend }) {
      if (!isNative(a) || !isNative(b) || a.length !== b.length) return undefined
      const [one, other] = [namesIn(a), namesIn(b)]
      const same = [...one].sort().join() === [...other].sort().join()
      if (!same || one.join() === other.join()) return undefined
      return {
        cause:
          'A compiled object holds the same names in another order: its sources were given to the linker in the order of the file system.',
        fix:
          backend === 'setuptools' || backend === null
            ? 'Sort the sources of each Extension: sources=sorted(glob.glob("src/*.c")).'
            : 'Sort the list of sources; do not glob it.'
      }
    }
  },
  {
    name: 'build-id',
    explain({ a, b }) {
      if (!isNative(a) || a.length !== b.length) return undefined
      const note = a.indexOf(Buffer.from('GNU\0', 'latin1'))
      if (note < 0 || !onlyWithin(a, b, note + 4, note + 24)) return undefined
      return {
        cause:
          'Only the build identifier differs: it is a hash over inputs of the linker that leave no other trace, such as debug information that was stripped.',
        fix: 'Look for paths and times in debug information first; or link with -Wl,--build-id=none.'
      }
    }
  },
  {
    name: 'compiled-object',
    explain({ member, a, backend }) {
      if (!isNative(a) && !/\.(so|o|a|pyd|dylib)(\.|$)/.test(member)) return undefined
      return {
        cause:
          'A compiled object follows the build: its path, a temporary folder with a random name, __DATE__, or the order of its sources.',
        fix: `Pass CPPFLAGS and CFLAGS on to the compiler, sort the list of sources, and set a fixed build folder. ${fixFor(backend, fixedBuildFolder)}`
      }
    }
  }
]

function startsWith(bytes: Buffer, magic: string): boolean {
  return bytes.subarray(0, magic.length).equals(Buffer.from(magic, 'latin1'))
}

function isNative(bytes: Buffer): boolean {
  return startsWith(bytes, '\x7fELF')
}

/** Image data of a PNG, without the chunks that tell about it. */
function pictureOf(bytes: Buffer): string {
  const data: string[] = []
  for (let at = 8; at + 12 <= bytes.length;) {
    const size = bytes.readUInt32BE(at)
    const type = bytes.toString('latin1', at + 4, at + 8)
    if (/^[A-Z]/.test(type)) data.push(type + bytes.toString('latin1', at + 8, at + 8 + size))
    at += 12 + size
  }
  return data.join()
}

/** Names of symbols and sections: runs of word characters. */
function namesIn(bytes: Buffer): string[] {
  return bytes.toString('latin1').match(/[A-Za-z_][\w.]{4,}/g) ?? []
}

function onlyBits(a: Buffer, b: Buffer, bits: number): boolean {
  if (a.length !== b.length) return false
  for (const [at, byte] of a.entries()) if (((byte ^ (b[at] ?? 0)) & ~bits) !== 0) return false
  return true
}

function onlyWithin(a: Buffer, b: Buffer, from: number, to: number): boolean {
  return a.subarray(0, from).equals(b.subarray(0, from)) && a.subarray(to).equals(b.subarray(to))
}
