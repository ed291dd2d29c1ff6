// docs/attacks.md is made from the table of the attack suite, so that it cannot tell of an attack that no test makes.
// Runs on Node 24, which reads TypeScript.
//   node scripts/generate-attacks.mjs [--write]
import { readFile, writeFile } from 'node:fs/promises'
import { attackTable } from '../__tests__/attacks/table.ts'
import { honestTwins } from '../__tests__/attacks/honest.ts'

const cell = (text) => text.replaceAll('|', '\\|')
const row = (cells) => `| ${cells.map(cell).join(' | ')} |`
const table = (head, rows) => [row(head), row(head.map(() => '---')), ...rows.map(row)].join('\n')
const anchor = (name) => `[\`${name}\`](../__tests__/attacks/${name}.ts)`

const count = attackTable.reduce((sum, { variants }) => sum + variants.length, 0)

const text = `# Attacks

<!-- Made by scripts/generate-attacks.mjs from __tests__/attacks: do not edit. -->
<!-- prettier-ignore-start -->

Every attack of this list is made for real in the tests, ${count} variants in ${attackTable.length} classes. Each is tried three ways:

1. **Built by the ecosystem's own tool** (\`python -m build\`, or the hooks of the backend; \`dpkg-buildpackage\`;
   BuildKit), the package is installed (debs by \`dpkg\` in a root of their own, images unpacked by \`umoci\` and started),
   and the code of the attacker runs. An image that is changed once it is built is used as it is.
2. **Built by Tagproof** in both worlds, the release is refused with the finding below, or the attack finds nothing to
   work with.
3. **With just that check switched off**, the same repository gets through, and the code runs from what would be shipped.

Rows are those of the list that the suite was written from: 1–27, and P1–P14 for xz (CVE-2024-3094).

${table(
  ['rows', 'attack', 'caught by', 'variants'],
  attackTable.map(({ rows, name, title, caughtBy, variants }) => [
    rows,
    `${anchor(name)}: ${title}.`,
    caughtBy,
    String(variants.length)
  ])
)}

## What is reported

${attackTable
  .map(
    ({ name, title, variants }) =>
      `### ${name}\n\n${title}.\n\n${table(
        ['variant', 'what is reported'],
        variants.map(({ how, reported }) => [how, reported.join('; ')])
      )}`
  )
  .join('\n\n')}

## What is honest passes

The same things done honestly are proven with no configuration:

${honestTwins.map(({ how }) => `- ${how}`).join('\n')}

In every repository of an attack, nothing but the attack is reported.

## What is not in the suite

- Actions that move (of row 13) are looked for by \`tagproof doctor\`; row 27 is about uploads.
- Row 17 (set-id bits, devices) in sdist and wheel: archives that have them are refused by the readers; that is tested with
  the readers (\`__tests__/real/formats/hostile\`), not with a project. Debs and images with them are above.
- Owners of files that a Dockerfile makes: its steps may name any user, so that one is as good as another.
- Hostile archives and versions that disagree have no check that could be waived: there the code runs from what world a
  built, which both worlds built alike.
- Code that stands readable in the tag, in \`setup.py\` or in a module: review finds that, and nothing else can.
- Text that people take for data, outside of tests, documents, examples and benchmarks (hexadecimal in short lines, lists
  of small numbers, prose), is not scrambled in world b; neither is what a patch of \`debian/patches\` adds to them. A module made of it is refused as \`modified\` or \`untraced\`; an
  object that is *compiled* from it is not.
- A committed program (not a library) under the name of data, without the executable bit, is told as a warning
  (\`compiled-data\`), for honest packages ship such files.

<!-- prettier-ignore-end -->
`

const file = new URL('../docs/attacks.md', import.meta.url)
const current = await readFile(file, 'utf8').catch(() => '')
if (current !== text) {
  if (process.argv.includes('--write')) {
    await writeFile(file, text)
    console.log('wrote docs/attacks.md')
  } else {
    console.error(
      'docs/attacks.md is not up to date: run node_modules/.bin/node scripts/generate-attacks.mjs --write'
    )
    process.exitCode = 1
  }
}
