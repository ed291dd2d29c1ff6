import { marker, type Attack, type Files, type Report, type Variant } from './harness/attack.ts'
import { carriers, decoderHead, type CarrierName } from './harness/carriers.ts'
import { debProject, inDeb, site, staged } from './harness/deb-project.ts'

interface Carried {
  how: string
  /** File that the patch adds. */
  place: string
  carrier: CarrierName
}

const carried: Record<string, Carried> = {
  vectors: {
    how: 'hexadecimal in short lines of a patch that adds a file to the tests',
    place: 'tests/vectors.txt',
    carrier: 'hex'
  },
  prose: {
    how: 'words of prose in a patch that adds a document',
    place: 'docs/notes.rst',
    carrier: 'words'
  }
}

const module = (name: string): string => `${site}/victim_${name}/__init__.py`

/** A patch that adds a text file. */
function adding(place: string, text: string): string {
  const lines = text.replace(/\n$/, '').split('\n')
  return `Description: more data\n--- /dev/null\n+++ b/${place}\n@@ -0,0 +1,${lines.length} @@\n${lines.map((line) => `+${line}\n`).join('')}`
}

const names = Object.keys(carried)

const program = `${decoderHead}
for name, place, find in (
${Object.entries(carried)
  .map(([name, { place, carrier }]) => `    ("${name}", "${place}", lambda data: ${carriers[carrier].find}),`)
  .join('\n')}
):
    with open(place, "rb") as stream:
        data = stream.read()
    with open("${staged('NAME')}/${module('NAME')}".replace("NAME", name), "a") as stream:
        stream.write(find(data))
`

const files: Files = debProject({
  packages: names,
  files: {
    'debian/decode.py': program,
    'debian/patches/series': names.map((name) => `${name}.patch\n`).join(''),
    ...Object.fromEntries(
      Object.entries(carried).map(([name, { place, carrier }]) => [
        `debian/patches/${name}.patch`,
        adding(place, carriers[carrier].hide(marker(name)).toString())
      ])
    )
  },
  steps: { install: 'python3 debian/decode.py' }
})

const modified = (name: string): Report => inDeb(name, 'modified', module(name))

export const debPatches: Attack = {
  name: 'deb-patches',
  rows: '2, 9',
  title: 'A patch of debian/patches brings what debian/rules decodes into a module',
  caughtBy:
    'Tracing: the module is neither that of the tag nor what a patch makes of it. World b sees the same patch, for people read it.',
  scenes: [
    {
      name: 'debian/rules decodes what was patched in',
      files,
      variants: Object.entries(carried).map(([name, { how }]): Variant => ({
        name,
        how,
        reported: [modified(name)]
      }))
    }
  ]
}
