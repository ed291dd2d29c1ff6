import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { BuiltTarget } from '../../../src/documents/build.ts'
import type { VariationName } from '../../../src/documents/fields.ts'
import type { World } from '../../../src/documents/identifiers.ts'
import { silentLog } from '../../../src/platform/log.ts'
import { plainEnvironment, runChecked } from '../../../src/platform/process.ts'
import { writeExports } from '../../../src/source/export.ts'
import { openRepository } from '../../../src/source/repository.ts'
import { resolveTag } from '../../../src/source/tag.ts'
import { versionOfTag } from '../../../src/source/version.ts'
import { buildDebian } from '../../../src/targets/deb/debian/build.ts'
import { makeProject, type Content } from '../source/git-project.ts'
import type { TestRoot } from '../support/root.ts'

/** What one world made of a project. */
export interface DebBuild {
  built: BuiltTarget
  /** Folder of the debs; evidence lies beside it. */
  folder: string
  /** Lines that the build printed, and what the user was told. */
  lines: string[]
  told: string[]
}

export interface DebProject {
  build(world: World, root: TestRoot, off?: VariationName[]): Promise<DebBuild>
  remove(): Promise<void>
}

interface ProjectOptions {
  tag?: string
  changelog?: 'tree' | 'tag'
  path?: string
}

/** A tagged project with a `debian/` folder, built without the stages around it. */
export async function debProject(
  files: Record<string, Content>,
  { tag = 'v1.1rc1', changelog = 'tree', path: where = '.' }: ProjectOptions = {}
): Promise<DebProject> {
  const project = await makeProject(files)
  await project.git('tag', '-a', '-m', tag, tag)
  const room = await mkdtemp(path.join(tmpdir(), 'tagproof-deb-test-'))
  const repository = await openRepository(project.folder)
  const tagRef = await resolveTag(repository, tag)
  const planned = await writeExports(repository, tagRef, { folder: room, inputs: [], log: silentLog })
  await repository.close()
  let count = 0
  return {
    async build(world, { root, lock }, off = []) {
      const folder = path.join(room, `${world}-${(count += 1)}`)
      const [lines, told]: string[][] = [[], []]
      const built = await buildDebian({
        target: { kind: 'deb', name: 'deb', path: where, root: 'deb', deb: { mode: 'debian', changelog } },
        world,
        tag: tagRef,
        version: versionOfTag(tag),
        exportTar: path.join(room, `export-${world}.tar`),
        root,
        rootLock: lock,
        limits: { minutes: 5, 'memory-mib': 1024, 'disk-mib': 256, processes: 200 },
        folder,
        scrambled: planned.scramble.files.length,
        off,
        log: { ...silentLog, info: (line) => told?.push(line), warn: (line) => told?.push(line) },
        onLine: (line) => lines?.push(line)
      })
      return { built, folder, lines: lines ?? [], told: told ?? [] }
    },
    async remove() {
      await project.remove()
      await rm(room, { recursive: true, force: true })
    }
  }
}

/** The bytes of a file that a deb installs. */
export async function installedFile(deb: string, name: string): Promise<string> {
  const script = 'dpkg-deb --fsys-tarfile "$1" | tar --extract --to-stdout --file=- "./$2"'
  return runChecked('/bin/sh', ['-euc', script, 'sh', deb, name], { env: plainEnvironment })
}

/** What `dpkg-deb --contents` says. */
export async function contents(deb: string): Promise<string> {
  return runChecked('dpkg-deb', ['--contents', deb], { env: { ...plainEnvironment, TZ: 'UTC' } })
}

/** Prints what a build can see of each variation, from debian/rules. */
const probe = `#!/bin/sh
: >made
printf 'probe %s %s\\n' build-path "$PWD" home "$HOME" user-id "$(id -u)" host-name "$(hostname)" \\
  timezone "$TZ" timezone-offset "$(date +%z)" locale "$LC_ALL" \\
  locale-order "$(printf 't\\nz\\ns\\n' | sort | tr -d '\\n')" umask "$(stat -c %a made)" \\
  hash-seed "$PYTHONHASHSEED" clock "$(date +%s)" directory-order "$(find order -type f -printf '%f')" \\
  cpus "$(nproc)" jobs "$DEB_BUILD_OPTIONS" dpkg-threads "$DPKG_DEB_THREADS_MAX" path-tail "$PATH" \\
  scrambled-files "$(sha256sum <tests/fixture.bin)" git "$(test -d .git && echo there)"
rm made
`

const controlText = `Source: bell
Section: @SECTION@
Priority: optional
Maintainer: Bell ringers <bell@example.org>
Build-Depends: debhelper-compat (= 13), valgrind <!nocheck>
Standards-Version: 4.6.2
Rules-Requires-Root: no

Package: bell
Architecture: any
Depends: \${shlibs:Depends}, \${misc:Depends}, bell-data (= \${source:Version})
Description: rings
 A bell.

Package: bell-data
Architecture: all
Depends: \${misc:Depends}
Description: tunes for bell
 What it plays.
`

/** Two packages, a C program, a quilt patch, a generated control file, and a probe. */
export const bell = {
  'src/bell.c': '#include <stdio.h>\n\nint main(void) {\n  return puts("ding " __FILE__) < 0;\n}\n',
  'src/tune.txt': 'dong\n',
  'tests/fixture.bin': Buffer.from([0, 1, 2, 3, 254, 255, 0, 7, 8, 9, 200, 201]),
  ...Object.fromEntries(['a', 'b', 'c', 'd'].map((name) => [`order/${name}`, name])),
  Makefile: `bell: src/bell.c
\t$(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ "$(CURDIR)/src/bell.c"
clean:
\trm -f bell
test:
\t@echo the tests ran; false
.PHONY: clean test
`,
  'debian/control.in': controlText,
  'debian/control': controlText.replace('@SECTION@', 'misc'),
  'debian/rules': {
    executable: `#!/usr/bin/make -f
binary: probe
\tdh $@
probe:
\t@sh debian/probe
override_dh_auto_clean:
\tsed 's/@SECTION@/sound/' debian/control.in >debian/control
\tdh_auto_clean
%:
\tdh $@
`
  },
  'debian/probe': probe,
  'debian/source/format': '3.0 (quilt)\n',
  'debian/bell.install': 'bell usr/bin\n',
  'debian/bell-data.install': 'src/tune.txt usr/share/bell\n',
  'debian/changelog': `bell (2:1.0-1) unstable; urgency=low

  * First.

 -- Bell ringers <bell@example.org>  Mon, 05 Feb 2024 10:00:00 +0000
`,
  'debian/patches/series': 'louder.patch\n',
  'debian/patches/louder.patch': `Description: louder
--- a/src/tune.txt
+++ b/src/tune.txt
@@ -1 +1 @@
-dong
+DONG
`
} satisfies Record<string, Content>
