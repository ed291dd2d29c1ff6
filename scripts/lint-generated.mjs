// What is made from the program's own rules must not drift from them: the JSON Schema for editors, the table of keys in
// docs/configuration.md, the workflow in docs/action.md and docs/migration.md, and the rules of the package index in
// docs/checks.md. Runs on Node 24, which reads TypeScript.
//   node scripts/lint-generated.mjs [--write]
import { readFile, writeFile } from 'node:fs/promises'
import { configJsonSchema, mappingForm } from '../src/documents/config-json-schema.ts'
import { describe } from '../src/documents/config-mistakes.ts'
import { workflowText } from '../src/init/workflow.ts'
import { indexRules } from '../src/proof/pypi/rules.ts'

const schema = configJsonSchema()

/** The page with another text between the two marks that bear a name. */
function between(page, current, name, source, text) {
  const begin = `<!-- ${name}: made by scripts/lint-generated.mjs${source} -->`
  const end = `<!-- /${name} -->`
  const [before, rest = ''] = current.split(begin)
  const after = rest.split(end)[1]
  if (after === undefined) throw new Error(`${page} lacks ${begin} or ${end}`)
  return `${before}${begin}\n${text}\n${end}${after}`
}

/** Rows `key | allowed | default | meaning` of a schema, depth first. */
function rows(node, name) {
  return Object.entries(mappingForm(node).properties ?? {}).flatMap(([key, value]) => {
    const path = name === '' ? key : `${name}.${key}`
    const inner =
      value.items ?? (typeof value.additionalProperties === 'object' ? value.additionalProperties : value)
    const below = value.items === undefined ? (inner === value ? path : `${path}.NAME`) : `${path}[]`
    const required = mappingForm(node).required?.includes(key) === true
    const fallback =
      value.default === undefined ? (required ? 'required' : '') : `\`${JSON.stringify(value.default)}\``
    const simple = value.properties === undefined
    const cells = [
      `\`${path}\``,
      `${describe(value).replace(/(?<=match(es)? )(\S+)$/, '`$2`')}`,
      simple ? fallback : '',
      value.description ?? ''
    ]
    return [`| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`, ...rows(inner, below)]
  })
}

const table = [
  '| key | allowed | default | meaning |',
  '| --- | --- | --- | --- |',
  ...rows(schema, '')
].join('\n')

const action = { repository: 'OWNER/tagproof', commit: 'COMMIT', version: 'put the commit of a release here' }
const request = { action, tags: 'v*', environment: 'release' }
const workflowIn = (page, kinds) => ({
  url: new URL(`../${page}`, import.meta.url),
  text: (current) =>
    between(
      page,
      current,
      'workflow',
      ' from src/init/workflow.ts',
      `\n\`\`\`yaml\n${workflowText({ ...request, kinds })}\`\`\`\n`
    )
})

const rules = indexRules
  .map(
    ({ code, example, demands, fix }) =>
      `### \`${code}\`\n\n\`${example.replaceAll('`', '')}\` ${demands} ${fix}`
  )
  .join('\n\n')

const files = [
  {
    url: new URL('../schemas/tagproof.schema.json', import.meta.url),
    text: () => `${JSON.stringify(schema, null, 2)}\n`
  },
  {
    url: new URL('../docs/configuration.md', import.meta.url),
    text: (current) =>
      between(
        'docs/configuration.md',
        current,
        'keys',
        '',
        `<!-- prettier-ignore-start -->\n\n${table}\n\n<!-- prettier-ignore-end -->`
      )
  },
  workflowIn('docs/action.md', ['python']),
  workflowIn('docs/migration.md', ['python', 'image', 'deb']),
  {
    url: new URL('../docs/checks.md', import.meta.url),
    text: (current) =>
      between(
        'docs/checks.md',
        current,
        'index rules',
        ' from src/proof/pypi/rules.ts',
        `<!-- prettier-ignore-start -->\n\n${rules}\n\n<!-- prettier-ignore-end -->`
      )
  }
]

let stale = 0
for (const { url, text } of files) {
  const current = await readFile(url, 'utf8').catch(() => '')
  const wanted = text(current)
  if (current === wanted) continue
  const name = url.pathname.split('/').slice(-2).join('/')
  if (process.argv.includes('--write')) {
    await writeFile(url, wanted)
    console.log(`wrote ${name}`)
  } else {
    stale += 1
    console.error(`${name} is not up to date: run node_modules/.bin/node scripts/lint-generated.mjs --write`)
  }
}
process.exitCode = stale === 0 ? 0 : 1
