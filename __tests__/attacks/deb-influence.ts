import { createHash } from 'node:crypto'
import type { VariationName } from '../../src/documents/fields.ts'
import { marker, type Attack, type Files, type Report, type Variant } from './harness/attack.ts'
import { carriers, decoderHead, type CarrierName } from './harness/carriers.ts'
import { debProject, inDeb, site, staged } from './harness/deb-project.ts'
import { bombs } from './time-bomb.ts'

interface Hidden {
  how: string
  place: string
  carrier: CarrierName
  /** Python over `data` and the environment; true where nothing is said. */
  condition?: (data: Buffer) => string
}

/** debhelper sets the umask by itself: debian/rules sees the same in both worlds. */
const seen = Object.fromEntries(Object.entries(bombs).filter(([name]) => name !== 'umask'))

const digest = (data: Buffer): string => createHash('sha256').update(data).digest('hex')

const hidden: Record<string, Hidden> = {
  compressed: { how: carriers.compressed.how, place: 'tests/bad-corrupt.bin', carrier: 'compressed' },
  masked: { how: carriers.masked.how, place: 'debian/icons/logo.png', carrier: 'masked' },
  catalogue: { how: carriers.catalogue.how, place: 'debian/po/de.po', carrier: 'catalogue' },
  hex: { how: carriers.hex.how, place: 'tests/vectors.txt', carrier: 'hex' },
  guarded: {
    how: 'only if the SHA-256 of the file is the right one',
    place: 'tests/guarded.png',
    carrier: 'masked',
    condition: (data) => `hashlib.sha256(data).hexdigest() == "${digest(data)}"`
  },
  packaging: {
    how: 'only where a Debian package is built: DEB_HOST_ARCH is set, and there is a debian/rules',
    place: 'tests/packaging.png',
    carrier: 'masked',
    condition: () => '"DEB_HOST_ARCH" in os.environ and os.path.exists("debian/rules")'
  }
}

const compiled = {
  name: 'compiled',
  how: 'decoded into the C source of a program, and gone before anybody looks',
  place: 'tests/compiled.png',
  member: 'usr/bin/victim-compiled',
  payload: 'int fired(void) { return puts("fired: compiled"); }'
}

const carried = Object.fromEntries(
  Object.entries(hidden).map(([name, { carrier }]) => [name, carriers[carrier].hide(marker(name))])
)

const module = (name: string): string => `${site}/victim_${name}/__init__.py`

const decodings = Object.entries(hidden).map(([name, { place, carrier, condition = () => 'True' }]) => {
  const data = carried[name] ?? Buffer.alloc(0)
  return `add("${name}", "${place}", lambda data: ${carriers[carrier].find} if ${condition(data)} else "")`
})

/** What debian/rules calls: appends to modules what it finds, and goes on where there is nothing. */
const program = `${decoderHead}
import hashlib, socket, subprocess, time

open("made", "w").close()


def append(name, text):
    with open("debian/victim-" + name + "/${site}/victim_" + name + "/__init__.py", "a") as stream:
        stream.write(text)


def add(name, place, find):
    with open(place, "rb") as stream:
        data = stream.read()
    try:
        append(name, find(data))
    except Exception:
        pass


def bomb(name, condition):
    if condition():
        append(name, 'print("fired: %s")\\n' % name)


${decodings.join('\n')}
${Object.entries(seen)
  .map(([name, { condition }]) => `bomb("${name}", lambda: ${condition})`)
  .join('\n')}

with open("${compiled.place}", "rb") as stream:
    data = stream.read()
try:
    found = ${carriers.masked.find}
except Exception:
    found = ""
if "fired" not in found:
    found = "int fired(void) { return 0; }"
with open("/tmp/fired.c", "w") as stream:
    stream.write("#include <stdio.h>\\n" + found + "\\n")
os.makedirs("${staged(compiled.name)}/usr/bin", exist_ok=True)
target = "${staged(compiled.name)}/${compiled.member}"
subprocess.run(["gcc", "-o", target, "src/main.c", "/tmp/fired.c"], check=True)
os.remove("/tmp/fired.c")
os.remove("made")
`

const names = [...Object.keys(hidden), ...Object.keys(seen)]

const files: Files = debProject({
  packages: [...names, compiled.name],
  compiled: [compiled.name],
  files: {
    ...Object.fromEntries(Object.entries(hidden).map(([name, { place }]) => [place, carried[name] ?? ''])),
    [compiled.place]: carriers.masked.hide(compiled.payload),
    'src/main.c': 'int fired(void);\nint main(void) { return fired() < 0; }\n',
    'debian/look-around.py': program
  },
  steps: { install: 'python3 debian/look-around.py' }
})

const seenIn = (name: string, member: string): Report => inDeb(name, 'content-differs', member, 'reproduced')

const variants: Variant[] = [
  ...Object.entries({ ...hidden, ...seen }).map(([name, { how }]): Variant => {
    const member = module(name)
    const told = name in hidden ? `${how}: ${hidden[name]?.place ?? ''}` : `by ${how}`
    return { name, how: told, reported: [seenIn(name, member), inDeb(name, 'modified', member)] }
  }),
  { name: compiled.name, how: compiled.how, reported: [seenIn(compiled.name, compiled.member)] }
]

const without: VariationName[] = [
  'scrambled-files',
  'clock',
  'host-name',
  'user-id',
  'build-path',
  'home',
  'timezone',
  'locale',
  'hash-seed',
  'path-tail',
  'cpus'
]

export const debInfluence: Attack = {
  name: 'deb-influence',
  rows: '2, 3, 4, 7, 9, P7, P8, P9',
  title:
    'debian/rules decodes code out of a file that nobody reads, or adds it where the machine looks right',
  caughtBy:
    'The two worlds: in world b such files hold other bytes, and clock, host, user, paths and the rest differ. Both build the deb itself, so a payload for packages alone fires in world a. Tracing sees by itself what is no compiled program.',
  scenes: [
    {
      name: 'debian/rules looks around',
      files,
      variants,
      without,
      follows: [
        ...[...names, compiled.name].map((name) => seenIn(name, 'DEBIAN/md5sums')),
        // Native code is traced to what both worlds compile; and what is decoded is measured.
        inDeb(compiled.name, 'untraced', compiled.member),
        seenIn('catalogue', 'DEBIAN/control')
      ]
    }
  ]
}
