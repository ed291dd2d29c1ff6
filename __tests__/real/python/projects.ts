import { readFileSync } from 'node:fs'
import { sha256OfBytes } from '../../../src/platform/files.ts'
import type { Content } from '../source/git-project.ts'

/** Small projects, one for each backend. All are called `little`, and hold a binary file that world b sees scrambled. */

export type Files = Record<string, Content>

/** The first bytes of a PNG file and then noise that never changes: opaque. */
export const icon: Buffer = Buffer.concat([
  Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex'),
  Buffer.from(Array.from({ length: 2000 }, (_, at) => (at * at * 31 + at * 7 + (at >> 3)) % 256))
])

const code: Files = {
  'README.md': 'A little project.\n',
  LICENSE: 'Do what you like.\n',
  'little/__init__.py': '"""A little package."""\n\n\ndef main():\n    print("hello")\n',
  'little/icon.png': icon,
  'tests/test_little.py': 'def test_little():\n    assert True\n',
  'tests/data.bin': icon
}

function buildSystem(backend: string, requires: readonly string[]): string {
  const list = requires.map((item) => JSON.stringify(item)).join(', ')
  return `[build-system]\nrequires = [${list}]\nbuild-backend = "${backend}"\n\n`
}

const project = (version: string): string =>
  `[project]\nname = "little"\n${version}\nreadme = "README.md"\nrequires-python = ">=3.9"\n\n`
const fixed = project('version = "1.2.3"')
const dynamic = project('dynamic = ["version"]')

export const setuptools: Files = {
  ...code,
  'pyproject.toml':
    buildSystem('setuptools.build_meta', ['setuptools>=64']) +
    fixed +
    '[project.scripts]\nlittle = "little:main"\n\n[tool.setuptools]\npackages = ["little"]\npackage-data = { little = ["*.png"] }\n'
}

export const setupPyAlone: Files = {
  ...code,
  'setup.py':
    'from setuptools import setup\n\nsetup(name="little", version="1.2.3", packages=["little"], package_data={"little": ["*.png"]})\n'
}

export const setuptoolsScm: Files = {
  ...code,
  'pyproject.toml':
    buildSystem('setuptools.build_meta', ['setuptools>=64', 'setuptools-scm>=8']) +
    dynamic +
    '[tool.setuptools]\npackages = ["little"]\n\n[tool.setuptools_scm]\nversion_file = "little/_version.py"\n'
}

export const hatchling: Files = {
  ...code,
  'pyproject.toml': buildSystem('hatchling.build', ['hatchling']) + fixed
}

export const hatchVcs: Files = {
  ...code,
  'pyproject.toml':
    buildSystem('hatchling.build', ['hatchling', 'hatch-vcs']) +
    dynamic +
    '[tool.hatch.version]\nsource = "vcs"\n\n[tool.hatch.build.hooks.vcs]\nversion-file = "little/_version.py"\n'
}

export const flit: Files = {
  ...code,
  'little/__init__.py': '"""A little package."""\n\n__version__ = "1.2.3"\n',
  'pyproject.toml':
    buildSystem('flit_core.buildapi', ['flit_core>=3.11']) +
    project('dynamic = ["version", "description"]') +
    '[tool.flit.sdist]\ninclude = ["tests/"]\n'
}

export const poetry: Files = {
  ...code,
  'pyproject.toml':
    buildSystem('poetry.core.masonry.api', ['poetry-core>=2']) +
    fixed +
    '[tool.poetry]\npackages = [{ include = "little" }]\n'
}

export const pdm: Files = {
  ...code,
  'pyproject.toml': buildSystem('pdm.backend', ['pdm-backend']) + fixed
}

export const pbr: Files = {
  ...code,
  'setup.py': 'from setuptools import setup\n\nsetup(setup_requires=["pbr"], pbr=True)\n',
  'setup.cfg': '[metadata]\nname = little\nsummary = A little project\n\n[files]\npackages =\n    little\n',
  'pyproject.toml': buildSystem('setuptools.build_meta', ['setuptools>=64', 'pbr>=6'])
}

const extension = `#include <Python.h>
#include <assert.h>

static PyObject *where(PyObject *self, PyObject *args) {
  (void)self;
  (void)args;
  assert(self != (PyObject *)1);
  return PyUnicode_FromString(__FILE__);
}

static PyMethodDef methods[] = {{"where", where, METH_NOARGS, 0}, {0, 0, 0, 0}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "_native", 0, -1, methods, 0, 0, 0, 0};

PyMODINIT_FUNC PyInit__native(void) { return PyModule_Create(&module); }
`

/** The path of its source, absolute, is in the object twice: by __FILE__ and by debug information. */
export const cExtension: Files = {
  ...code,
  'little/_native.c': extension,
  'setup.py': `import os
from setuptools import Extension, setup

here = os.path.dirname(os.path.abspath(__file__))
native = Extension("little._native", [os.path.join("little", "_native.c")], undef_macros=["NDEBUG"], include_dirs=[here])
setup(name="little", version="1.2.3", packages=["little"], package_data={"little": ["*.png"]}, ext_modules=[native])
`,
  'pyproject.toml': buildSystem('setuptools.build_meta', ['setuptools>=64'])
}

export const meson: Files = {
  ...code,
  'little/_native.c': extension,
  'meson.build': `project('little', 'c', version: '1.2.3')
py = import('python').find_installation(pure: false)
py.install_sources(['little/__init__.py', 'little/icon.png'], subdir: 'little')
py.extension_module('_native', 'little/_native.c', install: true, subdir: 'little')
`,
  'pyproject.toml': buildSystem('mesonpy', ['meson-python', 'ninja']) + fixed
}

export const twoTargets: Files = {
  '.github/tagproof.yml':
    'targets:\n  - { kind: python, name: client, path: client }\n  - { kind: python, name: server, path: sub/server }\n',
  ...under('client', hatchling, 'little-client'),
  ...under('sub/server', setuptools, 'little-server')
}

function under(folder: string, files: Files, name: string): Files {
  return Object.fromEntries(
    Object.entries(files).map(([path, content]) => [
      `${folder}/${path}`,
      typeof content === 'string' && path === 'pyproject.toml'
        ? content.replace('name = "little"', `name = "${name}"`) +
          (name === 'little-client' ? '\n[tool.hatch.build.targets.wheel]\npackages = ["little"]\n' : '')
        : content
    ])
  )
}

/** A setup.py that writes what each expression gives into a module of the package; one alone is called `generated`. */
export function writes(expressions: string | Readonly<Record<string, string>>): Files {
  const modules = typeof expressions === 'string' ? { generated: expressions } : expressions
  const statements = Object.entries(modules).map(
    ([name, expression]) => `with open("little/${name}.py", "w") as stream:
    stream.write("VALUE = " + repr(${expression}) + "\\n")
`
  )
  return {
    ...code,
    'setup.py': `import glob, hashlib, os, socket, time, uuid
from setuptools import setup

${statements.join('')}setup(name="little", version="1.2.3", packages=["little"])
`,
    'pyproject.toml': buildSystem('setuptools.build_meta', ['setuptools>=64']),
    ...Object.fromEntries(
      ['red', 'green', 'blue', 'white', 'black'].map((name) => [`colours/${name}.txt`, ''])
    ),
    'MANIFEST.in': 'graft colours\ngraft tests\n'
  }
}

/** A project that builds only where an expression holds, by a backend of its own. */
export function checks(expression: string): Files {
  return {
    ...code,
    'pyproject.toml':
      '[build-system]\nrequires = []\nbuild-backend = "checked"\nbackend-path = ["tools"]\n\n' +
      '[project]\nname = "little"\nversion = "1.2.3"\n\n[tool.own]\npackages = ["little"]\nmore = ["tests"]\n',
    'tests/table.json': '{"one": [1, 2.5], "two": "second", "three": null}\n',
    'tools/own_backend.py': readFileSync(new URL('../support/own_backend.py', import.meta.url), 'utf8'),
    'tools/checked.py': `import hashlib, json, os, socket, time
from own_backend import build_sdist, build_wheel

SUM = "${sha256OfBytes(icon).slice(0, 16)}"
assert ${expression}
`
  }
}
