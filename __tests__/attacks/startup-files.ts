import { untraced, type Attack, type Files, type Report } from './harness/attack.ts'
import { setuptoolsProject, wrappedSetuptools } from './harness/projects.ts'

const startup = (code: string, member: string): Report => ({
  check: 'traced',
  code,
  artifact: 'wheel',
  member
})

const files: Files = setuptoolsProject(
  {
    ...wrappedSetuptools(`import sys

SITE = "victim-1.2.3.data/data/lib/python%d.%d/site-packages/" % sys.version_info[:2]


def change(files):
    files["generated.pth"] = b'import sys; print("fired: generated")\\n'
    files["victim-1.2.3.data/purelib/purelib.pth"] = b'import sys; print("fired: purelib")\\n'
    files[SITE + "deep.pth"] = b'import sys; print("fired: deep")\\n'
    files["sitecustomize.py"] = b'print("fired: customize")\\n'
    with open("data/hook.pth", "rb") as stream:
        files["hook.pth"] = stream.read()
    with open("data/late.pth", "rb") as stream:
        files[SITE + "late.pth"] = stream.read()
    files["victim-1.2.3-py3.11-nspkg.pth"] = b'import sys; print("fired: namespace")\\n'
    files["victim-1.2.3.data/scripts/victim-tool"] = b'#!python\\nprint("fired: script")\\n'
    points = "victim-1.2.3.dist-info/entry_points.txt"
    files[points] += b"victim-more = victim.command:more\\n"
`),
    'MANIFEST.in': 'graft data\ngraft tools\n',
    'data/hook.pth': 'import sys; print("fired: committed")\n',
    'data/late.pth': 'import sys; print("fired: late")\n',
    'victim/command.py': 'def main():\n    return 0\n\n\ndef more():\n    print("fired: entry-point")\n'
  },
  { backend: 'wrapped', project: '\n[project.scripts]\nvictim = "victim.command:main"\n' }
)

export const startupFiles: Attack = {
  name: 'startup-files',
  rows: '22',
  title: 'The wheel gets files that run without being imported: at each start of Python, or as commands',
  caughtBy:
    'Tracing: startup files are refused whatever made them, but for known generators; scripts and entry points are derived again.',
  scenes: [
    {
      name: 'a backend in the tree adds them',
      files,
      variants: [
        { name: 'generated', how: 'a .pth file', reported: [startup('pth-file', 'generated.pth')] },
        {
          name: 'purelib',
          how: 'a .pth file in the folder .data/purelib',
          reported: [startup('pth-file', 'victim-1.2.3.data/purelib/purelib.pth')]
        },
        {
          name: 'deep',
          how: 'a .pth file in the folder .data/data, by the path of site-packages below the prefix',
          reported: [startup('pth-file', 'victim-1.2.3.data/data/lib/python3.X/site-packages/deep.pth')]
        },
        {
          name: 'customize',
          how: 'a module sitecustomize',
          reported: [startup('pth-file', 'sitecustomize.py')]
        },
        {
          name: 'committed',
          how: 'a .pth file that is committed as data',
          reported: [startup('pth-blob', 'hook.pth')]
        },
        {
          name: 'late',
          how: 'a committed .pth file in the folder .data/data',
          reported: [startup('pth-blob', 'victim-1.2.3.data/data/lib/python3.X/site-packages/late.pth')]
        },
        {
          name: 'namespace',
          how: 'a .pth file under the name that setuptools gives to those of namespace packages',
          reported: [startup('pth-file', 'victim-1.2.3-py3.11-nspkg.pth')]
        },
        {
          name: 'script',
          how: 'a script in .data/scripts',
          reported: [untraced('victim-1.2.3.data/scripts/victim-tool', 'wheel')]
        },
        {
          name: 'entry-point',
          how: 'a command in entry_points.txt that pyproject.toml does not state',
          reported: [startup('entry-point-undeclared', 'victim-1.2.3.dist-info/entry_points.txt')]
        }
      ]
    }
  ]
}
