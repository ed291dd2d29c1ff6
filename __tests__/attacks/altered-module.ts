import { modified, type Attack, type Files } from './harness/attack.ts'
import { hatchProject, repacking, setuptoolsProject, wrappedSetuptools } from './harness/projects.ts'

const withSetuptools: Files = setuptoolsProject(
  {
    ...wrappedSetuptools(`def change(files):
    files["victim/packed.py"] += b'print("fired: backend")\\n'
`),
    'MANIFEST.in': 'include hooks.py\ngraft tools\ngraft contrib\n',
    'hooks.py': `import os
import shutil

from setuptools.command.build_py import build_py


class BuildPy(build_py):
    def run(self):
        super().run()
        self.edit("module.py", "# end", 'print("fired: build_py")')
        self.edit("comment.py", "coding: utf-8", "coding: utf-7")
        for source, name in (("contrib/replacement.py", "swapped.py"), ("contrib/extra.txt", "fresh.py")):
            shutil.copyfile(source, os.path.join(self.build_lib, "victim", name))

    def edit(self, name, old, new):
        place = os.path.join(self.build_lib, "victim", name)
        with open(place) as stream:
            text = stream.read()
        with open(place, "w") as stream:
            stream.write(text.replace(old, new))
`,
    'contrib/replacement.py': 'print("fired: swapped")\n',
    'contrib/extra.txt': 'print("fired: moved")\n',
    'victim/module.py': 'value = 1\n# end\n',
    'victim/packed.py': 'value = 2\n',
    'victim/swapped.py': 'value = 3\n',
    'victim/comment.py': '# coding: utf-8\n# Read this: +AAo-print(+ACI-fired: comment+ACI-)\n'
  },
  { backend: 'wrapped', tables: '\n[tool.setuptools.cmdclass]\nbuild_py = "hooks.BuildPy"\n' }
)

const withHatchling: Files = hatchProject({
  'hatch_build.py': `import os

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

${repacking}

class Hook(BuildHookInterface):
    def initialize(self, version, build_data):
        place = os.path.join(self.root, "victim", "early.py")
        with open(place) as stream:
            text = stream.read()
        if "fired" not in text:
            with open(place, "a") as stream:
                stream.write('print("fired: initialize")\\n')

    def finalize(self, version, build_data, artifact_path):
        if artifact_path.endswith(".whl"):
            repack(artifact_path, change)


def change(files):
    files["victim/late.py"] += b'print("fired: finalize")\\n'
`,
  'victim/early.py': 'value = 1\n',
  'victim/late.py': 'value = 2\n'
})

export const alteredModule: Attack = {
  name: 'altered-module',
  rows: '5',
  title: 'The build changes a module of the tag on its way into the package',
  caughtBy: 'Tracing: the bytes are not those of the blob that the tree has for this path.',
  scenes: [
    {
      name: 'setuptools',
      files: withSetuptools,
      variants: [
        {
          name: 'build_py',
          how: 'a build_py command edits the copy that goes into the wheel',
          reported: [modified('victim/module.py', 'wheel')]
        },
        {
          name: 'comment',
          how: 'a build_py command changes the encoding that a comment declares (utf-7), and a comment becomes code',
          reported: [modified('victim/comment.py', 'wheel')]
        },
        {
          name: 'swapped',
          how: 'another file of the tag is put in its place',
          reported: [modified('victim/swapped.py', 'wheel')]
        },
        {
          name: 'moved',
          how: 'a text file of the tag becomes a module',
          reported: [{ check: 'traced', code: 'moved-code', artifact: 'wheel', member: 'victim/fresh.py' }]
        },
        {
          name: 'backend',
          how: 'a backend in the tree packs the finished wheel again, with a right RECORD',
          reported: [modified('victim/packed.py', 'wheel')]
        }
      ]
    },
    {
      name: 'hatchling',
      files: withHatchling,
      variants: [
        {
          name: 'initialize',
          how: 'a build hook edits the tree before sdist and wheel are packed',
          reported: [modified('victim/early.py')]
        },
        {
          name: 'finalize',
          how: 'a build hook edits the finished wheel, and makes its RECORD right',
          reported: [modified('victim/late.py', 'wheel')]
        }
      ]
    }
  ]
}
