import type { Archive } from '../../formats/archive.ts'

/**
 * Unpacks a deb and packs it again with dpkg-deb of the locked root, once for each line of options until the same bytes
 * come out.
 *
 * @param options of dpkg-deb, each line one try
 * @returns the first line that gives the file's own bytes; null where none does
 */
export type Repack = (file: string, archive: Archive, options: readonly string[]) => Promise<string | null>

/**
 * Whether world a's deb is what dpkg-deb makes of its two tar archives, so that nothing is hidden in how they are
 * compressed. The options are those of dpkg-deb by itself; where these do not give world a's bytes, those that give world
 * b's bytes of world b's archives must: the choice of a level is the same in both worlds then.
 *
 * @param a what world a built; `b` what world b built, without originals put back
 */
export async function isPackedAlike(
  a: { file: string; archive: Archive },
  b: { file: string; archive: Archive },
  repack: Repack
): Promise<boolean> {
  const [plain = '', ...others] = packingOptions(a.archive.container)
  if ((await repack(a.file, a.archive, [plain])) !== null) return true
  const used = await repack(b.file, b.archive, [plain, ...others])
  return used !== null && used !== plain && (await repack(a.file, a.archive, [used])) !== null
}

/** xz(1): the presets by the size of their dictionary, in MiB. */
const presets: readonly [mebibytes: number, levels: readonly number[]][] = [
  [0.25, [0]],
  [1, [1]],
  [2, [2]],
  [4, [3, 4]],
  [8, [6, 5]],
  [16, [7]],
  [32, [8]],
  [64, [9]]
]

/** Lines of options by which dpkg-deb may have packed such an archive, that of no options of its own first. */
export function packingOptions(container: Archive['container']): string[] {
  const compression = String(container.dataTarCompression)
  const uniform =
    container.controlTarCompression === container.dataTarCompression ? '' : ' --no-uniform-compression'
  const type = { xz: 'xz', gz: 'gzip', zst: 'zstd' }[compression] ?? 'none'
  const plain = `-Z${type}${uniform}`
  return [plain, ...levelsOf(type, Number(container.dataTarXzDictionary)).map((level) => `${plain} ${level}`)]
}

function levelsOf(type: string, dictionary: number): string[] {
  const upTo = (last: number): string[] => Array.from({ length: last }, (_, at) => `-z${at + 1}`)
  if (type === 'gzip') return upTo(9)
  if (type === 'zstd') return upTo(19)
  if (type !== 'xz') return []
  const levels = presets.find(([mebibytes]) => mebibytes * 2 ** 20 === dictionary)?.[1] ?? []
  return levels.flatMap((level) => [`-z${level}`, `-z${level} -Sextreme`])
}
