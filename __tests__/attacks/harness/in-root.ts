import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import { privileged } from '../../../src/platform/privilege.ts'
import { run, type RunResult } from '../../../src/platform/process.ts'

/**
 * Mounts the root with a layer of memory over it, in namespaces that go with the command: nothing of what it does
 * stays, but for what it leaves in the folder.
 */
const script = `
root=$1 folder=$2 room=$3 command=$4
mount -t tmpfs none "$room"
mkdir "$room/upper" "$room/work" "$room/root"
mount -t overlay -o "lowerdir=$root,upperdir=$room/upper,workdir=$room/work" none "$room/root"
cd "$room/root"
mkdir -p attack proc dev tmp
mount --bind "$folder" attack
mount -t proc none proc
mount -t tmpfs none dev
mknod -m 666 dev/null c 1 3
mknod -m 666 dev/zero c 1 5
mknod -m 666 dev/urandom c 1 9
chmod 1777 tmp
chmod 755 .
exec chroot . /bin/sh -euc "$command"`

/**
 * Runs a shell command as root in a root, as on a machine that nothing is kept from but the network. The folder is
 * `/attack` there.
 */
export async function runInRoot(
  root: string,
  folder: string,
  command: string,
  env: Readonly<Record<string, string>>
): Promise<RunResult> {
  const room = `${path.resolve(folder)}+room`
  await mkdir(room, { recursive: true })
  const namespaces = ['--mount', '--pid', '--net', '--fork', '--kill-child=SIGKILL', '--propagation=private']
  const named = Object.entries(env).map(([name, value]) => `${name}=${value}`)
  const whole = privileged('env', [
    ...['-i', ...named, 'unshare', ...namespaces, '--', '/bin/sh', '-euc', script, 'sh'],
    ...[root, path.resolve(folder), room, command]
  ])
  return run(whole.command, whole.args, { env: { PATH: env.PATH ?? '' } })
}
