/**
 * Where a root is made: nothing of the machine is there but its system tools, read-only, and the packages. Run as the
 * host's root, as first process of its own mount and process namespaces. The last command gives all of that up: it
 * enters the user namespace that standard descriptor 5 names and starts the recipe there, with more namespaces of its
 * own. The host's file system is not covered but gone: its mounts do not exist here.
 */
export const placeScript = `
making=$1 base=$2 recipe=$3
shift 3
mount --make-rprivate /
mount -t tmpfs -o mode=0755,size=512m,nosuid tagproof /mnt
cd /mnt
mkdir -p etc/apt/apt.conf.d dev proc sys tmp run var old made packages index
for folder in usr bin sbin lib lib32 lib64 libx32; do
  if [ -L "/$folder" ]; then cp -P "/$folder" "$folder"
  elif [ -d "/$folder" ]; then
    mkdir "$folder"
    mount --bind "/$folder" "$folder"
    mount -o remount,bind,ro,nosuid,nodev "$folder"
  fi
done
# What programs need to run. No secret of the machine is in these.
for file in passwd group nsswitch.conf ld.so.cache alternatives perl debian_version; do
  if [ -e "/etc/$file" ]; then cp -RP "/etc/$file" etc; fi
done
for device in null zero full random urandom; do
  : >"dev/$device"
  mount --bind "/dev/$device" "dev/$device"
done
mount --bind "$making/root" made
mount -o remount,bind,nosuid,nodev made
mount --bind "$making/packages" packages
mount -o remount,bind,ro,nosuid,nodev packages
chown "$base:$base" index tmp run var
# Processes of this namespace only; without one that shows everything, the kernel lets nobody mount another.
mount -t proc -o nosuid,nodev,noexec proc proc
pivot_root . old
cd /
umount --lazy /old
rmdir /old
exec nsenter --user=/proc/self/fd/5 -- unshare --mount --pid --ipc --uts --net --fork --kill-child=SIGKILL --mount-proc -- \\
  /bin/sh -eu -c "$recipe" tagproof "$@"
`
