import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { modified, type Attack, type Files, type Variant } from './harness/attack.ts'
import { setuptoolsProject } from './harness/projects.ts'

/** A module that looks at its own text. */
const looking = (name: string, found: string): string => `with open(__file__, "rb") as stream:
    if ${found} in stream.read():
        print("fired: ${name}")
`

const attributes: Record<string, { how: string; attribute: string; text: string }> = {
  lines: {
    how: 'eol=crlf, which turns a harmless line into two',
    attribute: 'eol=crlf',
    text: looking('lines', 'bytes([13])')
  },
  ident: {
    how: 'ident, which writes an object name into the text',
    attribute: 'ident',
    text: `# $Id$\n${looking('ident', 'b"$" + b"Id: "')}`
  },
  encoding: {
    how: 'working-tree-encoding, by which the bytes become another text',
    attribute: 'working-tree-encoding=ISO-8859-1',
    text: `# coding: latin-1: \u00e9\n${looking('encoding', 'bytes([32, 195, 169])')}`
  },
  filter: {
    how: 'a filter that the configuration of the machine defines',
    attribute: 'filter=keyword',
    text: looking('filter', 'b"key" + b"word"')
  }
}

const names = Object.keys(attributes)
const files: Files = setuptoolsProject({
  '.gitattributes': names.map((name) => `victim/${name}.py ${attributes[name]?.attribute ?? ''}\n`).join(''),
  ...Object.fromEntries(names.map((name) => [`victim/${name}.py`, attributes[name]?.text ?? '']))
})

export const alteredCheckout: Attack = {
  name: 'altered-checkout',
  rows: '24',
  title: 'Attributes make a checkout differ from what the tag holds',
  caughtBy:
    'The tree is written from blobs: no attribute and no filter has an effect. Tracing sees it where it has.',
  scenes: [
    {
      name: '.gitattributes',
      files,
      arrange: async ({ room }) => {
        const smudge = "sed '$ a # keyword'"
        await writeFile(
          path.join(room, 'home/.gitconfig'),
          `[filter "keyword"]\n\tsmudge = ${JSON.stringify(smudge)}\n`
        )
      },
      open: async (release) => {
        const paths = names.map((name) => `victim/${name}.py`)
        await (await import('./harness/exports.ts')).giveClone(release, paths)
      },
      variants: names.map((name): Variant => ({
        name,
        how: attributes[name]?.how ?? '',
        reported: [],
        behind: [modified(`victim/${name}.py`)],
        held: 'the export has the bytes of the blob'
      }))
    }
  ]
}
