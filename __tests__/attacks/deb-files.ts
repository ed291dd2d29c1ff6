import type { Attack, Files, Report, Variant } from './harness/attack.ts'
import { debProject, inDeb, site, staged } from './harness/deb-project.ts'

interface Installed {
  how: string
  /** Shell of debian/rules, after dh_install or after dh_installdeb. */
  install?: string
  control?: string
  files?: Files
  reported: readonly (readonly [code: string, member: string])[]
}

const print = (name: string): string => `print("fired: ${name}")`
const module = (name: string, file = '__init__.py'): string => `${site}/victim_${name}/${file}`
const stagedModule = (name: string, file?: string): string => `${staged(name)}/${module(name, file)}`

/** Bytecode that never looks at its source again (PEP 552, unchecked hash). */
const bytecode = (name: string, file: string): string => `python3 - ${stagedModule(name, file)} <<'END'
import importlib._bootstrap_external as loader, os, sys
place = sys.argv[1].replace("TAG", sys.implementation.cache_tag)
os.makedirs(os.path.dirname(place), exist_ok=True)
code = compile('${print(name)}', "module.py", "exec")
with open(place, "wb") as stream:
    stream.write(loader._code_to_hash_pyc(code, b"12345678", False))
END`

const example = (name: string): Files => ({
  [`examples/${name}.py`]: { executable: `#!/usr/bin/python3\n${print(name)}\n` },
  [`debian/victim-${name}.examples`]: `examples/${name}.py\n`
})

const installed: Record<string, Installed> = {
  generated: {
    how: 'a module that nobody committed',
    install: `echo '${print('generated')}' >${stagedModule('generated', '_gen.py')}`,
    reported: [['untraced', module('generated', '_gen.py')]]
  },
  altered: {
    how: 'a line behind the end of a committed module',
    install: `echo '${print('altered')}' >>${stagedModule('altered')}`,
    reported: [['modified', module('altered')]]
  },
  swapped: {
    how: 'a file of the tests in the place of a module',
    files: { 'tests/swapped.py': `${print('swapped')}\n` },
    install: `cp tests/swapped.py ${stagedModule('swapped')}`,
    reported: [['modified', module('swapped')]]
  },
  moved: {
    how: 'a file of the tests as a module of its own',
    files: { 'tests/moved.py': `${print('moved')}\n` },
    install: `cp tests/moved.py ${stagedModule('moved', 'more.py')}`,
    reported: [['moved-code', module('moved', 'more.py')]]
  },
  linked: {
    how: 'a module that is a link to an example',
    files: example('linked'),
    install: `ln -s /usr/share/doc/victim-linked/examples/linked.py ${stagedModule('linked', 'more.py')}`,
    reported: [['untraced', module('linked', 'more.py')]]
  },
  command: {
    how: 'a command that is a link to an example',
    files: example('command'),
    install: `mkdir -p ${staged('command')}/usr/bin
ln -s ../share/doc/victim-command/examples/command.py ${staged('command')}/usr/bin/victim-command`,
    reported: [['untraced', 'usr/bin/victim-command']]
  },
  startup: {
    how: 'a .pth file, which each start of Python runs',
    install: `echo 'import sys; ${print('startup')}' >${staged('startup')}/${site}/victim-startup.pth`,
    reported: [['pth-file', `${site}/victim-startup.pth`]]
  },
  profile: {
    how: 'a file below /etc, which each shell of a user reads and debhelper makes a conffile',
    install: `mkdir -p ${staged('profile')}/etc/profile.d
echo 'echo "fired: profile"' >${staged('profile')}/etc/profile.d/victim.sh`,
    reported: [['untraced', 'etc/profile.d/victim.sh']]
  },
  kept: {
    how: 'a module among the conffiles: what is written there once, no upgrade replaces',
    control: `echo /${module('kept')} >${staged('kept')}/DEBIAN/conffiles`,
    reported: [['generated-differs', 'DEBIAN/conffiles']]
  },
  cached: {
    how: 'bytecode beside clean source, never compared with it (unchecked hash)',
    install: bytecode('cached', '__pycache__/__init__.TAG.pyc'),
    reported: [['bytecode-differs', module('cached', '__pycache__/__init__.cpython-X.pyc')]]
  },
  alone: {
    how: 'bytecode as a module that has no source',
    install: bytecode('alone', 'more.pyc'),
    reported: [['bytecode-refused', module('alone', 'more.pyc')]]
  }
}

const joined = (step: 'install' | 'control'): string =>
  Object.values(installed)
    .flatMap((one) => one[step] ?? [])
    .join('\n')

const variants = Object.entries(installed).map(([name, { how, reported }]): Variant => {
  const reports = reported.map(([code, member]): Report => inDeb(name, code, member))
  return { name, how, reported: reports }
})

export const debFiles: Attack = {
  name: 'deb-files',
  rows: '1, 5, 19, 22',
  title: 'A deb installs what the tag does not have',
  caughtBy:
    'Tracing: each installed file is a file of the tag at its place, or what debhelper makes of one; bytecode is compiled again, and lists of files are made again.',
  scenes: [
    {
      name: 'debian/rules',
      files: debProject({
        packages: Object.keys(installed),
        files: Object.assign({}, ...Object.values(installed).map(({ files = {} }) => files)) as Files,
        steps: { install: joined('install'), control: joined('control') }
      }),
      variants
    }
  ]
}
