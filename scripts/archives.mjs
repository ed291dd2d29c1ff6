// npm run corpus:archives -- [--count N] [--seed N] [--projects FILE] [--largest BYTES] [--json FILE] [--index]
// Reads published sdists and wheels with the strict readers, and tells which of them are refused: honest archives
// must not be. The sample is drawn by seed from the files that the configured index offers for the listed projects,
// two per project and round; a file is hash-checked and kept in the cache folder, so a second run downloads nothing.
// With --index it tells what the rules of the package index say of them, too: all were taken once, so each refusal has to
// be one of a rule that is younger than the file. That alone is no failure.
import { randomUUID } from 'node:crypto'
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { readArchive } from '../src/formats/archive.ts'
import { offers } from '../src/lock/index-files.ts'
import { readNetrc } from '../src/lock/netrc.ts'
import { readPipConfiguration } from '../src/lock/pip-configuration.ts'
import { downloadFile } from '../src/platform/download.ts'
import { createHttpClient } from '../src/platform/http.ts'
import { indexFindings } from '../src/proof/pypi/findings.ts'
import { readDistribution } from '../src/targets/python/distribution.ts'
import { uploadOf } from '../src/targets/python/uploads.ts'

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '500' },
    seed: { type: 'string', default: '1' },
    projects: { type: 'string', default: '../shared/corpus.tsv' },
    largest: { type: 'string', default: String(5 * 2 ** 20) },
    json: { type: 'string' },
    index: { type: 'boolean', default: false }
  }
})

/** Mulberry32: the same seed draws the same sample from the same lists. */
function randomNumbers(seed) {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

function shuffled(list, random) {
  const result = [...list]
  for (let at = result.length - 1; at > 0; at -= 1) {
    const other = Math.floor(random() * (at + 1))
    ;[result[at], result[other]] = [result[other], result[at]]
  }
  return result
}

function kindOf(file) {
  if (file.endsWith('.whl')) return 'wheel'
  return file.endsWith('.tar.gz') ? 'sdist' : undefined
}

/** Rounds over the projects, an sdist and a wheel of each, until there are enough. */
function drawSample(offered, count, seed, largest) {
  const random = randomNumbers(seed)
  const queues = offered.map((files) => {
    const usable = files.filter(({ sha256, size }) => sha256 !== null && size !== null && size <= largest)
    return ['sdist', 'wheel'].map((kind) =>
      shuffled(
        usable.filter(({ file }) => kindOf(file) === kind),
        random
      )
    )
  })
  const sample = []
  while (sample.length < count && queues.some((kinds) => kinds.some((files) => files.length > 0)))
    for (const files of queues.flat()) {
      const next = files.pop()
      if (next !== undefined && sample.length < count) sample.push(next)
    }
  return sample
}

async function cached(client, folder, { file, url, sha256, size }) {
  const target = path.join(folder, sha256, file)
  const present = await stat(target).catch(() => undefined)
  if (present?.size === size) return target
  await mkdir(path.dirname(target), { recursive: true })
  const partial = `${target}.${randomUUID()}`
  try {
    await downloadFile(client, url, partial, { size, sha256 })
    await rename(partial, target)
  } finally {
    await rm(partial, { force: true })
  }
  return target
}

async function judge(file, { file: name, size, sha256 }) {
  const entry = { name, size, sha256 }
  try {
    const { members } = await readArchive(file, kindOf(name))
    return { ...entry, members: members.length, refused: null, index: await indexed(file, name) }
  } catch (error) {
    if (error.code !== 'archive-invalid') throw error
    return { ...entry, members: null, refused: error.message, index: [] }
  }
}

async function indexed(file, name) {
  if (!values.index) return []
  const distribution = await readDistribution(file, kindOf(name), name)
  return indexFindings({ distribution, upload: uploadOf(distribution) }).filter(
    ({ severity }) => severity !== 'note'
  )
}

/** Some at a time, results in the order of the list. */
async function each(list, width, work) {
  const results = []
  let next = 0
  const lane = async () => {
    for (let at = next++; at < list.length; at = next++) results[at] = await work(list[at])
  }
  await Promise.all(Array.from({ length: width }, lane))
  return results
}

async function projectNames(file) {
  const lines = (await readFile(file, 'utf8')).split('\n')
  return lines
    .filter((line) => line !== '' && !/^(#|project\t)/.test(line))
    .map((line) => line.split('\t')[0])
}

const cache = process.env.XDG_CACHE_HOME || path.join(os.homedir(), '.cache')
const folder = path.join(cache, 'tagproof', 'archives')
const client = createHttpClient()
try {
  const access = {
    configuration: await readPipConfiguration(),
    netrc: await readNetrc(process.env),
    client
  }
  const names = await projectNames(values.projects)
  const normal = names.map((name) => name.replace(/[-_.]+/g, '-').toLowerCase())
  // Links of a local folder carry no hash, and fall out of the sample.
  const offered = await each(normal, 4, (name) => offers(name, access))
  const sample = drawSample(offered, Number(values.count), Number(values.seed), Number(values.largest))
  const results = await each(sample, 4, async (one) => judge(await cached(client, folder, one), one))
  const refused = results.filter((result) => result.refused !== null)
  for (const { name, refused: message } of refused) console.log(`REFUSED ${name}: ${message}`)
  for (const { name, index } of results)
    for (const { code, severity, message } of index)
      console.log(`${severity.toUpperCase()} ${name}: ${code}: ${message}`)
  const sdists = results.filter(({ name }) => kindOf(name) === 'sdist').length
  const bytes = results.reduce((sum, { size }) => sum + size, 0)
  const members = results.reduce((sum, result) => sum + (result.members ?? 0), 0)
  console.log(
    `${results.length} archives of ${names.length} projects (${sdists} sdists, ${results.length - sdists} wheels): ` +
      `${members} members, ${(bytes / 1e6).toFixed(0)} MB; ${refused.length} refused`
  )
  if (values.json !== undefined) await writeFile(values.json, JSON.stringify(results, null, 1))
  process.exitCode = refused.length === 0 ? 0 : 1
} finally {
  client.close()
}
