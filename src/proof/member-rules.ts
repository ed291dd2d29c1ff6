import type { ArchiveKind } from '../formats/archive.ts'

/** What of its members makes a package of some kind another package. */
export interface MemberRules {
  /**
   * Whether a package is what its archive says of each member: kind, all mode bits, owner, time, device, extended
   * attributes, folders. Installers of sdists and wheels go by path, content and the executable bit alone.
   */
  exact: boolean
  /** Which folders count: `empty`, those that nothing is in. */
  folders: 'all' | 'empty' | 'none'
  /** Members whose content follows from others, which a reader has checked line by line. */
  follows: (path: string) => boolean
  /** The path without what only places it: a top folder that holds the version, the layer of an image. */
  inner: (path: string) => string
}

const whole: Pick<MemberRules, 'follows' | 'inner'> = { follows: () => false, inner: (path) => path }

/** The rules of each kind of package. */
export const memberRules: Readonly<Record<ArchiveKind, MemberRules>> = {
  sdist: {
    ...whole,
    exact: false,
    folders: 'empty',
    inner: (path) => path.slice(path.indexOf('/') + 1)
  },
  wheel: { ...whole, exact: false, folders: 'none', follows: isRecord },
  deb: { ...whole, exact: true, folders: 'all' },
  image: {
    ...whole,
    exact: true,
    folders: 'all',
    inner: (path) => path.replace(/^(?:[^/]+\/)?layers\/[0-9]+\//, '')
  }
}

/** RECORD of a wheel, at its place in the wheel itself. */
export function isRecord(path: string): boolean {
  return /^[^/]+\.dist-info\/RECORD$/.test(path)
}
