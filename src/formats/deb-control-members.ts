import type { TarEntry } from './tar/reader.ts'

/** Files of control.tar that the reader needs whole; the largest md5sums of Debian has some MiB. */
export const heldControl: ReadonlySet<string> = new Set(['control', 'md5sums', 'conffiles'])
const largestHeld = 32 * 2 ** 20

/** Maintainer scripts (deb-preinst(5) and so on; `config` is debconf's). */
const scripts: ReadonlySet<string> = new Set(['preinst', 'postinst', 'prerm', 'postrm', 'config'])

/** What else dpkg, debconf, apt-listchanges' kin and the installer know in control.tar. */
const others: ReadonlySet<string> = new Set([
  ...heldControl,
  'templates',
  'triggers',
  'shlibs',
  'symbols',
  'clilibs',
  'isinstallable'
])

/** What is wrong with an entry of control.tar, if anything. */
export function controlProblem({ path, kind, mode, size }: TarEntry): string | undefined {
  if (path === '.') return undefined
  if (kind !== 'file') return `control.tar holds a ${kind}; it may hold files alone`
  if (scripts.has(path)) {
    // dpkg-deb demands the same of what it packs.
    const usable = (mode & 0o555) === 0o555 && mode <= 0o775
    return usable ? undefined : `the script has mode ${mode.toString(8)}; dpkg-deb allows 555 to 775`
  }
  if (!others.has(path)) return 'no such control file is known'
  if (size > largestHeld && heldControl.has(path)) return 'the control file is larger than 32 MiB'
  return undefined
}
