import type { Command } from '../platform/privilege.ts'

/** Where worlds are mounted, each in its own mount namespace; other processes see an empty folder. */
export const mountPoint = '/run/tagproof/world'

export interface EnclosureRequest {
  id: string
  root: string
  exportTar: string | null
  /** The host's id of the user that extracts and builds. */
  hostUser: number
  umask: number
  /** Size of the world's memory file system in KiB. */
  sizeKib: number
  /** Folder on whose disk that file system lies instead, in a file without a name; in memory where that cannot be had. */
  disk?: string
  /** Bytes of the bundle on standard input, or a file that holds it where standard input is the terminal. */
  bundle: { bytes: number } | { file: string }
}

/**
 * The one privileged command of a world: own mount and pid namespaces around a fixed script. When its first process
 * ends, by itself or killed, the kernel ends all others and unmounts everything.
 */
export function enclosureCommand(request: EnclosureRequest): Command {
  const terminal = 'file' in request.bundle
  const namespaces = [
    '--mount',
    '--pid',
    '--fork',
    '--kill-child=SIGKILL',
    '--mount-proc',
    '--propagation=private'
  ]
  const script = ['/bin/sh', '-eu', '-c', terminal ? terminalScript : buildScript, 'tagproof']
  const unshare = ['unshare', ...namespaces, '--', ...script, ...scriptArguments(request)]
  // A session of its own: Ctrl-C in the terminal reaches us alone, and we stop the world in order.
  const [command = '', ...args] = terminal ? unshare : ['setsid', '--wait', ...unshare]
  return { command, args }
}

function scriptArguments(request: EnclosureRequest): string[] {
  return [
    request.id,
    request.root,
    request.exportTar ?? '',
    String(request.hostUser),
    request.umask.toString(8).padStart(4, '0'),
    String(request.sizeKib),
    'file' in request.bundle ? request.bundle.file : String(request.bundle.bytes),
    request.disk ?? ''
  ]
}

/**
 * Every run holds a lock file of its own, and a shared lock on the folder of those. Whose lock file is free was
 * killed; the next run removes its control groups. Who holds the folder alone removes it. (Mounts and processes
 * cannot be left.)
 */
const prologue = `
id=$1 root=$2 export=$3 owner=$4 mask=$5 size=$6 bundle=$7 disk=$8
locks=/run/tagproof world=${mountPoint}
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8
umask 022
cd /

# Descriptors 3, 4 and 7 to 9 are ours alone.
outside() { "$@" 3<&- 4>&- 7<&- 8<&- 9<&-; }
groups() {
  for group in /sys/fs/cgroup/tagproof/$1 /sys/fs/cgroup/*/tagproof/$1; do
    if [ -d "$group" ]; then printf '%s\\n' "$group"; fi
  done
}
reap() {
  for group in $(groups '*'); do
    of=$locks/\${group##*/}.lock
    if [ ! -e "$of" ] || flock --nonblock "$of" true; then rmdir "$group" 2>/dev/null || :; fi
  done
  for of in "$locks"/*.lock; do
    if [ -e "$of" ] && flock --nonblock "$of" true; then rm -f "$of"; fi
  done
}
finish() {
  status=$?
  trap - EXIT
  if [ "$status" != 0 ] && [ ! -e "$world/state/stopped" ]; then cat "$world/state/errors" >&4 || :; fi 2>/dev/null
  cd /
  outside runc --root "$world/state/runc" delete --force "$id" >/dev/null 2>&1 || :
  for group in $(groups "$id"); do rmdir "$group" 2>/dev/null || :; done
  umount --recursive --lazy "$world" 2>/dev/null || :
  rm -f "$locks/$id.lock"
  if flock --nonblock --exclusive 9; then
    rm -f "$locks/register"
    rmdir "$world" "$locks" /sys/fs/cgroup/tagproof /sys/fs/cgroup/*/tagproof 2>/dev/null || :
  fi
  exit "$status"
}
while :; do
  mkdir -p "$world"
  exec 9<"$locks" || continue
  flock --shared 9
  if [ -d "$world" ] && [ "$(stat -c %i "$locks")" = "$(stat -L -c %i /proc/self/fd/9)" ]; then break; fi
done
exec 7>"$locks/register"
flock 7
reap
exec 8>"$locks/$id.lock"
flock --nonblock 8
flock --unlock 7
trap finish EXIT

mount -t tmpfs -o mode=0755,size=256m,nosuid,nodev tagproof "$world"
cd "$world"
mkdir bundle lower upper work rootfs state scratch
# What the build writes has its own limit; our records do not suffer when it is reached.
on_disk() {
  [ -n "$disk" ] || return 1
  file=$(mktemp "$disk/.tagproof-XXXXXXXX") || return 1
  exec 6<>"$file"
  rm -f "$file"
  truncate -s "\${size}k" /proc/self/fd/6 &&
    mkfs.ext4 -q -F -m 0 -O ^has_journal -E lazy_itable_init=1,nodiscard /proc/self/fd/6 &&
    mount -t ext4 -o loop,noatime,nosuid,nodev /proc/self/fd/6 scratch || return 1
}
on_disk 2>/dev/null || mount -t tmpfs -o "mode=0755,size=\${size}k,nr_inodes=2m,strictatime,nosuid,nodev" scratch scratch
exec 6<&-
unpack_bundle
mount --bind "$root" lower
mount -o remount,bind,ro lower
mount -t overlay -o lowerdir=lower,upperdir=upper,workdir=work overlay rootfs
cp -RT --remove-destination bundle/root rootfs
(cd scratch && mkdir build out home tmp vartmp shm && chown "$owner:$owner" * && chmod 1777 tmp vartmp shm)
if [ -n "$export" ]; then
  outside setpriv --reuid "$owner" --regid "$owner" --clear-groups --no-new-privs --bounding-set=-all --inh-caps=-all -- \\
    sh -c 'umask "$1"; exec tar --extract --file=- --directory=scratch/build' sh "$mask" <"$export"
fi
`

/**
 * Standard input stays open as long as the world may live: its end, which our death also brings, ends everything.
 * Standard error carries what the build prints, standard output one tar stream with the report and the output folder.
 */
const buildScript = `
exec 3<&0 </dev/null
unpack_bundle() { head -c "$bundle" <&3 | tar --extract --file=- --directory=bundle --no-same-owner; }
${prologue}
(
  cat >/dev/null <&3
  : >state/stopped
  kill -KILL -1 2>/dev/null || :
  while :; do sleep 0.2; outside runc --root state/runc kill "$id" KILL >/dev/null 2>&1 || :; done
) &

find scratch/build -mindepth 1 -type f -printf '%P\\0' | sort -z >state/exported
# From here on standard error is the build's alone.
exec 4>&2 2>state/errors
# File times come from a clock that ticks a few times a second on some machines.
sleep 0.02
: >state/began
sleep 0.02

code=0
if [ ! -e state/stopped ]; then
  # In a shell of its own, or "Killed" would end the build's output when the runtime is.
  (exec runc --root state/runc --log state/runc.log run --keep --bundle bundle "$id" \\
    >&4 2>&4 3<&- 4>&- 7<&- 8<&- 9<&-) || code=$?
fi
if grep -q level=error state/runc.log 2>/dev/null; then cat state/runc.log >&4; exit 70; fi

count() { cat $(groups "$id" | sed "s,\\$,/$1,") 2>/dev/null | sed -n "s/^$2 //p" | head -n 1; }
{
  echo "code $code"
  echo "out-of-memory $(count memory.events oom_kill)$(count memory.oom_control oom_kill)"
  echo "processes-refused $(count pids.events max)"
  echo "free $(stat -f -c '%a %b' scratch)"
} >status
outside runc --root state/runc delete --force "$id" >/dev/null 2>&1 || :
parts=status
if [ ! -e state/stopped ]; then
  find scratch/build -mindepth 1 -type f -anewer state/began ! -newer state/began -printf '%P\\0' | sort -z |
    comm -z -12 - state/exported >reads
  parts='status reads --directory=scratch out'
fi
tar --create --file=- --format=pax --pax-option=delete=atime,delete=ctime,delete=mtime --sort=name \\
  --owner=0 --group=0 --numeric-owner --hard-dereference $parts
`

/** For looking around: the same world, with the terminal in place of the pipes, and no report. */
const terminalScript = `
unpack_bundle() { tar --extract --file="$bundle" --directory=bundle --no-same-owner; }
${prologue}
trap '' INT QUIT
code=0
outside runc --root state/runc --log state/runc.log run --keep --bundle bundle "$id" || code=$?
if grep -q level=error state/runc.log 2>/dev/null; then cat state/runc.log >&2; exit 70; fi
exit "$code"
`
