import type { Attack, Files, Report } from './harness/attack.ts'
import { setuptoolsProject } from './harness/projects.ts'

const notice = (code: string, member: string): Report => ({
  check: 'source',
  code,
  artifact: 'release',
  member
})

/** Each byte as one of the 256 variation selectors, which no editor shows. */
const selectors = (text: string): string =>
  [...Buffer.from(text)]
    .map((byte) => String.fromCodePoint(byte < 16 ? 0xfe00 + byte : 0xe0100 + byte - 16))
    .join('')
const tags = (text: string): string =>
  [...Buffer.from(text)].map((byte) => String.fromCodePoint(0xe0000 + byte)).join('')
const blanks = (text: string): string =>
  [...Buffer.from(text)]
    .flatMap((byte) => byte.toString(2).padStart(8, '0').match(/./g) ?? [])
    .map((bit) => (bit === '1' ? '\u200b' : '\u200c'))
    .join('')

const files: Files = setuptoolsProject({
  'victim/check.py': `def allowed(role):
    """Only administrators.\u202e \u2066''';\u2069 \u2066"""
    return role == "admin"


print("fired: reordered")
`,
  'victim/isolate.py': 'print("fired: isolate")  # \u2067 not run \u2069\n',
  'victim/selectors.py': `text = "${selectors('print("fired: selectors")')}"
exec("".join(chr(o - 0xFE00 if o < 0xFF00 else o - 0xE0100 + 16) for o in map(ord, text)))
`,
  'victim/tags.py': `exec("".join(chr(ord(c) - 0xE0000) for c in "${tags('print("fired: tags")')}"))\n`,
  'victim/blanks.py': `text = "${blanks('print("fired: blanks")')}"
bits = "".join("1" if c == "\\u200b" else "0" for c in text)
exec(bytes(int(bits[i : i + 8], 2) for i in range(0, len(bits), 8)))
`
})

export const invisibleText: Attack = {
  name: 'invisible-text',
  rows: '18',
  title: 'Characters that nobody sees change what a reviewer reads, or hold code',
  caughtBy:
    'Source: text controls and runs of invisible characters are refused with line, column and code point.',
  scenes: [
    {
      name: 'committed modules',
      files,
      variants: [
        {
          name: 'reordered',
          how: 'controls of text direction in a docstring (CVE-2021-42574)',
          reported: [notice('bidi-control', 'victim/check.py')]
        },
        {
          name: 'isolate',
          how: 'an isolate in a comment',
          reported: [notice('bidi-control', 'victim/isolate.py')]
        },
        {
          name: 'selectors',
          how: 'code as variation selectors in a string that looks empty',
          reported: [notice('invisible-character', 'victim/selectors.py')]
        },
        {
          name: 'tags',
          how: 'code as tag characters in a string that looks empty',
          reported: [notice('invisible-character', 'victim/tags.py')]
        },
        {
          name: 'blanks',
          how: 'code as two kinds of zero-width characters',
          reported: [notice('invisible-character', 'victim/blanks.py')]
        }
      ]
    }
  ]
}
