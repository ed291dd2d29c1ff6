import { differs, marker, modified, type Attack, type Files, type Variant } from './harness/attack.ts'
import { carriers, decoderHead, type CarrierName } from './harness/carriers.ts'
import { setuptoolsProject } from './harness/projects.ts'

/** Where each carrier lies, and so what a reviewer takes it for. */
const places: Record<CarrierName, string> = {
  compressed: 'tests/data/bad-corrupt.bin',
  picture: 'victim/icons/open.png',
  masked: 'docs/logo.png',
  zipInPicture: 'examples/photo.png',
  catalogue: 'victim/locale/de.po',
  base64: 'victim/samples.txt',
  escapes: 'data/table.csv',
  hex: 'tests/vectors.txt',
  numbers: 'examples/samples.json',
  words: 'docs/history.rst',
  blanks: 'benchmarks/notes.md'
}

const names = Object.keys(places) as CarrierName[]

/**
 * A setup.py that decodes each carrier and adds what it finds to a module that is in git. It does nothing where the
 * carrier does not decode, so that no build fails.
 */
function decoding(guard: string): Files {
  const files: Files = {
    'setup.py': `${decoderHead}
import hashlib

from setuptools import setup


def add(name, place, find):
    if not os.path.exists(place):
        return
    with open(place, "rb") as stream:
        data = stream.read()
    module = os.path.join("victim", name + ".py")
    with open(module) as stream:
        text = stream.read()
    try:
${guard}        found = find(data)
    except Exception:
        found = ""
    if found not in text:
        with open(module, "a") as stream:
            stream.write(found)


${names.map((name) => `add("${name.toLowerCase()}", "${places[name]}", lambda data: ${carriers[name].find})`).join('\n')}
setup()
`
  }
  for (const name of names) {
    files[places[name]] = carriers[name].hide(marker(name))
    files[`victim/${name.toLowerCase()}.py`] = `"""Part of an honest package."""\n`
  }
  return setuptoolsProject(files)
}

const variants: Variant[] = names.map((name) => {
  const member = `victim/${name.toLowerCase()}.py`
  return {
    name,
    how: `${carriers[name].how}: ${places[name]}`,
    reported: [differs(member), modified(member)]
  }
})

export const hiddenFixture: Attack = {
  name: 'hidden-fixture',
  rows: '2, 9',
  title: 'A file that nobody reads holds code, which the build decodes into a module',
  caughtBy:
    'Influence: in world b the file holds other bytes, and the module is another. Tracing sees it by itself: the module is not the blob.',
  scenes: [{ name: 'setup.py decodes it', files: decoding(''), variants, without: ['scrambled-files'] }]
}
