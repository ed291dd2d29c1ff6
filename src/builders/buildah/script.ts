import { canaryFolder } from '../settings.ts'

/**
 * Makes a storage of its own, takes the bases into it, builds, and leaves `image.tar` in /out. Arguments: HOME, the
 * number of bases, for each its reference and folder, then those of `buildah bud`.
 */
export const buildahScript = `
home=$1 bases=$2
shift 2
cd "$home"
printf '#!/bin/sh\\nexec /usr/bin/python3 -I -S /tagproof/runtime.py "$@"\\n' >runtime
chmod 0755 runtime
: >/out/steps
mkdir -p storage run containers empty
# Overlays of a user namespace leave attributes in the layers. Copies leave none.
driver=vfs
echo "$driver" >/out/snapshotter
cat >containers/storage.conf <<END
[storage]
driver = "$driver"
graphroot = "$home/storage"
runroot = "$home/run"
END
printf '{"default":[{"type":"insecureAcceptAnything"}]}' >containers/policy.json
printf 'unqualified-search-registries = []\\nshort-name-mode = "disabled"\\n' >containers/registries.conf
: >containers/containers.conf
export CONTAINERS_STORAGE_CONF="$home/containers/storage.conf" CONTAINERS_REGISTRIES_CONF="$home/containers/registries.conf"
export CONTAINERS_CONF="$home/containers/containers.conf" BUILDAH_ISOLATION=oci BUILDAH_RUNTIME="$home/runtime" TMPDIR=/var/tmp
tell() { buildah "$@"; }
while [ "$bases" -gt 0 ]; do
  tell pull --quiet --policy always --signature-policy containers/policy.json "oci:$2" >pulled
  tell tag "$(cat pulled)" "$1"
  bases=$((bases - 1))
  shift 2
done

printf 'FROM scratch\\nCOPY canary /canary\\n' >empty/Dockerfile
tell bud --quiet --no-cache --isolation chroot --signature-policy containers/policy.json -f empty/Dockerfile --iidfile told ${canaryFolder} >/dev/null
container=$(tell from --pull-never --signature-policy containers/policy.json "$(cat told)")
cat "$(tell mount "$container")/canary" >/out/canary
tell umount "$container" >/dev/null
tell rm "$container" >/dev/null

tell bud --no-cache --layers=false --signature-policy containers/policy.json --iidfile made "$@"
tell push --quiet --format oci --signature-policy containers/policy.json "$(cat made)" "oci:$home/layout"
tar --create --file=/out/image.tar --format=ustar --sort=name --owner=0 --group=0 --numeric-owner --mtime=@0 -C "$home/layout" .
`
