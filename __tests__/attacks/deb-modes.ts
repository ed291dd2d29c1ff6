import { readFile } from 'node:fs/promises'
import type { Attack, Files, Variant } from './harness/attack.ts'
import { debProject, inDeb, site, staged } from './harness/deb-project.ts'

interface Mode {
  how: string
  /** Shell of debian/rules after dh_fixperms. */
  fixperms?: string
  /** Python that changes the archives of the finished deb. */
  change?: string
  code: string
  member: string
  /** No origin either. */
  untraced?: true
}

const folder = (name: string): string => `${site}/victim_${name}`

const program = (name: string, member: string): string => `mkdir -p ${staged(name)}/usr/bin
gcc -D"NAME=\\"${name}\\"" -o ${staged(name)}/${member} src/rights.c`

const modes: Record<string, Mode> = {
  setuid: {
    how: 'a program that runs as root, whoever calls it',
    fixperms: `${program('setuid', 'usr/bin/victim-setuid')}
chmod 4755 ${staged('setuid')}/usr/bin/victim-setuid`,
    code: 'mode-refused',
    member: 'usr/bin/victim-setuid'
  },
  setgid: {
    how: 'a program that runs with the group of root',
    fixperms: `${program('setgid', 'usr/bin/victim-setgid')}
chmod 2755 ${staged('setgid')}/usr/bin/victim-setgid`,
    code: 'mode-refused',
    member: 'usr/bin/victim-setgid'
  },
  writable: {
    how: 'a module that everybody may write to',
    fixperms: `chmod 666 ${staged('writable')}/${folder('writable')}/__init__.py`,
    code: 'mode-refused',
    member: `${folder('writable')}/__init__.py`
  },
  folder: {
    how: 'a folder of modules that everybody may write to',
    fixperms: `chmod 777 ${staged('folder')}/${folder('folder')}`,
    code: 'mode-refused',
    member: folder('folder')
  },
  escape: {
    how: 'a module that is a link to a place that everybody may write to',
    fixperms: `ln -s /tmp/victim-escape.py ${staged('escape')}/${folder('escape')}/more.py`,
    code: 'link-refused',
    member: `${folder('escape')}/more.py`,
    untraced: true
  },
  owner: {
    how: 'a module that belongs to the first user of the machine',
    change: `for info, _ in data:
        if info.name.endswith(".py"):
            info.uid = info.gid = 1000
            info.uname = info.gname = ""`,
    code: 'owner-refused',
    member: `${folder('owner')}/__init__.py`
  },
  device: {
    how: 'a device that everybody may read',
    change: `data.append(member("./${folder('device')}/memory", type=b"3", devmajor=1, devminor=5, mode=0o666))`,
    code: 'special-file',
    member: `${folder('device')}/memory`,
    untraced: true
  }
}

/** Says so where another user than root runs it with the rights of root. */
const rights = `#include <stdio.h>
#include <unistd.h>

int main(void) {
  if (getuid() != 0 && (geteuid() == 0 || getegid() == 0)) puts("fired: " NAME);
  return 0;
}
`

const names = Object.keys(modes)

const files = async (): Promise<Files> =>
  debProject({
    packages: names,
    compiled: ['setuid', 'setgid'],
    files: {
      'src/rights.c': rights,
      'debian/repack.py': await readFile(new URL('harness/repack.py', import.meta.url), 'utf8'),
      ...Object.fromEntries(
        Object.entries(modes).flatMap(([name, { change }]) =>
          change === undefined
            ? []
            : [[`debian/attacks/${name}.py`, `def change(control, data):\n    ${change}\n`]]
        )
      )
    },
    steps: {
      fixperms: Object.values(modes)
        .flatMap(({ fixperms = [] }) => fixperms)
        .join('\n'),
      builddeb: 'dh_builddeb\npython3 debian/repack.py debian/attacks ../victim-*.deb'
    }
  })

export const debModes: Attack = {
  name: 'deb-modes',
  rows: '16, 17',
  title: 'A deb gives rights, or files, to others',
  caughtBy:
    'Tracing: whatever the origin of a member, no set-id bit, mode for everybody, foreign owner, device or link out of the package is accepted; git knows none of them.',
  scenes: [
    {
      name: 'debian/rules',
      files,
      variants: Object.entries(modes).map(([name, { how, code, member, untraced }]): Variant => ({
        name,
        how,
        reported: [
          inDeb(name, code, member),
          ...(untraced === undefined ? [] : [inDeb(name, 'untraced', member)])
        ]
      }))
    }
  ]
}
