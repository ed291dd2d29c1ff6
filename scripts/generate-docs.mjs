// The tables of inputs and outputs are made from action.yml, and which stage gets which input from the table that the
// engine itself uses, so that documentation cannot drift. Runs on Node 24, which reads TypeScript.
//   node scripts/generate-docs.mjs [--write]
import { readFile, writeFile } from 'node:fs/promises'
import { parse } from 'yaml'
import { actionStages, inputRules } from '../src/platform/github-inputs.ts'

const root = new URL('../', import.meta.url)
const action = parse(await readFile(new URL('action.yml', root), 'utf8'))

const row = (cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
const table = (head, rows) => [row(head), row(head.map(() => '---')), ...rows.map(row)].join('\n')

const tables = {
  inputs: table(
    ['input', 'default', 'meaning'],
    Object.entries(action.inputs).map(([name, { default: value, description }]) => [
      `\`${name}\``,
      value === undefined ? '' : `\`${value}\``,
      description.trim()
    ])
  ),
  outputs: table(
    ['output', 'meaning'],
    Object.entries(action.outputs).map(([name, { description }]) => [`\`${name}\``, description.trim()])
  ),
  stages: table(
    ['input', ...actionStages],
    Object.entries(inputRules).map(([name, { stages, secret }]) => [
      `\`${name}\`${secret ? ' (credential)' : ''}`,
      ...actionStages.map((stage) => (stages.includes(stage) ? '●' : ''))
    ])
  )
}

let stale = 0
for (const name of ['docs/action.md', 'README.md']) {
  const file = new URL(name, root)
  const current = await readFile(file, 'utf8').catch(() => '')
  const wanted = Object.entries(tables).reduce(fill, current)
  if (wanted === current) continue
  if (process.argv.includes('--write')) {
    await writeFile(file, wanted)
    console.log(`wrote ${name}`)
  } else {
    stale += 1
    console.error(`${name} is not up to date: run node_modules/.bin/node scripts/generate-docs.mjs --write`)
  }
}
process.exitCode = stale === 0 ? 0 : 1

/** Puts a table between its markers, where the text has them. */
function fill(text, [name, content]) {
  const begin = `<!-- ${name}: made by scripts/generate-docs.mjs from action.yml -->`
  const end = `<!-- /${name} -->`
  const [before, rest] = text.split(begin)
  if (rest === undefined) return text
  const after = rest.split(end)[1]
  if (after === undefined) throw new Error(`${begin} is not ended by ${end}`)
  return `${before}${begin}\n<!-- prettier-ignore-start -->\n\n${content}\n\n<!-- prettier-ignore-end -->\n${end}${after}`
}
