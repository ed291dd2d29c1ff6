// What texts must keep to: links lead somewhere, every code of an error or a finding is explained, and nothing names the package
// server of one machine: tests and docs use the indexes that the tools are set up for.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { findingCodes } from './finding-codes.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const mistakes = []

const listed = spawnSync(
  'git',
  ['-c', 'safe.directory=*', 'ls-files', '-z', '--cached', '--others', '--exclude-standard'],
  {
    cwd: root,
    encoding: 'utf8'
  }
)
const files = listed.stdout.split('\0').filter((file) => file !== '' && existsSync(path.join(root, file)))
if (files.length === 0) mistakes.push('git ls-files names no file')

for (const file of files.filter((name) => name.endsWith('.md') && !name.startsWith('examples/'))) {
  const text = await readFile(path.join(root, file), 'utf8')
  const prose = text.replace(/```.*?```/gs, '').replace(/`[^`\n]*`/g, '')
  for (const [, target] of prose.matchAll(/\]\(([^)\s]+)\)/g)) {
    if (/^[a-z]+:/.test(target)) continue
    const [name, anchor] = target.split('#')
    const linked = name === '' ? file : path.join(path.dirname(file), name)
    if (!existsSync(path.join(root, linked))) mistakes.push(`${file}: the link ${target} leads nowhere`)
    else if (
      anchor !== undefined &&
      !anchorsOf(await readFile(path.join(root, linked), 'utf8')).includes(anchor)
    )
      mistakes.push(`${file}: ${linked} has no heading #${anchor}`)
  }
}

/** Anchors as code hosts make them of headings. */
function anchorsOf(text) {
  return [...text.matchAll(/^#+ (.*)$/gm)].map(([, title]) =>
    title
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .trim()
      .replaceAll(' ', '-')
  )
}

const union =
  /export type ErrorCode =(.*?)\n\n/s.exec(
    await readFile(path.join(root, 'src/platform/errors.ts'), 'utf8')
  )?.[1] ?? ''
const codes = [...union.matchAll(/\| '([a-z0-9-]+)'/g)].map(([, code]) => code)
if (codes.length === 0) mistakes.push('src/platform/errors.ts: no error codes were found')
await requireExplained('docs/errors.md', codes)

const found = await findingCodes(root, files)
if (found.size < 20) mistakes.push(`src/: ${found.size} codes of findings were found, which cannot be all`)
await requireExplained('docs/checks.md', [...found.keys()])

/** A page has a heading for each code, and for nothing else. */
async function requireExplained(page, expected) {
  const text = await readFile(path.join(root, page), 'utf8').catch(() => '')
  const explained = [...text.matchAll(/^### `([a-z0-9-]+)`$/gm)].map(([, code]) => code)
  for (const code of expected)
    if (!explained.includes(code)) mistakes.push(`${page} does not explain ${code}`)
  for (const code of explained)
    if (!expected.includes(code)) mistakes.push(`${page} explains ${code}, which does not exist`)
  for (const code of new Set(explained.filter((name, index) => explained.indexOf(name) < index)))
    mistakes.push(`${page} explains ${code} twice`)
}

// One file alone holds the public addresses that packages are published to.
const server =
  /https?:\/\/(registry|proxy|files|mirror|deb|security|snapshot|archive|pypi)\.(?![\w.-]*\b(example|test|invalid)\b)/
for (const file of files) {
  if (
    /^(dist\/|package-lock\.json$|src\/destinations\/pypi\/services\.ts$)/.test(file) ||
    !/\.(md|ts|mjs|json|ya?ml|py|sh|toml)$/.test(file)
  )
    continue
  // A file that a test has just removed names nothing.
  const text = await readFile(path.join(root, file), 'utf8').catch(() => '')
  for (const [index, line] of text.split('\n').entries())
    if (server.test(line)) mistakes.push(`${file}:${index + 1} names a package server`)
}

for (const mistake of mistakes) console.error(mistake)
process.exitCode = mistakes.length === 0 ? 0 : 1
