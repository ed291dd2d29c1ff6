import { modified, type Attack, type Files, type Variant } from './harness/attack.ts'
import { setuptoolsProject } from './harness/projects.ts'

const hex = (name: string): string => Buffer.from(`print("fired: ${name}")\n`).toString('hex')

const bits = [...Buffer.from('print("fired: modes")\n')].flatMap((byte) =>
  byte.toString(2).padStart(8, '0').split('')
)

/** How the build gets each payload back from what is no content. */
const channels: Record<
  string,
  { how: string; find: string; files: Files; reported: boolean; held?: string }
> = {
  tests: {
    how: 'the names of tests',
    find: 'bytes.fromhex("".join(re.findall(r"_([0-9a-f]+)\\.py", " ".join(sorted(os.listdir("tests"))))))',
    files: Object.fromEntries(
      (hex('tests').match(/.{1,8}/g) ?? []).map((piece, at) => [
        `tests/test_${String(at).padStart(2, '0')}_${piece}.py`,
        `# ${at}\n`
      ])
    ),
    reported: true
  },
  folders: {
    how: 'the names of folders of documents',
    find: 'bytes.fromhex("".join(sorted(os.listdir("docs/parts")))[2:])',
    files: { [`docs/parts/0x${hex('folders')}/index.md`]: 'A part.\n' },
    reported: true
  },
  modes: {
    how: 'one bit in the executable bit of each of many files',
    find: 'bytes(int("".join(group), 2) for group in zip(*[iter("1" if os.access("bits/" + name, os.X_OK) else "0" for name in sorted(os.listdir("bits")))] * 8))',
    files: Object.fromEntries(
      bits.map((bit, at) => [
        `bits/${String(at).padStart(3, '0')}.sh`,
        bit === '1' ? { executable: '#!/bin/sh\n' } : '#!/bin/sh\n'
      ])
    ),
    reported: true
  },
  links: {
    how: 'the text of a link that leads to nothing',
    find: 'bytes.fromhex(os.readlink("data/current"))',
    files: { 'data/current': { link: hex('links') } },
    reported: true
  },
  times: {
    how: 'the times of files, as a checkout sets them',
    find: 'b"" if os.stat("README.md").st_mtime == int(os.environ.get("SOURCE_DATE_EPOCH", 0)) else b\'print("fired: times")\\n\'',
    files: {},
    reported: false,
    held: 'all times are that of the commit in both worlds'
  }
}

const names = Object.keys(channels)
const files: Files = setuptoolsProject({
  'setup.py': `import os, re

from setuptools import setup


def add(name, find):
    module = os.path.join("victim", name + ".py")
    with open(module) as stream:
        text = stream.read()
    try:
        found = find().decode()
    except (OSError, ValueError):
        found = ""
    if "fired" in found and "fired" not in text:
        with open(module, "a") as stream:
            stream.write(found)


if os.path.exists("tests"):
${names.map((name) => `    add("${name}", lambda: ${channels[name]?.find ?? ''})`).join('\n')}
setup()
`,
  ...Object.fromEntries(Object.values(channels).flatMap((channel) => Object.entries(channel.files))),
  ...Object.fromEntries(
    names.map((name) => [`victim/${name}.py`, `"""Part of an honest package: ${name}."""\n`])
  )
})

export const hiddenInNames: Attack = {
  name: 'hidden-in-names',
  rows: '25',
  title: 'Names, modes, links and times hold code, which the build decodes into a module',
  caughtBy:
    'Tracing: the module is not the blob. Times are the same for all files; links are replaced in world b.',
  scenes: [
    {
      name: 'setup.py reads what is no content',
      files,
      variants: names.map((name): Variant => {
        const { how = '', reported = true, held } = channels[name] ?? {}
        return {
          name,
          how,
          reported: reported ? [modified(`victim/${name}.py`)] : [],
          ...(held === undefined ? {} : { held })
        }
      })
    }
  ]
}
