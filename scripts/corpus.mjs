// npm run corpus -- [NAME...]: real projects from the Python index, each made into a tagged repository and proven with
// no configuration. A finished project is not done again; leave out what is named with --again.
//
//   --list FILE      the sdists (default bench/corpus.tsv)
//   --part 3/10      a part of the list
//   --out FOLDER     repositories, outputs and results.jsonl (default /tmp/tagproof-corpus)
//   --stage prove    prove again what an earlier run has built
//   --command FILE   a bundled command (default: one that is made from the sources as they are)
//   --again          also those that have a result
//   --minutes N      the longest that one project may take (default 10)
//   --report         keep the results in bench/corpus-results.jsonl, write docs/corpus.md from them, and stop
import { copyFile, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import * as prettier from 'prettier'
import { buildDist } from './build.mjs'
import { fetchSdist } from './corpus/download.ts'
import { partOf, readList } from './corpus/list.ts'
import { corpusReport } from './corpus/report.ts'
import { commitRoot, makeRepository } from './corpus/repository.ts'
import { addResult, readResults } from './corpus/results.ts'
import { lockTagproof, runTagproof } from './corpus/run.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    list: { type: 'string', default: path.join(root, 'bench/corpus.tsv') },
    part: { type: 'string', default: '1/1' },
    out: { type: 'string', default: '/tmp/tagproof-corpus' },
    stage: { type: 'string', default: 'rehearse' },
    minutes: { type: 'string', default: '10' },
    command: { type: 'string' },
    report: { type: 'boolean', default: false },
    again: { type: 'boolean', default: false }
  }
})

const resultsFile = path.join(values.out, 'results.jsonl')

/** The command is made from the sources as they are now, in a folder of its own: dist/ stays as it is. */
async function bundle(folder) {
  await buildDist(root, folder)
  return path.join(folder, 'cli.cjs')
}

async function prove(command, listed) {
  const place = (kind) => path.join(values.out, kind, listed.name)
  const sdist = await fetchSdist(listed, path.join(values.out, 'sdists'))
  const made = await makeRepository(listed, sdist, place('repositories'))
  const lock = `${place('locks')}.lock`
  await rm(`${place('outputs')}.log`, { force: true })
  const options = {
    command,
    repository: place('repositories'),
    tag: made.tag,
    out: place('outputs'),
    stage: values.stage,
    minutes: Number(values.minutes)
  }
  const root = await sharedRoot()
  let result = null
  if (!(await exists(lock)) && root !== null) {
    await commitRoot(options.repository, root)
    result = await lockTagproof({ ...options, lock })
  }
  result ??= await runTagproof({ ...options, lock: (await exists(lock)) ? lock : null })
  if (await exists(path.join(place('outputs'), 'tagproof.lock')))
    await copyFile(path.join(place('outputs'), 'tagproof.lock'), lock)
  const left = {}
  for (const { rule } of made.changes) left[rule] = (left[rule] ?? 0) + 1
  // What was built before took its time then.
  const earlier = values.stage === 'prove' ? done.get(listed.name)?.seconds : undefined
  const seconds = { ...result.seconds, ...earlier, prove: result.seconds.prove ?? 0 }
  return { name: listed.name, file: listed.file, backend: made.backend, left, ...result, seconds }
}

/** A lock with the smallest root of all projects until now; that of the first project is resolved as a user's is. */
async function sharedRoot() {
  const folder = path.join(values.out, 'locks')
  const names = await readdir(folder)
  const texts = await Promise.all(names.map((name) => readFile(path.join(folder, name), 'utf8')))
  const [roots] = texts
    .map((text) => text.split('\npython:\n')[0])
    .sort((left, right) => left.length - right.length)
  return roots === undefined ? null : `${roots}\npython: {}\n`
}

function exists(file) {
  return stat(file).then(
    () => true,
    () => false
  )
}

/** The newest result of each project, in the order of the list, and the page about them. */
async function report() {
  const list = await readList(values.list)
  const kept = path.join(root, 'bench/corpus-results.jsonl')
  const results = new Map([...(await readResults(kept)), ...(await readResults(resultsFile))])
  const judged = JSON.parse(await readFile(path.join(root, 'bench/corpus-judged.json'), 'utf8'))
  const lines = list.flatMap(({ name }) =>
    results.has(name) ? [`${JSON.stringify(results.get(name))}\n`] : []
  )
  await writeFile(kept, lines.join(''))
  const page = corpusReport(list, results, judged)
  const file = path.join(root, 'docs/corpus.md')
  const options = await prettier.resolveConfig(file)
  await writeFile(file, await prettier.format(page, { ...options, filepath: file }))
}

for (const kind of ['repositories', 'outputs', 'locks'])
  await mkdir(path.join(values.out, kind), { recursive: true })
if (values.report) {
  await report()
  process.exit(0)
}
const done = await readResults(resultsFile)
const list = partOf(await readList(values.list), values.part).filter(
  ({ name }) => positionals.length === 0 || positionals.includes(name)
)
const bundled = path.join(values.out, `command-${process.pid}`)
const command = values.command ?? (await bundle(bundled))
for (const listed of list) {
  if (done.has(listed.name) && !values.again) continue
  if (values.stage === 'prove' && done.get(listed.name)?.outcome === 'error') continue
  try {
    const result = await prove(command, listed)
    await addResult(resultsFile, result)
    await rm(path.join(values.out, 'outputs', listed.name, 'local'), { recursive: true, force: true })
    const why =
      result.error?.code ??
      Object.entries(result.refusals)
        .map(([code, count]) => `${code} ${count}`)
        .join(', ')
    console.log(
      `${result.outcome.padEnd(8)} ${listed.name.padEnd(24)} ${String(result.seconds.whole).padStart(6)} s  ${why}`
    )
  } catch (error) {
    console.log(
      `failed   ${listed.name.padEnd(24)} ${error instanceof Error ? error.message : String(error)}`
    )
  }
}
await rm(bundled, { recursive: true, force: true })
