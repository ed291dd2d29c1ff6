// Runs `npm run demo` as a newcomer does, shows what it prints, and looks at what it has left.
import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const out = path.join(root, 'demo-out/out')

/** What the demo prints on standard output, shown as it comes. */
async function printed() {
  const child = spawn('npm', ['run', '--silent', 'demo'], { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] })
  let text = ''
  child.stdout.setEncoding('utf8').on('data', (piece) => {
    text += piece
    process.stdout.write(piece)
  })
  const status = await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve))
  assert.equal(status, 0, 'the demo ends with 0')
  return text
}

const stdout = await printed()
assert.ok(stdout.includes('herald 1.4.0') && stdout.includes('Herald 1.4.0 ist da'), 'the program runs')
const release = JSON.parse(await readFile(path.join(out, 'release.json'), 'utf8'))
const { tag, version, verdict, artifacts } = release
assert.deepEqual({ tag, version, verdict }, { tag: 'v1.4.0', version: '1.4.0', verdict: 'proven' })
const names = artifacts.map(({ name }) => name).sort()
assert.deepEqual(names, [
  'herald-1.4.0.oci.tar',
  'release-herald_1.4.0-1_all.deb',
  'release_herald-1.4.0-py3-none-any.whl',
  'release_herald-1.4.0.tar.gz'
])
const [head, ...rows] = stdout.trimEnd().split('\n').slice(-5)
assert.match(head, /^artifact +size +sha256 +a = b +traced$/)
for (const { name, sha256, members } of artifacts)
  assert.ok(
    rows.some((row) => row.startsWith(name) && row.endsWith(`${sha256}  yes    ${members}/${members}`)),
    `the table ends with a = b and all members traced: ${name}`
  )
const packages = path.join(out, 'packages')
const sums = execFileSync('sha256sum', ['--check', '--strict', '../SHA256SUMS'], {
  cwd: packages,
  encoding: 'utf8'
})
assert.equal(sums.trim().split('\n').length, 4)
assert.deepEqual((await readdir(packages)).sort(), names)
assert.match(await readFile(path.join(out, 'summary.md'), 'utf8'), /^# ✅ v1\\?\.4\\?\.0: proven/)
const wheel = path.join(packages, 'release_herald-1.4.0-py3-none-any.whl')
const listed = execFileSync('python3', ['-m', 'zipfile', '-l', wheel], { encoding: 'utf8' })
for (const member of ['locale/de/LC_MESSAGES/herald.mo', 'assets/badge.png', 'share/man/man1/herald.1'])
  assert.ok(listed.includes(member), `the wheel holds ${member}`)
