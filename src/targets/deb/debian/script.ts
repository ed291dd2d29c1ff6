/** Where a changelog that is made from the tag is seen in both worlds. */
export const changelogPlace = '/opt/debian-changelog'
/** What the script leaves, besides the files that it names. */
export const changesName = 'tagproof.changes'
/** Left where a patch does not fit: its name. dpkg builds without the patches then. */
export const unfitName = 'tagproof.unfit'

/** Variables of the build; `nproc` and the commit's time come to them inside. */
export function debianEnvironment(epoch: number): Record<string, string> {
  return {
    // As on Debian's own builders: helpers of packaging live in sbin too.
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    SOURCE_DATE_EPOCH: String(epoch),
    DEB_BUILD_PROFILES: 'nocheck',
    // The one compressor whose bytes depend on neither threads nor the versions of dpkg that are in use.
    DPKG_DEB_COMPRESSOR_TYPE: 'xz'
  }
}

/**
 * dpkg-source takes it that all patches are applied where the first one does not apply, and says nothing: then the
 * last one must come off again. Neither is a tree that these patches do not fit.
 */
const patchCheck = `
series=debian/patches/$(dpkg-vendor --query Vendor | tr A-Z a-z).series
[ -e "$series" ] || series=debian/patches/series
case $(cat debian/source/format 2>/dev/null) in *quilt*) quilt=1 ;; *) quilt=0 ;; esac
if [ "$quilt" = 1 ] && [ -e "$series" ]; then
  sed -n 's/^[[:space:]]*\\([^#[:space:]][^[:space:]]*\\).*/\\1/p' "$series" >/tmp/tagproof-patches
  first=$(head -n 1 /tmp/tagproof-patches) last=$(tail -n 1 /tmp/tagproof-patches)
  fits() { patch --dry-run --batch --fuzz=0 --strip=1 --silent "$@" >/dev/null 2>&1; }
  if [ -n "$first" ] && ! fits --forward <"debian/patches/$first" && ! fits --reverse <"debian/patches/$last"; then
    echo "tagproof: $first of debian/patches neither applies to the tree nor is applied"
    echo "$first" >"$OUT_DIR/${unfitName}"
  fi
  rm /tmp/tagproof-patches
fi`

/**
 * Builds the binary packages of the source package in folder `$1` of the tree. The number of CPUs of the world is
 * that of make's jobs and of dpkg-deb's threads.
 */
export const buildScript = `
cd "$BUILD_DIR/$1"
if [ -e ${changelogPlace}/changelog ]; then
  cp --remove-destination ${changelogPlace}/changelog debian/changelog
  chmod u+w debian/changelog
  touch -d "@$SOURCE_DATE_EPOCH" debian/changelog
fi
${patchCheck}
cpus=$(nproc)
export DPKG_DEB_THREADS_MAX=$cpus DEB_BUILD_OPTIONS="nocheck noautodbgsym parallel=$cpus"
# dpkg-deb learned to be told its compressor by a variable in 1.21.10; what a package says itself still wins.
if dpkg --compare-versions "$(dpkg-query -W -f '\${Version}' dpkg)" lt 1.21.10; then
  mkdir /tmp/tagproof-dpkg
  printf '#!/bin/sh\\nexec /usr/bin/dpkg-deb -Zxz "$@"\\n' >/tmp/tagproof-dpkg/dpkg-deb
  chmod 755 /tmp/tagproof-dpkg/dpkg-deb
  PATH=/tmp/tagproof-dpkg:$PATH
fi
dpkg-buildpackage --build=binary --unsigned-source --unsigned-changes --changes-file=../${changesName}
cp ../${changesName} "$OUT_DIR"
sed -n '/^Files:/,/^[^ ]/s/^ [0-9a-f]\\{32\\} [0-9]* [^ ]* [^ ]* //p' ../${changesName} |
  while read -r name; do cp "../$name" "$OUT_DIR"; done
`
