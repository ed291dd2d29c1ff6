import { clockLibraryPath } from './clock.ts'

/**
 * Makes the root in \`/made\`, as root of a user namespace that is nobody on the host. Scripts of the packages run here;
 * whatever they do is done to this place.
 */
export const recipeScript = `
architecture=$1 clock=$2 below=$3
exec 5<&-
cd /index

is_there() { [ -e "/made/var/lib/dpkg/info/$1.list" ] || [ -e "/made/var/lib/dpkg/info/$1:$architecture.list" ]; }

echo 'step indexing the packages'
: >names
tab=$(printf '\\t')
while IFS=$tab read -r name size digest; do
  # What the root below has is known to its own list.
  if [ -n "$below" ] && is_there "\${name#'?'}"; then continue; fi
  dpkg-deb --field "/packages/$digest.deb"
  printf 'Filename: packages/%s.deb\\nSize: %s\\nSHA256: %s\\n\\n' "$digest" "$size" "$digest"
  # What is only offered is installed where something that is asked for depends on it.
  case $name in '?'*) ;; *) printf '%s,' "$name" >>names ;; esac
done </packages/list >Packages
ln -s /packages packages
: >began
export NAMES="$(sed 's/,$//' names)"

common() {
  mmdebstrap --mode=root --format=directory --architectures="$architecture" --skip=chroot/mount/sys \\
    --aptopt='APT::Sandbox::User "root"' --aptopt='Acquire::Languages "none"' \\
    --dpkgopt=force-unsafe-io \\
    --dpkgopt=path-exclude=/usr/share/doc/* --dpkgopt=path-include=/usr/share/doc/*/copyright \\
    --dpkgopt=path-exclude=/usr/share/man/* --dpkgopt=path-exclude=/usr/share/info/* \\
    "$@" '' /made 'deb [trusted=yes] copy:/index ./'
}

# Since trixie the package base-files brings the merged folders itself.
merge=true
if cut -f 1 /packages/list | grep -qx '?*usr-is-merged'; then
  case $architecture in
    amd64 | ppc64el | loong64) folders='bin sbin lib lib64' ;;
    *) folders='bin sbin lib' ;;
  esac
  merge="for folder in $folders; do mkdir -p \\"\\$1/usr/\\$folder\\"; ln -s \\"usr/\\$folder\\" \\"\\$1/\\$folder\\"; done"
fi
if [ -z "$below" ]; then
  common --variant=essential --include="$NAMES" --setup-hook="$merge"
else
  # What is there is left, and apt of this place installs into it, as it does for a root from nothing.
  common --variant=custom --skip=check/empty --customize-hook='APT_CONFIG=$MMDEBSTRAP_APT_CONFIG apt-get --yes \\
    -o Dir::Bin::dpkg=env -o DPkg::Options::=--unset=TMPDIR -o DPkg::Options::=dpkg -o DPkg::Chroot-Directory="$1" \\
    install $(echo "$NAMES" | tr , " ")'
fi

echo 'step cleaning the root'
cd /made
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
find tmp var/tmp run dev -mindepth 1 -delete
rm -f etc/machine-id
: >etc/machine-id
if [ -e etc/shadow ]; then sed -i 's/^\\([^:]*:[^:]*\\):[0-9]*:/\\1:18262:/' etc/shadow; fi
find . -xdev -type f -perm /7000 -exec chmod ug-s {} +
# Times of files that came from no package: the newest time that did.
newest=$(find . -xdev ! -newer /index/began -printf '%Ts\\n' | sort -n | tail -n 1)
find . -xdev -newer /index/began -exec touch --no-dereference --date="@$newest" {} +
`
