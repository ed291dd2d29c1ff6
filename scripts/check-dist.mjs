/**
 * Rebuilds dist/ into a temporary folder and compares it with the one of this checkout, byte for byte.
 * Status 0: equal. Status 1: what differs is listed, and how to correct it.
 */
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildDist } from './build.mjs'

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))
const committed = path.resolve(process.argv[2] ?? path.join(root, 'dist'))
const rebuilt = await mkdtemp(path.join(tmpdir(), 'tagproof-dist-'))
try {
  await buildDist(root, rebuilt)
  const differences = await compare(committed, rebuilt)
  if ((await readFile(path.join(rebuilt, 'tagproof.cjs'), 'utf8')).includes(`${root}/`))
    differences.push(`tagproof.cjs: contains the path of this checkout, ${root}`)
  for (const line of differences) console.error(line)
  if (differences.length > 0) {
    console.error('dist/ is not what the sources give. Run `npm ci && npm run build`, and commit dist/.')
    process.exitCode = 1
  } else console.log('dist/ is what the sources give.')
} finally {
  await rm(rebuilt, { recursive: true, force: true })
}

/** One line per file that is missing, superfluous or different; with the first differing line. */
async function compare(left, right) {
  const names = new Set([...(await list(left)), ...(await list(right))])
  const lines = []
  for (const name of [...names].sort()) {
    const [a, b] = await Promise.all(
      [left, right].map((folder) => readFile(path.join(folder, name)).catch(() => null))
    )
    if (a === null) lines.push(`${name}: missing`)
    else if (b === null) lines.push(`${name}: no build makes it`)
    else if (!a.equals(b))
      lines.push(`${name}: differs, ${firstDifference(a.toString('utf8'), b.toString('utf8'))}`)
  }
  return lines
}

function list(folder) {
  return readdir(folder).catch(() => [])
}

function firstDifference(found, expected) {
  const [a, b] = [found.split('\n'), expected.split('\n')]
  const at = a.findIndex((line, index) => line !== b[index])
  const line = at < 0 ? a.length : at
  return `first at line ${line + 1}\n  found     ${(a[line] ?? '(end)').slice(0, 200)}\n  expected  ${(b[line] ?? '(end)').slice(0, 200)}`
}
