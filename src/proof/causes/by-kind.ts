import type { ArchiveKind } from '../../formats/archive.ts'

const inDockerfile = {
  epoch:
    'Write `ARG SOURCE_DATE_EPOCH` into the stage, and use "$SOURCE_DATE_EPOCH" in the RUN step instead of the clock.',
  bytecode:
    'Write `ENV PYTHONDONTWRITEBYTECODE=1` before the RUN step, and install with `pip install --no-compile`; Python compiles what it imports.'
}

const inRules = {
  bytecode:
    'Ship no *.pyc: dh_python3 leaves them out and compiles on installation. In debian/rules: `find debian -name __pycache__ -prune -exec rm -r {} +` after dh_auto_install.',
  flags:
    'Let the build take its flags from dpkg-buildflags (-ffile-prefix-map, feature fixfilepath): `export DEB_BUILD_MAINT_OPTIONS = hardening=+all reproducible=+fixfilepath` in debian/rules, and pass CFLAGS and CPPFLAGS on to the compiler.',
  epoch:
    'Use `date -u -d "@$SOURCE_DATE_EPOCH"` in debian/rules instead of the clock; it is exported from debian/changelog.'
}

/** Fixes in the words of a kind of package, by the name of the rule that found the cause. */
const fixes: Readonly<Partial<Record<ArchiveKind, Readonly<Record<string, string>>>>> = {
  image: {
    timestamp: inDockerfile.epoch,
    timezone: `${inDockerfile.epoch} Add TZ=UTC where times are printed.`,
    'bytecode-time': inDockerfile.bytecode,
    bytecode: inDockerfile.bytecode,
    'gzip-time': 'Use `gzip -n` in the RUN step.',
    'gzip-name': 'Use `gzip -n` in the RUN step.',
    'tar-time':
      'Pack with `tar --sort=name --mtime=@$SOURCE_DATE_EPOCH --owner=0 --group=0 --numeric-owner`.',
    'tar-owner':
      'Pack with `tar --sort=name --mtime=@$SOURCE_DATE_EPOCH --owner=0 --group=0 --numeric-owner`.',
    'host-name':
      'The host name of a RUN step is none of the container that will run: do not write it into a file.'
  },
  deb: {
    timestamp: inRules.epoch,
    timezone: `${inRules.epoch} Add TZ=UTC where times are printed.`,
    'bytecode-time': inRules.bytecode,
    bytecode: inRules.bytecode,
    'build-path': inRules.flags,
    'compiled-object': `${inRules.flags} Sort lists of sources: $(sort $(wildcard *.c)).`,
    'link-order': 'Sort the list of sources: $(sort $(wildcard *.c)).',
    'gzip-time': 'Use gzip -9n, or leave it to dh_compress.',
    'gzip-name': 'Use gzip -9n, or leave it to dh_compress.',
    'ar-header': 'Make static libraries with ar D, or do not ship them.'
  }
}

/** The fix of a cause where the kind of package has its own. */
export function fixOfKind(kind: ArchiveKind, rule: string): string | undefined {
  return fixes[kind]?.[rule]
}
