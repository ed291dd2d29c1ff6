import { differs, marker, untraced, type Attack, type Files } from './harness/attack.ts'
import { carriers, decoderHead } from './harness/carriers.ts'
import { setuptoolsProject } from './harness/projects.ts'

/** One module for all: what it runs when it is imported is decided by macros. */
const source = `#include <Python.h>
#include <string.h>

#define JOINED(a, b) a##b
#define INIT(name) JOINED(PyInit_, name)

#ifdef HEADER
#include HEADER
#endif
#ifdef OBJECT
extern const char payload[];
#define RUN payload
#endif
#ifdef INCLUDED
__asm__(".section .rodata\\nincluded: .incbin \\"tests/data/blob.bin\\"\\n.byte 0\\n.text");
extern const char included[] __asm__("included");
#define RUN included
#endif
#ifdef LINKED
extern const char _binary_docs_notes_md_start[], _binary_docs_notes_md_end[];
static char linked[4096];
#define RUN strncpy(linked, _binary_docs_notes_md_start, _binary_docs_notes_md_end - _binary_docs_notes_md_start)
#endif
#ifndef RUN
#define RUN ""
#endif

static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "native", 0, -1, 0, 0, 0, 0, 0};

PyMODINIT_FUNC INIT(NAME)(void) {
  PyRun_SimpleString(RUN);
  return PyModule_Create(&module);
}
`

const files: Files = setuptoolsProject({
  'victim/native.c': source,
  'MANIFEST.in': 'graft docs\ngraft tests\ngraft examples\n',
  'docs/logo.png': carriers.masked.hide(marker('macro')),
  'tests/vectors.txt': carriers.hex.hide(marker('header')),
  'examples/samples.json': carriers.numbers.hide(marker('object')),
  'tests/data/blob.bin': Buffer.concat([Buffer.from(marker('included')), Buffer.from([0, 1, 2])]),
  'docs/notes.md': marker('linked'),
  'setup.py': `${decoderHead}
import subprocess, tempfile

from setuptools import Extension, setup


def decoded(place, find):
    with open(place, "rb") as stream:
        data = stream.read()
    try:
        return find(data)
    except Exception:
        return ""


def native(name, *macros, **more):
    macros = [("NAME", name), *macros]
    return Extension(f"victim.{name}", ["victim/native.c"], define_macros=macros, py_limited_api=True, **more)


def quoted(text):
    return json.dumps(text)


work = tempfile.mkdtemp()
with open(os.path.join(work, "payload.h"), "w") as stream:
    found = decoded("tests/vectors.txt", lambda data: ${carriers.hex.find})
    stream.write("#define RUN " + quoted(found))
with open(os.path.join(work, "object.c"), "w") as stream:
    found = decoded("examples/samples.json", lambda data: ${carriers.numbers.find})
    stream.write("const char payload[] = " + quoted(found) + ";")
here = dict(cwd=work, check=True)
subprocess.run(["gcc", "-fPIC", "-c", "object.c"], **here)
macro = decoded("docs/logo.png", lambda data: ${carriers.masked.find})
setup(
    ext_modules=[
        native("_macro", ("RUN", quoted(macro))),
        native("_header", ("HEADER", '"payload.h"'), include_dirs=[work]),
        native("_object", ("OBJECT", "1"), extra_objects=[os.path.join(work, "object.o")]),
        native("_included", ("INCLUDED", "1")),
        native("_linked", ("LINKED", "1"), extra_link_args=["-Wl,--format=binary,docs/notes.md,--format=default"]),
    ]
)
`
})

export const compiledFixture: Attack = {
  name: 'compiled-fixture',
  rows: '4',
  title: 'A file that nobody reads is compiled into a native module',
  caughtBy:
    'Influence alone: no blob can equal a compiled object. In world b the file holds other bytes, and the object is another.',
  scenes: [
    {
      name: 'setuptools and a C compiler',
      files,
      without: ['scrambled-files'],
      follows: ['macro', 'header', 'object', 'included', 'linked'].map((name) =>
        untraced(`victim/_${name}.abi3.so`, 'wheel')
      ),
      variants: [
        {
          name: 'macro',
          how: 'a picture becomes a macro on the command line of the compiler',
          reported: [differs('victim/_macro.abi3.so', 'wheel')]
        },
        {
          name: 'header',
          how: 'hexadecimal lines of a test become a header in a temporary folder',
          reported: [differs('victim/_header.abi3.so', 'wheel')]
        },
        {
          name: 'object',
          how: 'numbers of an example become an object file that is linked in, as in xz',
          reported: [differs('victim/_object.abi3.so', 'wheel')]
        },
        {
          name: 'included',
          how: 'the assembler includes a test file as it is; no build script reads it',
          reported: [differs('victim/_included.abi3.so', 'wheel')]
        },
        {
          name: 'linked',
          how: 'the linker takes a document in as data',
          reported: [differs('victim/_linked.abi3.so', 'wheel')]
        }
      ]
    }
  ]
}
