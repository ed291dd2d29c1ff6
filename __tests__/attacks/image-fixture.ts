import { createHash } from 'node:crypto'
import { marker, type Files, type Variant } from './harness/attack.ts'
import { carriers, decoderHead, type CarrierName } from './harness/carriers.ts'
import { differsInImage, inImage, type ImageClass } from './harness/image-class.ts'

/** Where each carrier lies, and so what a reviewer takes it for. */
const places = {
  compressed: 'tests/data/bad-corrupt.bin',
  masked: 'docs/logo.png',
  base64: 'victim_module/samples.txt',
  numbers: 'examples/samples.json',
  blanks: 'benchmarks/notes.md'
} as const satisfies Partial<Record<CarrierName, string>>

const names = Object.keys(places) as (keyof typeof places)[]
const guarded = carriers.compressed.hide(marker('guarded'))
const digest = createHash('sha256').update(guarded).digest('hex')

const files: Files = {
  ...Object.fromEntries(names.map((name) => [places[name], carriers[name].hide(marker(name))])),
  'tests/data/guarded.bin': guarded,
  'build/decode.py': `${decoderHead}
import hashlib, sys


def add(name, place, find):
    with open(place, "rb") as stream:
        data = stream.read()
    try:
        text = find(data)
    except Exception:
        text = ""
    with open(os.path.join(sys.argv[1], "decoded_" + name + ".py"), "w") as stream:
        stream.write(text)


os.chdir(sys.argv[2])
${names.map((name) => `add("${name}", "${places[name]}", lambda data: ${carriers[name].find})`).join('\n')}
add("guarded", "tests/data/guarded.bin", lambda data: ${carriers.compressed.find} if hashlib.sha256(data).hexdigest() == "${digest}" else "")
`
}

const reported = (name: string): Variant['reported'] => [
  differsInImage(`SITE/decoded_${name}.py`),
  inImage('untraced', `SITE/decoded_${name}.py`)
]

export const imageFixture: ImageClass = {
  name: 'image-fixture',
  rows: '2, 3, 9',
  title: 'A file that nobody reads holds code, which a RUN decodes into the image',
  caughtBy:
    'Influence: the context of world b holds other bytes there, and the file of the layer is another. Tracing sees it by itself.',
  files: () => files,
  steps: (site) => `RUN --mount=type=bind,target=/src python3 /src/build/decode.py ${site} /src`,
  without: ['scrambled-files'],
  variants: [
    ...names.map((name): Variant => ({
      name,
      how: `${carriers[name].how}: ${places[name]}`,
      reported: reported(name)
    })),
    {
      name: 'guarded',
      how: 'guarded: only if the SHA-256 of the file is the right one',
      reported: reported('guarded')
    }
  ]
}
