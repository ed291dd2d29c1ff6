import { mkdir, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import type { RootLock } from '../src/documents/lock.ts'
import { resolveRoot } from '../src/lock/debian.ts'
import { fetchInputs } from '../src/lock/inputs.ts'
import { silentLog } from '../src/platform/log.ts'
import { prepareRoot, type PreparedRoot } from '../src/worlds/root.ts'
import { timed } from './measure.ts'

/** As the command takes it. */
export const cache =
  process.env.TAGPROOF_CACHE ??
  path.join(process.env.XDG_CACHE_HOME ?? path.join(os.homedir(), '.cache'), 'tagproof')

/** A root with these packages, for programs that are measured against ours; kept in the cache like any. */
export async function rootWith(
  packages: readonly string[],
  relations: readonly string[]
): Promise<PreparedRoot> {
  return rootOf(await resolveRoot({ packages: [...packages], relations: [...relations], log: silentLog }))
}

export async function rootOf(lock: RootLock): Promise<PreparedRoot> {
  const whole = { schema: 'tagproof/lock/1' as const, roots: { bench: lock }, python: {} }
  const inputs = await fetchInputs(whole, { store: path.join(cache, 'inputs'), sources: {}, log: silentLog })
  return prepareRoot('bench', lock, inputs, { cache, log: silentLog })
}

const script = `
root=$1 room=$2 source=$3; shift 3
mount -t overlay overlay -o "lowerdir=$root,upperdir=$room/upper,workdir=$room/work" "$room/merged"
cd "$room/merged"
mkdir -p build/source
mount -t proc proc proc
mount --rbind /dev dev
cp -a "$source/." build/source
mkdir host
pivot_root . host
exec chroot . /bin/sh -euc "cd /build/source; $*" </dev/null
`

/**
 * Runs a shell command as root in a copy of a folder, in a root with an overlay of its own: no sandbox, no limits and
 * no variations. It is no chroot, which would forbid user namespaces. Mounting and the copy count, as they do in ours.
 */
export async function inRoot(
  { path: root }: PreparedRoot,
  folder: string,
  source: string,
  command: string
): Promise<number> {
  const room = path.join(folder, 'chroot')
  await rm(room, { recursive: true, force: true })
  for (const name of ['upper', 'work', 'merged']) await mkdir(path.join(room, name), { recursive: true })
  const namespaces = ['--mount', '--pid', '--fork', '--kill-child=SIGKILL', '--propagation=private']
  const { seconds } = await timed(
    'unshare',
    [...namespaces, '--', '/bin/sh', '-euc', script, 'bench', root, room, source, command],
    { env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/root', LC_ALL: 'C.UTF-8' } }
  )
  return seconds
}
