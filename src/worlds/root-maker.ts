import type { RootLock } from '../documents/lock.ts'
import type { Sha256 } from '../documents/identifiers.ts'
import { clockSource } from './clock.ts'
import { sha256OfBytes } from '../platform/files.ts'
import type { Command } from '../platform/privilege.ts'
import { placeScript } from './root-place.ts'
import { recipeScript } from './root-recipe.ts'
import { hostIdBase, idRange } from './sandbox.ts'

/** A fixed time for tools that ask for one; file times come from the packages. */
const makerEpoch = 1_577_836_800

/**
 * What names a root: its packages and the way it is made, nothing else.
 *
 * @param only names of the packages that are installed, with what they depend on; left out for all
 */
export function rootHash(root: RootLock, only?: readonly string[]): Sha256 {
  const lines = root.packages
    .map((entry) => `${asked(entry.name, only)} ${entry.version} ${entry.architecture} ${entry.sha256}`)
    .sort()
  return sha256OfBytes(
    `tagproof root ${sha256OfBytes([makerScript, placeScript, recipeScript, clockSource].join())}\n${root.architecture}\n${lines.join('\n')}\n`
  )
}

/** A package that is only offered has a question mark before its name. */
function asked(name: string, only?: readonly string[]): string {
  return only === undefined || only.includes(name) ? name : `?${name}`
}

/** One line per package: where its file is, its name in the archive, its size and hash. Fields end in a tab. */
export function packageList(
  root: RootLock,
  file: (entry: RootLock['packages'][number]) => string,
  only?: readonly string[]
): string {
  return root.packages
    .map((entry) => [asked(entry.name, only), entry.size, entry.sha256, file(entry)].join('\t'))
    .sort()
    .map((line) => `${line}\n`)
    .join('')
}

/** Names a root that is another one with more packages on top. */
export function rootHashOnTop(base: Sha256, root: RootLock, only: readonly string[]): Sha256 {
  return sha256OfBytes(`tagproof root on ${base}\n${rootHash(root, only)}\n`)
}

/**
 * The one privileged command that makes a root: no network, own mounts and processes, all or nothing.
 *
 * @param below folder of a root that is copied, to install packages on top of it; empty to begin with nothing
 */
export function makerCommand(
  folder: string,
  hash: Sha256,
  architecture: string,
  listBytes: number,
  below: string
): Command {
  const namespaces = ['--mount', '--pid', '--net', '--fork', '--kill-child=SIGKILL', '--mount-proc']
  const script = ['/bin/sh', '-eu', '-c', makerScript, 'tagproof']
  const numbers = [String(listBytes), String(makerEpoch)]
  const texts = [clockSource, placeScript, recipeScript]
  const values = [folder, hash, architecture, ...numbers, ...texts, String(hostIdBase.roots), below]
  return {
    command: 'setsid',
    args: ['--wait', 'unshare', ...namespaces, '--propagation=private', '--', ...script, ...values]
  }
}

/**
 * Lines that begin with `step ` are for the user. Makers of the same root wait for each other at a lock that the
 * kernel drops when its holder dies; who gets it removes what a killed maker left.
 *
 * The packages are data that others chose, and their scripts run as they are installed. So they never run as the
 * host's root: all of it happens in a user namespace whose ids are nobody's on the host. What comes out belongs to the
 * same ids of the host only after the last process in there has ended; until then nothing here follows a path in it.
 */
const makerScript = `
folder=$1 hash=$2 architecture=$3 list=$4 epoch=$5 clock=$6 place=$7 recipe=$8 base=$9
shift 9
below=$1
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 TZ=UTC
export SOURCE_DATE_EPOCH=$epoch DEBIAN_FRONTEND=noninteractive HOME=/root TMPDIR=/tmp
umask 022
exec 3<&0 </dev/null 1>&2
cd "$folder"

# Adds to the ids of all files. What would belong to nobody then is no file of a root.
give_owners() {
  find root -xdev -printf '%U %G\\n' | sort -u >owners
  while read -r user group; do
    if [ "$((user + $1))" -lt 0 ] || [ "$((group + $1))" -lt 0 ]; then echo "A file of the root belongs to $user:$group." >&2; exit 72; fi
    find root -xdev -uid "$user" -gid "$group" -exec chown --no-dereference "$((user + $1)):$((group + $1))" {} +
  done <owners
}

exec 9>"$hash.lock"
if ! flock --nonblock 9; then
  echo 'step waiting for another run that makes the same root'
  flock 9
fi
if [ -d "$hash" ]; then exit 0; fi
rm -rf --one-file-system ".making-$hash"
trap 'status=$?; trap - EXIT; cd "$folder"; rm -rf --one-file-system ".making-$hash"; exit "$status"' EXIT
mkdir -m 0700 ".making-$hash"
cd ".making-$hash"
making=$PWD
mkdir packages root
head -c "$list" <&3 >list
( cat >/dev/null <&3; : >stopped; kill -KILL -1 ) 9<&- &

tab=$(printf '\\t')
while IFS=$tab read -r name size digest file; do
  # A link if anybody may read it, or else a copy.
  if [ -z "$(find "$file" -type f -perm -004)" ] || ! ln "$file" "packages/$digest.deb" 2>/dev/null; then
    cp "$file" "packages/$digest.deb"
    chmod 0644 "packages/$digest.deb"
  fi
  printf '%s\\t%s\\t%s\\n' "$name" "$size" "$digest" >>packages/list
done <list
if [ -n "$below" ]; then
  cp -a --reflink=auto --no-target-directory "$below" root
  give_owners "$base"
else
  chown "$base:$base" root
fi

# A process that lends its new user namespace until we hold it; it is gone before anything runs in there.
mkfifo lent held
unshare --user -- sh -c 'echo >lent; read -r _ <held || :' 3<&- 9<&- &
lender=$!
read -r _ <lent
echo "0 $base ${idRange}" >"/proc/$lender/uid_map"
echo "0 $base ${idRange}" >"/proc/$lender/gid_map"
exec 5<"/proc/$lender/ns/user"
: >held
wait "$lender"
unshare --mount --pid --fork --kill-child=SIGKILL --mount-proc --propagation=private -- \\
  /bin/sh -eu -c "$place" tagproof "$making" "$base" "$recipe" "$architecture" "$clock" "$below" 3<&- 9<&-
exec 5<&-
if [ -e stopped ]; then exit 71; fi

# Nothing runs in there any more. Only files, folders and links come out, without set-id bits, with the host's ids.
find root -xdev ! -type f ! -type d ! -type l -delete
find root -xdev -type f -perm /7000 -exec chmod ug-s {} +
give_owners "-$base"
chmod 0755 root
sync -f root
if [ -e stopped ]; then exit 71; fi
mv root "../$hash"
`
