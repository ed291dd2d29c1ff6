import type { Variant } from './harness/attack.ts'
import { differsInImage, inImage, type ImageClass } from './harness/image-class.ts'
import { bombs as ofPython } from './time-bomb.ts'

/** Conditions that hold on the machine of a release and in world a, and not in world b. */
const bombs: Record<string, { how: string; condition: string }> = {
  ...Object.fromEntries(
    Object.entries(ofPython).filter(([name]) => ['date', 'zone', 'tail', 'cpus'].includes(name))
  ),
  host: { how: 'the name of the host', condition: 'not os.uname().nodename.startswith("elsewhere")' },
  locale: { how: 'the locale', condition: '"et_EE" not in os.environ.get("LC_ALL", "")' },
  seed: { how: 'the seed of hashes', condition: 'os.environ.get("PYTHONHASHSEED", "0") == "0"' }
}

/** What only the machine of a release has. */
const absent: Record<string, { how: string; condition: string; held: string }> = {
  network: {
    how: 'a network',
    condition: 'any(name != "lo" for name in os.listdir("/sys/class/net"))',
    held: 'no step has a network'
  },
  rights: {
    how: 'rights over devices: CAP_MKNOD',
    condition:
      'bool(int(re.search(r"CapEff:\\s*(\\w+)", open("/proc/self/status").read())[1], 16) >> 27 & 1)',
    held: 'root of a step is the owner of its image, and nothing more'
  }
}

const all = { ...bombs, ...absent }

export const imageBomb: ImageClass = {
  name: 'image-bomb',
  rows: '7',
  title: 'A RUN adds code where the machine looks like that of a release',
  caughtBy:
    'The two worlds, which differ in each of these inside every RUN. Tracing sees it by itself where it fires in both.',
  files: () => ({
    'build/look.py': `import os, re, sys, time


def add(name, condition):
    try:
        fires = condition()
    except OSError:
        fires = False
    with open(os.path.join(sys.argv[1], "seen_" + name + ".py"), "w") as stream:
        if fires:
            stream.write('print("fired: %s")\\n' % name)


${Object.entries(all)
  .map(([name, { condition }]) => `add("${name}", lambda: ${condition})`)
  .join('\n')}
`
  }),
  steps: (site) => `RUN --mount=type=bind,target=/src python3 /src/build/look.py ${site}`,
  without: ['clock', 'host-name', 'timezone', 'locale', 'hash-seed', 'path-tail', 'cpus'],
  variants: [
    ...Object.entries(bombs).map(([name, { how }]): Variant => {
      const member = `SITE/seen_${name}.py`
      return { name, how, reported: [differsInImage(member), inImage('untraced', member)] }
    }),
    ...Object.entries(absent).map(([name, { how, held }]): Variant => ({ name, how, held, reported: [] }))
  ]
}
