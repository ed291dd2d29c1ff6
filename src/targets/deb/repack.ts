import { chmod, copyFile, mkdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import type { Limits } from '../../documents/config.ts'
import type { Archive } from '../../formats/archive.ts'
import { TagproofError } from '../../platform/errors.ts'
import { withTemporaryFolder } from '../../platform/files.ts'
import type { Repack } from '../../proof/kinds/deb-packing.ts'
import type { PreparedRoot } from '../../worlds/root.ts'
import { runInWorld } from '../../worlds/run.ts'

export interface RepackRoom {
  /** Whose dpkg-deb packs. */
  root: PreparedRoot
  limits: Limits
  signal?: AbortSignal
}

const place = '/opt/tagproof-repack'

/** Folders get other times when something is put into them; dpkg-deb itself replaces later times than the epoch alone. */
const script = `
set -eu
umask 022
deb=$1 tree=/tmp/tagproof-tree
export SOURCE_DATE_EPOCH=$2
dpkg-deb --raw-extract "$deb" $tree
touch -d "@$3" $tree/DEBIAN
touch -d "@$4" $tree
shift 4
for options in "$@"; do
  dpkg-deb --root-owner-group $options --build $tree /tmp/tagproof-packed.deb >/dev/null
  if cmp -s "$deb" /tmp/tagproof-packed.deb; then
    printf %s "$options" >"$OUT_DIR/options"
    break
  fi
done
`

/**
 * Packs debs again in a root, in a world that sees nothing but the deb: its files are data, and none of them is run.
 *
 * @throws TagproofError `archive-invalid` if dpkg-deb does not unpack or pack it; as `runInWorld`
 */
export function repackIn({ root, limits, signal }: RepackRoom): Repack {
  return (file, archive, options) =>
    withTemporaryFolder('tagproof-repack', async (work) => {
      const [given, outputs] = [path.join(work, 'given'), path.join(work, 'out')]
      await mkdir(given)
      await mkdir(outputs)
      const deb = path.join(given, 'given.deb')
      await copyFile(file, deb)
      await chmod(deb, 0o644)
      await chmod(work, 0o755)
      const result = await runInWorld({
        world: 'a',
        root,
        exportTar: null,
        binds: [{ source: given, destination: place }],
        command: ['/bin/sh', '-c', script, 'sh', `${place}/given.deb`, ...timesOf(archive), ...options],
        environment: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
        limits,
        network: 'none',
        outputs,
        ...(signal === undefined ? {} : { signal })
      })
      if (result.code !== 0)
        throw new TagproofError('archive-invalid', 'dpkg-deb of the root cannot pack this deb again.', {
          found: `status ${String(result.code)}`,
          output: result.output,
          fix: 'Let dpkg-deb pack the package; where it ran into a limit, raise the limits of the target.'
        })
      return result.files.includes('options') ? readFile(path.join(outputs, 'options'), 'utf8') : null
    })
}

/** Of the package file, of its folder `DEBIAN`, and of the root folder of its files. */
function timesOf({ container, members }: Archive): string[] {
  const epoch = String(container.debianBinaryMtime)
  const time = (folder: string): string =>
    String(members.find(({ path: name }) => name === folder)?.fields.mtime ?? epoch)
  return [epoch, time('DEBIAN'), time('.')]
}
