import type { RootLock } from '../documents/lock.ts'
import type { Sha256 } from '../documents/identifiers.ts'
import { clockLibraryPath, clockSource } from './clock.ts'
import { sha256OfBytes } from '../platform/files.ts'
import type { Command } from '../platform/privilege.ts'

/** A fixed time for tools that ask for one; file times come from the packages. */
const makerEpoch = 1_577_836_800

/** What names a root: its packages and the way it is made, nothing else. */
export function rootHash(root: RootLock): Sha256 {
  const lines = root.packages
    .map((entry) => `${entry.name} ${entry.version} ${entry.architecture} ${entry.sha256}`)
    .sort()
  return sha256OfBytes(
    `tagproof root ${sha256OfBytes(makerScript + clockSource)}\n${root.architecture}\n${lines.join('\n')}\n`
  )
}

/** One line per package: where its file is, its name in the archive, its size and hash. Fields end in a tab. */
export function packageList(root: RootLock, file: (entry: RootLock['packages'][number]) => string): string {
  return root.packages
    .map((entry) => [entry.name, entry.size, entry.sha256, file(entry)].join('\t'))
    .sort()
    .map((line) => `${line}\n`)
    .join('')
}

/** The one privileged command that makes a root: no network, own mounts and processes, all or nothing. */
export function makerCommand(folder: string, hash: Sha256, architecture: string, listBytes: number): Command {
  const namespaces = ['--mount', '--pid', '--net', '--fork', '--kill-child=SIGKILL', '--mount-proc']
  const script = ['/bin/sh', '-eu', '-c', makerScript, 'tagproof']
  const values = [folder, hash, architecture, String(listBytes), String(makerEpoch), clockSource]
  return {
    command: 'setsid',
    args: ['--wait', 'unshare', ...namespaces, '--propagation=private', '--', ...script, ...values]
  }
}

/**
 * Lines that begin with `step ` are for the user. Makers of the same root wait for each other at a lock that the
 * kernel drops when its holder dies; who gets it removes what a killed maker left.
 */
const makerScript = `
folder=$1 hash=$2 architecture=$3 list=$4 epoch=$5 clock=$6
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 TZ=UTC
export SOURCE_DATE_EPOCH=$epoch DEBIAN_FRONTEND=noninteractive HOME=/root TMPDIR=/tmp
umask 022
exec 3<&0 </dev/null 1>&2
cd "$folder"

exec 9>"$hash.lock"
if ! flock --nonblock 9; then
  echo 'step waiting for another run that makes the same root'
  flock 9
fi
if [ -d "$hash" ]; then exit 0; fi
rm -rf --one-file-system ".making-$hash"
trap 'status=$?; trap - EXIT; cd "$folder"; rm -rf --one-file-system ".making-$hash"; exit "$status"' EXIT
mkdir -m 0755 ".making-$hash"
cd ".making-$hash"
mkdir packages root
head -c "$list" <&3 >list
( cat >/dev/null <&3; : >stopped; kill -KILL -1 ) 9<&- &

# Paths may hold what a sources list cannot say, so the making happens at a path of our own.
mount -t tmpfs -o mode=0755,size=16m tagproof /mnt
mkdir /mnt/packages /mnt/root
mount --bind packages /mnt/packages
mount --bind root /mnt/root

echo 'step indexing the packages'
tab=$(printf '\\t')
while IFS=$tab read -r name size digest file; do
  ln "$file" "packages/$digest.deb" 2>/dev/null || cp "$file" "packages/$digest.deb"
  dpkg-deb --field "packages/$digest.deb"
  printf 'Filename: ./%s.deb\\nSize: %s\\nSHA256: %s\\n\\n' "$digest" "$size" "$digest"
  printf '%s,' "$name" >>names
done <list >packages/Packages

merge=:
if cut -f 1 list | grep -qx usr-is-merged; then
  case $architecture in
    amd64 | ppc64el | loong64) folders='bin sbin lib lib64' ;;
    *) folders='bin sbin lib' ;;
  esac
  merge="for folder in $folders; do mkdir -p \\"\\$1/usr/\\$folder\\"; ln -s \\"usr/\\$folder\\" \\"\\$1/\\$folder\\"; done"
fi
mmdebstrap --mode=root --variant=essential --format=directory --architectures="$architecture" \\
  --include="$(sed 's/,$//' names)" --setup-hook="$merge" \\
  --aptopt='APT::Sandbox::User "root"' --aptopt='Acquire::Languages "none"' \\
  --dpkgopt=force-unsafe-io \\
  --dpkgopt=path-exclude=/usr/share/doc/* --dpkgopt=path-include=/usr/share/doc/*/copyright \\
  --dpkgopt=path-exclude=/usr/share/man/* --dpkgopt=path-exclude=/usr/share/info/* \\
  '' /mnt/root 'deb [trusted=yes] copy:/mnt/packages ./'
if [ -e stopped ]; then exit 71; fi

echo 'step cleaning the root'
cd root
if [ -e usr/share/i18n/locales/et_EE ]; then
  chroot . localedef --no-archive -i et_EE -f UTF-8 /usr/lib/locale/et_EE.utf8
fi
if [ -x usr/bin/gcc ] && [ -e usr/include/stdlib.h ]; then
  mkdir -p usr/lib/tagproof
  printf '%s' "$clock" >tmp/clock.c
  chroot . gcc -O2 -fPIC -shared -s -Wl,--build-id=none -o ${clockLibraryPath} /tmp/clock.c
fi
# What differs from one making to the next, or is a secret, or tells where the root was made.
rm -rf var/log/* var/cache/apt/* var/lib/apt/lists/* var/lib/apt/extended_states var/cache/debconf/*-old \\
  var/cache/ldconfig/aux-cache var/lib/dpkg/*-old var/backups/* var/lib/dbus/machine-id \\
  var/lib/systemd/random-seed var/lib/systemd/credential.secret etc/ssl/private/* etc/ssh/ssh_host_* \\
  etc/passwd- etc/group- etc/shadow- etc/gshadow- etc/subuid- etc/subgid- \\
  etc/apt/sources.list etc/apt/sources.list.d/* etc/apt/apt.conf.d/99mmdebstrap \\
  etc/dpkg/dpkg.cfg.d/99mmdebstrap etc/hostname etc/resolv.conf
find tmp var/tmp run -mindepth 1 -delete
: >etc/machine-id
if [ -e etc/shadow ]; then sed -i 's/^\\([^:]*:[^:]*\\):[0-9]*:/\\1:18262:/' etc/shadow; fi
find . -xdev -type f -perm /7000 -exec chmod ug-s {} +
# Times of files that came from no package: the newest time that did.
newest=$(find . -xdev ! -newer ../list -printf '%Ts\\n' | sort -n | tail -n 1)
find . -xdev -newer ../list -exec touch --no-dereference --date="@$newest" {} +
cd ..
chmod 0755 root
sync -f root
if [ -e stopped ]; then exit 71; fi
umount /mnt/root
mv root "../$hash"
`
