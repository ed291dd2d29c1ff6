import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { plainEnvironment, runChecked } from '../../src/platform/process.ts'
import type { Attack, Files, Report } from './harness/attack.ts'
import { setuptoolsProject } from './harness/projects.ts'

const blob = (member: string, artifact: Report['artifact'] = 'both'): Report => ({
  check: 'traced',
  code: 'compiled-blob',
  artifact,
  member
})

/** Compiles a program or a library on this machine, as somebody did who then commits it. */
async function compile(source: string, ...options: string[]): Promise<Buffer> {
  const folder = await mkdtemp(path.join(tmpdir(), 'tagproof-binary-'))
  try {
    const file = path.join(folder, 'source.c')
    await writeFile(file, source)
    await runChecked('gcc', [...options, '-o', path.join(folder, 'out'), file], { env: plainEnvironment })
    return await readFile(path.join(folder, 'out'))
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** A library that runs Python when it is loaded; the import of it fails afterwards. */
const library = (name: string): Promise<Buffer> =>
  compile(
    `int PyRun_SimpleStringFlags(const char *, void *);
__attribute__((constructor)) static void run(void) { PyRun_SimpleStringFlags("print('fired: ${name}', flush=True)", 0); }
`,
    '-shared',
    '-fPIC'
  )

const program = (name: string): Promise<Buffer> =>
  compile(`#include <stdio.h>\nint main(void) { puts("fired: ${name}"); return 0; }\n`)

async function files(): Promise<Files> {
  return setuptoolsProject(
    {
      'victim/_speed.abi3.so': await library('extension'),
      'prebuilt/fast.bin': await library('copied'),
      'victim/helper': await program('helper'),
      'victim/libmore.so.1': await library('library'),
      'victim/run.py': `import ctypes
import os
import subprocess

here = os.path.dirname(os.path.abspath(__file__))
helper = os.path.join(here, "helper")
if os.path.exists(helper):
    os.chmod(helper, 0o755)
    print(subprocess.run([helper], stdout=subprocess.PIPE).stdout.decode())
    ctypes.PyDLL(os.path.join(here, "libmore.so.1"))
`,
      'victim/fast.c': '#include <Python.h>\n',
      'hooks.py': `import os
import shutil

from setuptools.command.build_py import build_py


class BuildPy(build_py):
    def run(self):
        super().run()
        shutil.copyfile("prebuilt/fast.bin", os.path.join(self.build_lib, "victim", "_fast.abi3.so"))
`,
      'MANIFEST.in': 'include hooks.py\ngraft prebuilt\n'
    },
    {
      tables: `
[tool.setuptools.package-data]
victim = ["*.so*", "helper"]

[tool.setuptools.cmdclass]
build_py = "hooks.BuildPy"
`
    }
  )
}

/** The helper must be executable in git to be a program. */
export const committedBinary: Attack = {
  name: 'committed-binary',
  rows: '6',
  title: 'Native code is committed ready-made, and shipped as if it had been compiled',
  caughtBy: 'Tracing: native code from a blob is refused by its first bytes, whatever its name.',
  scenes: [
    {
      name: 'setuptools',
      files,
      arrange: async (git) => {
        await git.git('update-index', '--chmod=+x', 'victim/helper')
        await git.git('commit', '-q', '-m', 'A program')
        await git.git('tag', '-f', '-a', '-m', 'v1.2.3', 'v1.2.3')
      },
      variants: [
        {
          name: 'extension',
          how: 'under the name of an extension module',
          reported: [blob('victim/_speed.abi3.so')]
        },
        {
          name: 'copied',
          how: 'under a name that says nothing, and copied to that of an extension module by a build_py command',
          reported: [blob('victim/_fast.abi3.so', 'wheel'), blob('prebuilt/fast.bin', 'sdist')]
        },
        { name: 'helper', how: 'as a program that a module starts', reported: [blob('victim/helper')] },
        {
          name: 'library',
          how: 'as a shared library that a module loads',
          reported: [blob('victim/libmore.so.1')]
        }
      ]
    }
  ]
}
