import { readFile } from 'node:fs/promises'
import type { Attack, Files, Variant } from './harness/attack.ts'
import { debProject, inDeb, site } from './harness/deb-project.ts'

interface Hostile {
  how: string
  change: (name: string) => string
  says: string
}

const evil = (name: string): string => `b'print("fired: ${name}")\\n'`
const script = (name: string): string => `b'#!/bin/sh\\necho "fired: ${name}"\\n'`
const module = (name: string, file = '__init__.py'): string => `${site}/victim_${name}/${file}`

const hostile: Record<string, Hostile> = {
  twice: {
    how: 'a module twice: dpkg installs the second',
    change: (name) => `data.append(member("./${module(name)}", ${evil(name)}))`,
    says: 'twice'
  },
  script: {
    how: 'a maintainer script twice: dpkg runs the second',
    change: (name) => `control.append(member("./postinst", ${script(name)}, mode=0o755))`,
    says: 'twice'
  },
  spelled: {
    how: 'a maintainer script under two spellings, postinst and ./postinst',
    change: (name) => `control.append(member("postinst", ${script(name)}, mode=0o755))`,
    says: 'twice'
  },
  late: {
    how: 'a module that was changed once its hash was listed (md5sums)',
    change: (name) => `data[:] = [
        member(info.name, ${evil(name)}) if info.name.endswith(".py") else (info, content)
        for info, content in data
    ]`,
    says: 'md5sums'
  },
  absolute: {
    how: 'an absolute name, which dpkg makes relative',
    change: (name) => `data.append(member("/${module(name, 'more.py')}", ${evil(name)}))`,
    says: 'absolute'
  },
  parent: {
    how: 'a name with "..", which leads to another folder',
    change: (name) =>
      `data.append(member("./usr/share/../lib/${module(name, 'more.py').slice(8)}", ${evil(name)}))`,
    says: '".."'
  },
  through: {
    how: 'a file below a link of the package, which leads to another folder',
    change: (
      name
    ) => `data.append(member("./usr/share/victim", type=b"2", linkname="../lib/python3/dist-packages"))
    data.append(member("./usr/share/victim/victim_${name}/more.py", ${evil(name)}))`,
    says: 'is no folder'
  }
}

const files = async (): Promise<Files> =>
  debProject({
    packages: Object.keys(hostile),
    files: {
      'debian/repack.py': await readFile(new URL('harness/repack.py', import.meta.url), 'utf8'),
      'debian/victim-script.postinst': '#!/bin/sh\nset -e\n#DEBHELPER#\n',
      'debian/victim-spelled.postinst': '#!/bin/sh\nset -e\n#DEBHELPER#\n',
      ...Object.fromEntries(
        Object.entries(hostile).map(([name, { change }]) => [
          `debian/attacks/${name}.py`,
          `def change(control, data):\n    ${change(name)}\n`
        ])
      )
    },
    steps: { builddeb: 'dh_builddeb\npython3 debian/repack.py debian/attacks ../victim-*.deb' }
  })

export const hostileDeb: Attack = {
  name: 'hostile-deb',
  rows: '16, 21',
  title: 'The deb shows one thing to a verifier and another to dpkg',
  caughtBy:
    'Container: the reader accounts for every byte of ar and tar, and refuses what two readers could understand differently.',
  scenes: [
    {
      name: 'debian/rules packs the deb itself',
      files,
      unreadable: true,
      variants: Object.entries(hostile).map(([name, { how, says }]): Variant => ({
        name,
        how,
        reported: [{ ...inDeb(name, 'archive-invalid', '', 'container'), says }]
      }))
    }
  ]
}
