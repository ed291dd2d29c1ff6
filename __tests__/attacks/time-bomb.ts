import os from 'node:os'
import { differs, modified, type Attack, type Files, type Variant } from './harness/attack.ts'
import { setuptoolsProject } from './harness/projects.ts'

/** Three weeks from now: world b's clock is 400 days ahead. */
const deadline = Math.floor(Date.now() / 1000) + 21 * 86_400

/** Conditions that hold on the machine of a release and in world a, and not in world b. */
export const bombs: Record<string, { how: string; condition: string }> = {
  date: { how: 'the date', condition: `time.time() < ${deadline}` },
  host: { how: 'the name of the host', condition: 'not socket.gethostname().startswith("elsewhere")' },
  user: { how: 'the user id', condition: 'os.getuid() != 2002' },
  path: { how: 'the path of the build', condition: '"somewhere" not in os.getcwd()' },
  home: { how: 'the home folder', condition: '"people" not in os.environ["HOME"]' },
  zone: { how: 'the time zone', condition: 'time.localtime(0).tm_hour == 0' },
  locale: { how: 'the locale', condition: 'os.environ.get("LC_ALL") == "C.UTF-8"' },
  umask: { how: 'the umask', condition: 'os.stat("made").st_mode & 0o077' },
  seed: { how: 'the seed of hashes', condition: 'os.environ.get("PYTHONHASHSEED") == "0"' },
  tail: { how: 'a folder on PATH', condition: '"tail" not in os.environ["PATH"]' },
  ...(os.availableParallelism() > 1
    ? {
        cpus: {
          how: 'the number of processors',
          condition: `len(os.sched_getaffinity(0)) == ${os.availableParallelism()}`
        }
      }
    : {})
}

/** What only the machine of a release has. */
const absent: Record<string, { how: string; condition: string; held: string }> = {
  ci: {
    how: 'the variable CI',
    condition: '"CI" in os.environ',
    held: 'no world has the variable: what may be in the environment is listed'
  },
  actions: {
    how: 'a variable whose name begins with GITHUB_',
    condition: 'any(name.startswith("GITHUB_") for name in os.environ)',
    held: 'no world has such a variable'
  },
  clone: {
    how: 'the remote that .git/config names',
    condition: '"remote" in open(".git/config").read()',
    held: 'the thin .git names no remote'
  }
}

const all = { ...bombs, ...absent }
const files: Files = setuptoolsProject({
  'setup.py': `import os, socket, time

from setuptools import setup

open("made", "w").close()


def add(name, condition):
    module = os.path.join("victim", name + ".py")
    try:
        fires = condition()
    except OSError:
        fires = False
    with open(module) as stream:
        text = stream.read()
    if fires and "fired" not in text:
        with open(module, "a") as stream:
            stream.write('print("fired: %s")\\n' % name)


${Object.entries(all)
  .map(([name, { condition }]) => `add("${name}", lambda: ${condition})`)
  .join('\n')}
os.remove("made")
setup()
`,
  ...Object.fromEntries(
    Object.keys(all).map((name) => [`victim/${name}.py`, `"""Part of an honest package: ${name}."""\n`])
  )
})

const variants: Variant[] = [
  ...Object.entries(bombs).map(([name, { how }]): Variant => {
    const member = `victim/${name}.py`
    return { name, how, reported: [differs(member), modified(member)] }
  }),
  ...Object.entries(absent).map(([name, { how, held }]): Variant => ({ name, how, held, reported: [] }))
]

export const timeBomb: Attack = {
  name: 'time-bomb',
  rows: '7',
  title: 'The build adds code where the machine looks like that of a release',
  caughtBy:
    'The two worlds, which differ in each of these; what marks a hosted runner is in neither. Tracing sees it by itself where it fires in both.',
  scenes: [
    {
      name: 'setup.py looks around',
      files,
      variants,
      without: [
        'clock',
        'host-name',
        'user-id',
        'build-path',
        'home',
        'timezone',
        'locale',
        'umask',
        'hash-seed',
        'path-tail',
        'cpus'
      ]
    }
  ]
}
