import type { Files } from './harness/attack.ts'
import { carriers, picture } from './harness/carriers.ts'
import { hatchProject, setuptoolsProject, wrappedSetuptools } from './harness/projects.ts'

/** Projects that do what attacks do, honestly: none of them may be refused. */
export interface HonestTwin {
  name: string
  how: string
  files: Files
}

const data: Files = {
  'victim/icons/open.png': picture,
  'victim/locale/de/LC_MESSAGES/victim.po':
    'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=UTF-8\\n"\n"Language: de\\n"\n"POT-Creation-Date: 2024-05-06 07:08+0000\\n"\n"PO-Revision-Date: 2024-05-06 07:08+0000\\n"\n\nmsgid "Hello"\nmsgstr "Grüß Gott"\n',
  'tests/data/good.bin': carriers.compressed.hide('a fixture\n'),
  'tests/test_victim.py': 'def test():\n    pass\n',
  'docs/logo.png': carriers.masked.hide('nothing\n'),
  'docs/history.rst': carriers.words.hide('once\n'),
  'examples/samples.json': carriers.numbers.hide('abc\n'),
  LICENSE: 'Do what you like.\n'
}

const twin: Files = setuptoolsProject(
  {
    ...data,
    ...wrappedSetuptools('def change(files):\n    pass\n'),
    'MANIFEST.in': 'include hooks.py\ngraft tests\ngraft docs\ngraft examples\ngraft tools\n',
    'hooks.py': `from setuptools.command.build_py import build_py
from setuptools.command.egg_info import egg_info
from setuptools.command.sdist import sdist


class BuildPy(build_py):
    def run(self):
        super().run()


class EggInfo(egg_info):
    def run(self):
        super().run()


class Sdist(sdist):
    def make_release_tree(self, base, files):
        super().make_release_tree(base, files)
`,
    'setup.py': `import hashlib, os

from setuptools import Extension, setup

# Tests and documents may be looked at: nothing of it gets into a package.
if os.path.exists("tests/data/good.bin"):
    with open("tests/data/good.bin", "rb") as stream:
        print(hashlib.sha256(stream.read()).hexdigest())
setup(ext_modules=[Extension("victim._fast", ["victim/fast.c"])])
`,
    'victim/fast.c': `#include <Python.h>

static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "_fast", 0, -1, 0, 0, 0, 0, 0};

PyMODINIT_FUNC PyInit__fast(void) { return PyModule_Create(&module); }
`
  },
  {
    backend: 'wrapped',
    project: '\n[project.scripts]\nvictim = "victim.honest:answer"\n',
    tables: `
[tool.setuptools.package-data]
victim = ["icons/*.png", "locale/*/*/*.po"]

[tool.setuptools.cmdclass]
build_py = "hooks.BuildPy"
egg_info = "hooks.EggInfo"
sdist = "hooks.Sdist"
`
  }
)

const generators: Files = setuptoolsProject(
  {
    ...data,
    'MANIFEST.in': 'graft tests\nrecursive-include victim *.po *.pyx\n',
    'setup.py': `from babel.messages.frontend import compile_catalog
from Cython.Build import cythonize
from setuptools import setup
from setuptools.command.build_py import build_py


class BuildPy(build_py):
    def run(self):
        catalogue = compile_catalog(self.distribution)
        catalogue.directory, catalogue.domain = "victim/locale", "victim"
        catalogue.finalize_options()
        catalogue.run()
        super().run()


setup(cmdclass={"build_py": BuildPy}, ext_modules=cythonize(["victim/_fast.pyx"]))
`,
    'victim/_fast.pyx': 'def answer():\n    return 42\n'
  },
  {
    version: 'dynamic = ["version"]',
    requires: ['setuptools-scm>=8', 'cython', 'babel'],
    tables: `
[tool.setuptools.package-data]
victim = ["icons/*.png", "locale/*/*/*"]

[tool.setuptools_scm]
version_file = "victim/_version.py"
`
  }
)

export const honestTwins: readonly HonestTwin[] = [
  {
    name: 'setuptools',
    how: 'setuptools with commands of its own, a backend in the tree that packs again, a C extension, opaque files in package, tests and docs',
    files: twin
  },
  {
    name: 'hatchling',
    how: 'hatchling with a build hook that only looks',
    files: hatchProject({
      ...data,
      'hatch_build.py': `from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class Hook(BuildHookInterface):
    def initialize(self, version, build_data):
        print(version)
`
    })
  },
  {
    name: 'generators',
    how: 'a version file of setuptools-scm, catalogues (.mo) compiled from .po, an extension made by Cython',
    files: generators
  }
]
