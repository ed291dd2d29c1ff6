import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
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

/** Guards that let the payload out of the true file only, so that nothing odd happens with any other. */
const guards: Record<string, { how: string; condition: (data: Buffer) => string }> = {
  digest: {
    how: 'only if the SHA-256 of the file is the right one',
    condition: (data) =>
      `hashlib.sha256(data).hexdigest() == "${createHash('sha256').update(data).digest('hex')}"`
  },
  checksum: {
    how: 'only if a checksum over its end is the right one',
    condition: (data) => `zlib.crc32(data[-64:]) == ${crc32(data.subarray(-64))}`
  },
  form: {
    how: 'only if it is a picture of one pixel',
    condition: () => 'data[:4] == b"\\x89PNG" and data[16:24] == bytes([0, 0, 0, 1] * 2)'
  },
  last: {
    how: 'only if its last byte is the right one: a scrambled file has it once in 256',
    condition: (data) => `data[-1] == ${data.at(-1) ?? 0}`
  }
}

const guarded = Object.fromEntries(
  Object.keys(guards).map((name) => [name, carriers.masked.hide(marker(name))])
)

const decodings = [
  ...names.map(
    (name) => `add("${name.toLowerCase()}", "${places[name]}", lambda data: ${carriers[name].find})`
  ),
  ...Object.entries(guarded).map(
    ([name, data]) =>
      `add("${name}", "tests/guarded/${name}.png", lambda data: ${carriers.masked.find} if ${guards[name]?.condition(data) ?? ''} else "")`
  )
]

/**
 * A setup.py that decodes each carrier and adds what it finds to a module that is in git. It does nothing where the
 * carrier does not decode, so that no build fails.
 */
function decoding(): Files {
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
        found = find(data)
    except Exception:
        found = ""
    if found not in text:
        with open(module, "a") as stream:
            stream.write(found)


${decodings.join('\n')}
setup()
`
  }
  for (const [name, data] of Object.entries(guarded)) {
    files[`tests/guarded/${name}.png`] = data
    files[`victim/${name}.py`] = `"""Part of an honest package."""\n`
  }
  for (const name of names) {
    files[places[name]] = carriers[name].hide(marker(name))
    files[`victim/${name.toLowerCase()}.py`] = `"""Part of an honest package."""\n`
  }
  return setuptoolsProject(files)
}

const variants: Variant[] = [
  ...names.map((name) => variant(name, `${carriers[name].how}: ${places[name]}`)),
  ...Object.entries(guards).map(([name, { how }]) => variant(name, `guarded: ${how}`))
]

function variant(name: string, how: string): Variant {
  const member = `victim/${name.toLowerCase()}.py`
  return { name, how, reported: [differs(member), modified(member)] }
}

const needed = setuptoolsProject({
  'tests/data/good-large.bin': carriers.compressed.hide('print("fired: needed")\n'),
  'victim/needed.py': '"""Part of an honest package."""\n',
  'setup.py': `import os, zlib

from setuptools import setup

if os.path.exists("tests/data/good-large.bin"):
    with open("tests/data/good-large.bin", "rb") as stream:
        data = stream.read()
    with open("victim/needed.py", "w") as stream:
        stream.write(${carriers.compressed.find})
setup()
`
})

export const hiddenFixture: Attack = {
  name: 'hidden-fixture',
  rows: '2, 3, 9',
  title: 'A file that nobody reads holds code, which the build decodes into a module',
  caughtBy:
    'Influence: in world b the file holds other bytes, and the module is another, whatever guards the payload. Tracing sees it by itself: the module is not the blob.',
  scenes: [
    { name: 'setup.py decodes it', files: decoding(), variants, without: ['scrambled-files'] },
    {
      name: 'setup.py cannot do without it',
      files: needed,
      without: ['scrambled-files'],
      variants: [
        {
          name: 'needed',
          how: 'no guard: the build fails where the file does not decode',
          reported: [{ check: 'uninfluenced', code: 'build-fails-in-b', artifact: 'release', member: '' }],
          behind: [modified('victim/needed.py')]
        }
      ]
    }
  ]
}
