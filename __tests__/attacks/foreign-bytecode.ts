import { marker, type Attack, type Files, type Report } from './harness/attack.ts'
import { setuptoolsProject } from './harness/projects.ts'

const bytecode = (code: string, member: string): Report => ({
  check: 'traced',
  code,
  artifact: 'wheel',
  member
})

/** Bytecode of a text that never looks at its source again (PEP 552, unchecked hash), and its tag. */
async function compiled(text: string): Promise<{ bytes: Buffer; tag: string }> {
  const { runPython } = await import('./harness/plain.ts')
  const code = `import importlib._bootstrap_external as loader, sys
code = compile(sys.argv[1], "module.py", "exec")
print(sys.implementation.cache_tag, loader._code_to_hash_pyc(code, b"12345678", False).hex())`
  const [tag = '', hex = ''] = (await runPython(code, [text])).trim().split(' ')
  return { bytes: Buffer.from(hex, 'hex'), tag }
}

const committed = async (): Promise<Files> => {
  const cached = await compiled(marker('cached'))
  const sourceless = await compiled(marker('sourceless'))
  return setuptoolsProject(
    {
      'victim/cached.py': '"""Clean source."""\n',
      [`victim/__pycache__/cached.${cached.tag}.pyc`]: cached.bytes,
      'victim/sourceless.pyc': sourceless.bytes,
      'victim/made.py': '"""Clean source."""\n',
      'hooks.py': `import importlib._bootstrap_external as loader
import os
import sys

from setuptools.command.build_py import build_py


def bytecode(text):
    return loader._code_to_hash_pyc(compile(text, "module.py", "exec"), b"12345678", False)


class BuildPy(build_py):
    def run(self):
        super().run()
        folder = os.path.join(self.build_lib, "victim")
        os.makedirs(os.path.join(folder, "__pycache__"), exist_ok=True)
        made = "__pycache__/made." + sys.implementation.cache_tag + ".pyc"
        for name, marker in ((made, "made"), ("_alone.pyc", "alone")):
            with open(os.path.join(folder, name), "wb") as stream:
                stream.write(bytecode('print("fired: %s")' % marker))
`,
      'MANIFEST.in': 'include hooks.py\n'
    },
    {
      tables: `
[tool.setuptools.package-data]
victim = ["*.pyc", "__pycache__/*.pyc"]

[tool.setuptools.cmdclass]
build_py = "hooks.BuildPy"
`
    }
  )
}

export const foreignBytecode: Attack = {
  name: 'foreign-bytecode',
  rows: '19',
  title: 'Bytecode beside clean source holds other code, and Python runs the bytecode',
  caughtBy: 'Tracing: no package holds bytecode, whether the tag has it or the build makes it.',
  scenes: [
    {
      name: 'setuptools',
      files: committed,
      variants: [
        {
          name: 'cached',
          how: 'committed to __pycache__, never compared with its source (unchecked hash)',
          reported: [
            bytecode('compiled-blob', 'victim/__pycache__/cached.cpython-X.pyc'),
            { ...bytecode('compiled-blob', 'victim/__pycache__/cached.cpython-X.pyc'), artifact: 'sdist' }
          ]
        },
        {
          name: 'sourceless',
          how: 'committed as a module that has no source',
          reported: [
            bytecode('compiled-blob', 'victim/sourceless.pyc'),
            { ...bytecode('compiled-blob', 'victim/sourceless.pyc'), artifact: 'sdist' }
          ]
        },
        {
          name: 'made',
          how: 'made by a build_py command for a clean module',
          reported: [bytecode('bytecode-refused', 'victim/__pycache__/made.cpython-X.pyc')]
        },
        {
          name: 'alone',
          how: 'made by a build_py command as a module that has no source',
          reported: [bytecode('bytecode-refused', 'victim/_alone.pyc')]
        }
      ]
    }
  ]
}
