import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { plainEnvironment, run, runChecked } from '../../../src/platform/process.ts'
import type { Files } from '../python/projects.ts'

/** A package with an extension that is compiled where a job asks for it; here it is built without. */
export const speedy: Files = {
  'little/__init__.py': 'try:\n    from ._fast import add\nexcept ImportError:\n    add = int.__add__\n',
  'src/fast.c': `#include <Python.h>
static PyObject *add(PyObject *self, PyObject *args) {
  long a, b;
  if (!PyArg_ParseTuple(args, "ll", &a, &b)) return NULL;
  return PyLong_FromLong(a + b);
}
static PyMethodDef methods[] = {{"add", add, METH_VARARGS, ""}, {NULL, NULL, 0, NULL}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "_fast", "", -1, methods};
PyMODINIT_FUNC PyInit__fast(void) { return PyModule_Create(&module); }
`,
  'setup.py': `import os
from setuptools import Extension, setup

fast = [Extension("little._fast", ["src/fast.c"], extra_compile_args=["-g0"])]
setup(ext_modules=fast if os.environ.get("LITTLE_FAST") else [])
`,
  'MANIFEST.in': 'include src/*.c\n',
  'pyproject.toml': `[build-system]
requires = ["setuptools>=64"]
build-backend = "setuptools.build_meta"

[project]
name = "little"
version = "1.2.3"

[tool.setuptools]
packages = ["little"]
`
}

export const adoptConfig = `targets:
  - kind: python
    adopt:
      - wheels: "little-*-linux_x86_64.whl"
      - wheels: "little-*-macosx_*.whl"
        sets: 1
        reason: the runner for this platform exists once
`

/** Builds the wheel with its extension, as a job of another workflow would: pip, in a clone of its own. */
export async function buildNative(
  repository: string
): Promise<{ wheel: string; remove: () => Promise<void> }> {
  const room = await mkdtemp(path.join(tmpdir(), 'tagproof-native-'))
  const clone = path.join(room, 'clone')
  const env = { ...process.env, LITTLE_FAST: '1' } as Record<string, string>
  await runChecked('git', ['clone', '-q', repository, clone], { env })
  const pip = ['-m', 'pip', '-q', 'wheel', '--no-deps', '-w', path.join(room, 'wheel'), clone]
  await runChecked('python3', pip, { env })
  const [name = ''] = await readdir(path.join(room, 'wheel'))
  return {
    wheel: path.join(room, 'wheel', name),
    remove: () => rm(room, { recursive: true, force: true })
  }
}

const script = path.join(import.meta.dirname, 'rewrite.py')

/** Writes a wheel again into a folder, under a name, with one change or none. @returns the file */
export async function rewritten(
  wheel: string,
  folder: string,
  name: string,
  operation: readonly string[] = []
): Promise<string> {
  await mkdir(folder, { recursive: true })
  const file = path.join(folder, name)
  // The system's own: it needs no package, and starts fastest.
  const { code, stderr } = await run('python3', ['-I', '-S', script, wheel, file, ...operation], {
    env: plainEnvironment
  })
  if (code !== 0) throw new Error(stderr.toString('utf8'))
  return file
}
