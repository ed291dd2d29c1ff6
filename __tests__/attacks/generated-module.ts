import { untraced, type Attack, type Files } from './harness/attack.ts'
import { hatchProject, setuptoolsProject } from './harness/projects.ts'

const withSetuptools: Files = setuptoolsProject(
  {
    'setup.py': `import os

from setuptools import setup

with open(os.path.join("victim", "_early.py"), "w") as stream:
    stream.write('print("fired: setup.py")\\n')
with open(os.path.join("victim", "rules.json"), "w") as stream:
    stream.write('["fired: data"]\\n')
setup()
`,
    'MANIFEST.in': 'include hooks.py victim/rules.json\n',
    'hooks.py': `import os

from setuptools.command.build_py import build_py
from setuptools.command.egg_info import egg_info
from setuptools.command.sdist import sdist


def add(folder, name, marker):
    with open(os.path.join(folder, "victim", name), "w") as stream:
        stream.write('print("fired: %s")\\n' % marker)


class BuildPy(build_py):
    def run(self):
        super().run()
        add(self.build_lib, "_built.py", "build_py")


class EggInfo(egg_info):
    def run(self):
        add("", "_egg.py", "egg_info")
        super().run()


class Sdist(sdist):
    def make_release_tree(self, base, files):
        super().make_release_tree(base, files)
        add(base, "_tree.py", "sdist")
`,
    'victim/data.py': `import json
import os

here = os.path.dirname(os.path.abspath(__file__))
if os.path.exists(os.path.join(here, "rules.json")):
    with open(os.path.join(here, "rules.json")) as stream:
        for line in json.load(stream):
            print(line)
`,
    'victim/version.py': `import os

if os.path.exists("setup.py"):
    with open("victim/_version_hook.py", "w") as stream:
        stream.write('print("fired: version")\\n')
number = ".".join(["1", "2", "3"])
`
  },
  {
    version: 'dynamic = ["version"]',
    tables: `
[tool.setuptools.cmdclass]
build_py = "hooks.BuildPy"
egg_info = "hooks.EggInfo"
sdist = "hooks.Sdist"

[tool.setuptools.dynamic]
version = { attr = "victim.version.number" }
`
  }
)

const withHatchling: Files = hatchProject({
  'hatch_build.py': `import os
import tempfile
import zipfile

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class Hook(BuildHookInterface):
    def initialize(self, version, build_data):
        with open(os.path.join(self.root, "victim", "_hook.py"), "w") as stream:
            stream.write('print("fired: initialize")\\n')
        self.place = tempfile.mkdtemp()
        with open(os.path.join(self.place, "x.txt"), "w") as stream:
            stream.write('print("fired: force-include")\\n')
        build_data["force_include"][os.path.join(self.place, "x.txt")] = "victim/_included.py"
        build_data["artifacts"].append("victim/_hook.py")
`
})

export const generatedModule: Attack = {
  name: 'generated-module',
  rows: '1',
  title: 'The build writes a module into the package that no commit holds',
  caughtBy: 'Tracing: no blob has its bytes, and no known generator makes them.',
  scenes: [
    {
      name: 'setuptools',
      files: withSetuptools,
      variants: [
        {
          name: 'setup.py',
          how: 'setup.py writes it into the tree before anything is packed',
          reported: [untraced('victim/_early.py')]
        },
        {
          name: 'egg_info',
          how: 'an egg_info command writes it before files are listed',
          reported: [untraced('victim/_egg.py')]
        },
        {
          name: 'sdist',
          how: 'an sdist command adds it to the folder that is packed',
          reported: [untraced('victim/_tree.py')]
        },
        {
          name: 'build_py',
          how: 'a build_py command, named in pyproject.toml, adds it to the wheel',
          reported: [untraced('victim/_built.py', 'wheel')]
        },
        {
          name: 'version',
          how: 'the module that the version is read from writes it when it is imported',
          reported: [untraced('victim/_version_hook.py')]
        },
        {
          name: 'data',
          how: 'it is no code but a data file that an honest module obeys',
          reported: [untraced('victim/rules.json')]
        }
      ]
    },
    {
      name: 'hatchling',
      files: withHatchling,
      variants: [
        {
          name: 'initialize',
          how: 'a build hook writes it into the tree',
          reported: [untraced('victim/_hook.py')]
        },
        {
          name: 'force-include',
          how: 'a build hook includes it from a temporary folder under another name',
          reported: [untraced('victim/_included.py')]
        }
      ]
    }
  ]
}
