import { inImage, type ImageClass } from './harness/image-class.ts'

const cache = (name: string): string => `SITE/__pycache__/${name}.cpython-X.pyc`

export const imageBytecode: ImageClass = {
  name: 'image-bytecode',
  rows: '19',
  title: 'Bytecode beside clean source holds other code, and Python runs the bytecode',
  caughtBy:
    'Tracing: bytecode must be what compiling the source beside it gives, in the clean root; without a source it is refused.',
  files: () => ({
    'clean/unchecked.py': '"""Clean source."""\n',
    'clean/checked.py': '"""Clean source, with a hash."""\n',
    'build/compile.py': `import importlib._bootstrap_external as loader
import importlib.util, os, sys

site = sys.argv[1]


def bytecode(name, checked):
    code = compile('print("fired: %s")' % name, name + ".py", "exec")
    source = os.path.join(site, name + ".py")
    text = open(source, "rb").read() if os.path.exists(source) else b""
    return loader._code_to_hash_pyc(code, importlib.util.source_hash(text), checked)


os.makedirs(os.path.join(site, "__pycache__"), exist_ok=True)
for name, checked in (("unchecked", False), ("checked", True)):
    with open(importlib.util.cache_from_source(os.path.join(site, name + ".py")), "wb") as stream:
        stream.write(bytecode(name, checked))
with open(os.path.join(site, "alone.pyc"), "wb") as stream:
    stream.write(bytecode("alone", False))
`
  }),
  steps: (site) => `COPY clean/ ${site}/
RUN --mount=type=bind,target=/src python3 /src/build/compile.py ${site}`,
  variants: [
    {
      name: 'unchecked',
      how: 'never compared with its source (unchecked hash)',
      reported: [inImage('bytecode-differs', cache('unchecked'))]
    },
    {
      name: 'checked',
      how: 'with the hash of the clean source, which Python compares and believes',
      reported: [inImage('bytecode-differs', cache('checked'))]
    },
    {
      name: 'alone',
      how: 'a module that has no source',
      reported: [inImage('bytecode-refused', 'SITE/alone.pyc')]
    }
  ]
}
