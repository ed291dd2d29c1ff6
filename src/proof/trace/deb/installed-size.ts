import type { TraceContext } from '../generator.ts'

/**
 * Installed-Size as dpkg-gencontrol computes it: kibibytes of each file and link, rounded up, and one for anything else
 * (deb-substvars(5)); the package's folder with what debhelper has put into DEBIAN until then: not control, md5sums.
 */
export function installedSize(context: TraceContext): string[] {
  const all = context.all ?? []
  const data = all.filter(({ path }) => !path.startsWith('DEBIAN/') && path !== 'DEBIAN' && path !== '.')
  const control = all.filter(
    ({ path }) => path.startsWith('DEBIAN/') && !['DEBIAN/control', 'DEBIAN/md5sums'].includes(path)
  )
  const sum = (members: typeof all): number =>
    members.reduce((total, { kind, size, linkTarget }) => {
      if (kind === 'hardlink') return total
      if (kind === 'file') return total + Math.ceil(size / 1024)
      if (kind === 'symlink') return total + Math.ceil(Buffer.byteLength(linkTarget ?? '') / 1024)
      return total + 1
    }, 0)
  const whole = sum(data) + sum(control) + 1
  // DEBIAN itself counts where something was put into it before.
  return [...new Set([whole + 1, ...(control.length === 0 ? [whole] : [])])].map(String)
}
