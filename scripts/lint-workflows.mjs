// A second opinion on workflows, outside of the tests: actionlint, built from the module proxy of Go (the checksum database
// vouches for it), looks at our own workflows, at those that tagproof init writes, and at
// those of the documentation. Runs on Node 24, which reads TypeScript.
//   node_modules/.bin/node scripts/lint-workflows.mjs
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { workflowText } from '../src/init/workflow.ts'

const module = 'github.com/rhysd/actionlint/cmd/actionlint@v1.7.12'
const own = fileURLToPath(new URL('../.github/workflows', import.meta.url))
const action = { repository: 'o/tagproof', commit: '0'.repeat(40), version: 'v0.0.0' }

const folder = mkdtempSync(path.join(tmpdir(), 'tagproof-actionlint-'))
try {
  const installed = spawnSync('go', ['install', module], {
    env: { ...process.env, GOBIN: folder },
    stdio: ['ignore', 'inherit', 'inherit']
  })
  if (installed.status !== 0) throw new Error('actionlint could not be built: it needs Go 1.25 or newer.')
  const written = ['python', 'deb', 'image'].map((kind) => {
    const file = path.join(folder, `${kind}.yml`)
    writeFileSync(file, workflowText({ action, tags: 'v*', environment: 'release', kinds: [kind] }))
    return file
  })
  // Those of the documentation, with a commit where the reader puts one, and the one that docs/migration.md leads away from.
  for (const page of ['action', 'migration']) {
    const text = readFileSync(new URL(`../docs/${page}.md`, import.meta.url), 'utf8')
    for (const [index, [, block]] of [...text.matchAll(/```yaml\n(name: .*?)```/gs)].entries()) {
      const file = path.join(folder, `${page}-${index}.yml`)
      writeFileSync(file, block.replaceAll('OWNER/tagproof@COMMIT', `o/tagproof@${'0'.repeat(40)}`))
      written.push(file)
    }
  }
  const files = [...readdirSync(own).map((name) => path.join(own, name)), ...written]
  // It does not know `uses: $/` yet.
  const linted = spawnSync(
    path.join(folder, 'actionlint'),
    ['-no-color', '-ignore', String.raw`\$/`, ...files],
    {
      stdio: ['ignore', 'inherit', 'inherit']
    }
  )
  if (linted.status === 0) console.log(`actionlint has nothing to say of ${files.length} workflows`)
  process.exitCode = linted.status ?? 1
} finally {
  rmSync(folder, { recursive: true, force: true })
}
