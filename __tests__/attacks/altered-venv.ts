import { readFile } from 'node:fs/promises'
import path from 'node:path'
import type { GitProject } from '../real/source/git-project.ts'
import type { TestRelease } from '../real/support/release.ts'
import type { Attack, Files, Report, Variant } from './harness/attack.ts'
import { setuptoolsProject } from './harness/projects.ts'

interface Altered {
  how: string
  /** Python for `change(control, data)`, with the helpers below. */
  change: string
  reported: readonly (readonly [code: string, member: string])[]
}

const place = 'usr/lib/victim/lib/python3.X/site-packages'
const print = (name: string): string => `print("fired: ${name}")`

const altered: Record<string, Altered> = {
  module: {
    how: 'a module',
    change: `edit(data, "victim/module.py", b'${print('module')}\\n')`,
    reported: [
      ['modified', `${place}/victim/module.py`],
      ['bytecode-differs', `${place}/victim/__pycache__/module.cpython-X.pyc`],
      ['record-differs', `${place}/victim-1.2.3.dist-info/RECORD`]
    ]
  },
  added: {
    how: 'a module more',
    change: `add(data, SITE + "victim/extra.py", b'${print('added')}\\n')`,
    reported: [['untraced', `${place}/victim/extra.py`]]
  },
  recorded: {
    how: 'a module, and its line of RECORD',
    change: `edit(data, "victim/recorded.py", b'${print('recorded')}\\n')
    record(data, "victim/recorded.py")`,
    reported: [
      ['modified', `${place}/victim/recorded.py`],
      ['bytecode-differs', `${place}/victim/__pycache__/recorded.cpython-X.pyc`]
    ]
  },
  unchecked: {
    how: 'the bytecode of a clean module, marked as never checked',
    change: `edit(data, "unchecked." + TAG + ".pyc", loader._code_to_hash_pyc(code("unchecked"), b"12345678", False))`,
    reported: [['bytecode-differs', `${place}/victim/__pycache__/unchecked.cpython-X.pyc`]]
  },
  checked: {
    how: 'the bytecode of a clean module, with the hash of its source',
    change: `source = content(data, "victim/checked.py")
    edit(data, "checked." + TAG + ".pyc", loader._code_to_hash_pyc(code("checked"), _imp.source_hash(loader._RAW_MAGIC_NUMBER, source), True))`,
    reported: [['bytecode-differs', `${place}/victim/__pycache__/checked.cpython-X.pyc`]]
  },
  command: {
    how: 'a command of the wheel',
    change: `edit(data, "victim/bin/victim-command", content(data, "victim/bin/victim-command").replace(b"import sys\\n", b'import sys\\n${print('command')}\\n'))`,
    reported: [['generated-differs', 'usr/lib/victim/bin/victim-command']]
  },
  startup: {
    how: 'a .pth file, which each start of its Python runs',
    change: `add(data, SITE + "victim-startup.pth", b'import sys; ${print('startup')}\\n')`,
    reported: [['pth-file', `${place}/victim-startup.pth`]]
  },
  postinst: {
    how: 'the maintainer script of the tree',
    change: `edit(control, "postinst", content(control, "postinst") + b'echo "fired: postinst"\\n')`,
    reported: [['generated-differs', 'DEBIAN/postinst']]
  },
  preinst: {
    how: 'a maintainer script more',
    change: `control.append(member("./preinst", b'#!/bin/sh\\necho "fired: preinst"\\n', mode=0o755))`,
    reported: [['untraced', 'DEBIAN/preinst']]
  },
  profile: {
    how: 'a file of the tree that lies below /etc',
    change: `edit(data, "etc/profile.d/victim.sh", b'echo "fired: profile"\\n')`,
    reported: [['untraced', 'etc/profile.d/victim.sh']]
  },
  vendor: {
    how: 'a file of a git input, which is not in the locked commit',
    change: `edit(data, "etc/profile.d/victim-vendor.sh", b'echo "fired: vendor"\\n')`,
    reported: [['untraced', 'etc/profile.d/victim-vendor.sh']]
  },
  depends: {
    how: 'a dependency more',
    change: `edit(control, "control", content(control, "control").replace(b"Depends: ", b"Depends: fired-depends, "))`,
    reported: [['generated-differs', 'DEBIAN/control']]
  }
}

/** What the attacker's tool does: edits members, and makes md5sums right again. */
const tool = `import _imp
import base64
import hashlib
import importlib._bootstrap_external as loader
import sys

SITE = "./usr/lib/victim/lib/python3.%d/site-packages/" % sys.version_info[1]
TAG = sys.implementation.cache_tag


def code(name):
    return compile('print("fired: %s")' % name, "module.py", "exec")


def at(pairs, ending):
    (found,) = [at for at, (info, _) in enumerate(pairs) if info.name.endswith("/" + ending)]
    return found


def content(pairs, ending):
    return pairs[at(pairs, ending)][1]


def edit(pairs, ending, content):
    index = at(pairs, ending)
    info, _ = pairs[index]
    info.size = len(content)
    pairs[index] = (info, content)


def add(pairs, name, content):
    pairs.append(member(name, content))


def record(pairs, name):
    bytes = content(pairs, name)
    digest = base64.urlsafe_b64encode(hashlib.sha256(bytes).digest()).rstrip(b"=").decode()
    lines = content(pairs, "victim-1.2.3.dist-info/RECORD").decode().splitlines()
    lines = [f"{name},sha256={digest},{len(bytes)}" if line.startswith(name + ",") else line for line in lines]
    edit(pairs, "victim-1.2.3.dist-info/RECORD", ("\\n".join(lines) + "\\n").encode())


def change(control, data):
    ${Object.values(altered)
      .map(({ change }) => change)
      .join('\n    ')}
    kept = {line.strip() for line in content(control, "conffiles").decode().splitlines()} if any(
        info.name == "./conffiles" for info, _ in control
    ) else set()
    listed = sorted((info.name[2:], bytes) for info, bytes in data if info.isfile() and info.name[1:] not in kept)
    edit(control, "md5sums", "".join(f"{hashlib.md5(bytes).hexdigest()}  {name}\\n" for name, bytes in listed).encode())
`

/** Packs the deb of a folder again, in a root. */
async function alter(release: TestRelease, folder: string): Promise<void> {
  const { repackInRoot } = await import('./harness/venv-debs.ts')
  await repackInRoot(release, folder, { victim: tool })
}

const names = Object.keys(altered)

/** A repository of another project, with a file that the package takes; the tag then names it by folder and tag. */
async function vendor(project: GitProject): Promise<void> {
  const folder = path.join(project.room, 'vendor')
  await project.write({ '../vendor/profile/vendor.sh': 'true\n', '../vendor/profile/unused.sh': 'false\n' })
  await project.git('init', '-q', folder)
  await project.git('-C', folder, 'add', '-A')
  await project.git('-C', folder, 'commit', '-q', '-m', 'Packaging')
  await project.git('-C', folder, 'tag', 'v1')
  const config = await readFile(path.join(project.folder, configFile), 'utf8')
  await project.write({ [configFile]: config.replace('/vendor-repository', folder) })
  await project.commit('Names the other repository')
  await project.git('tag', '-f', '-a', '-m', 'v1.2.3', 'v1.2.3')
}

const configFile = '.github/tagproof.yml'

const files: Files = setuptoolsProject(
  {
    ...Object.fromEntries(
      names.map((name) => [`victim/${name}.py`, `"""Part of an honest package: ${name}."""\n`])
    ),
    'victim/command.py': 'def main():\n    pass\n',
    LICENSE: 'Do what you like.\n',
    'conf/victim.sh': 'true\n',
    'deploy/postinst': '#!/bin/sh\nset -e\necho configured\n',
    [configFile]: `git:
  - { name: vendor, url: /vendor-repository, tag: v1, path: profile }
targets:
  - kind: python
  - kind: deb
    root: deb
    git: [vendor]
    venv:
      package: victim
      prefix: /usr/lib/victim
      commands: { victim-command: victim-command }
      files: [{ from: conf, to: /etc/profile.d }, { from: vendor/vendor.sh, to: /etc/profile.d/victim-vendor.sh }]
      scripts: { postinst: deploy/postinst }
      maintainer: Victims <victims@example.org>
      summary: Something to attack
`
  },
  { project: 'dependencies = []\n\n[project.scripts]\nvictim-command = "victim.command:main"\n' }
)

export const alteredVenv: Attack = {
  name: 'altered-venv',
  rows: '16, 19, 22, 23',
  title: 'A deb with a virtual environment is altered on the way, and its lists of hashes made right again',
  caughtBy:
    'Tracing: each member is that of the wheel, of the tag or of the settings; bytecode is compiled again from the source beside it.',
  scenes: [
    {
      name: 'both worlds alike',
      files,
      arrange: vendor,
      alter,
      variants: Object.entries(altered).map(([name, { how, reported }]): Variant => ({
        name,
        how,
        reported: reported.map(([code, member]): Report => ({
          check: 'traced',
          code,
          artifact: 'deb',
          member
        }))
      }))
    }
  ]
}
