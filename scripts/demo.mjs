// npm run demo: one release of examples/herald, from a git tag to packages that pip installs.
// On Node 24, which npm run chooses; a folder may be named: npm run demo -- FOLDER (default: demo-out/)
import { spawn, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { artifactTable } from '../src/evidence/table.ts'
import { setUpBuildkitOrSay } from './setup-buildkit.mjs'
import { node24, setUpOrExit } from './setup.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const command = path.join(root, 'dist/cli.cjs')
const tag = 'v1.4.0'

/** The same author and time in every run: so commit, tag and packages have the same hashes on any machine. */
const gitEnvironment = {
  PATH: process.env.PATH,
  HOME: '/nonexistent',
  LC_ALL: 'C.UTF-8',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_AUTHOR_NAME: 'The Herald developers',
  GIT_AUTHOR_EMAIL: 'herald@example.org',
  GIT_COMMITTER_NAME: 'The Herald developers',
  GIT_COMMITTER_EMAIL: 'herald@example.org',
  GIT_AUTHOR_DATE: '2026-09-14T10:00:00Z',
  GIT_COMMITTER_DATE: '2026-09-14T10:00:00Z'
}

class Stop extends Error {
  constructor(message, status = 1) {
    super(message)
    this.status = status
  }
}

async function demo(folder) {
  setUpOrExit()
  setUpBuildkitOrSay()
  if (!existsSync(command)) throw new Stop('There is no dist/: run npm run build.', 3)
  const repository = path.join(folder, 'herald')
  const out = path.join(folder, 'out')

  step(`A repository of its own, made from examples/herald: ${relative(repository)}`)
  await makeRepository(repository)

  step('tagproof lock: everything the build needs, by hash')
  git(repository, 'tag', tag)
  await tagproof(['lock', '--repository', repository, '--out', out])
  git(repository, 'tag', '-d', tag)
  git(repository, 'add', '.github/tagproof.lock')
  git(repository, 'commit', '-q', '-m', 'Lock what the build needs')
  git(repository, 'tag', '-a', '-m', `Herald ${tag.slice(1)}`, tag)

  step(`tagproof rehearse: ${tag} built in two worlds and compared`)
  await tagproof(['rehearse', '--repository', repository, '--out', out])
  for (const name of ['packages', 'local/simple', 'SHA256SUMS', 'release.json', 'summary.md'])
    if (!existsSync(path.join(out, name))) throw new Stop(`${relative(out)}/${name} was not made.`)

  step('pip install from local/simple alone, in a new environment, and the installed program')
  await installAndRun(path.join(out, 'local/simple'), repository)

  step(
    `Done. Everything is in ${relative(out)}: packages/, local/simple/, SHA256SUMS, release.json, summary.md`
  )
  const proof = JSON.parse(await readFile(path.join(out, 'proof.json'), 'utf8'))
  console.log(artifactTable(proof.artifacts))
  if (proof.verdict !== 'proven' || proof.artifacts.length === 0) throw new Stop('The release is not proven.')
}

/** Only what a clone would have: no left-overs of somebody who ran the example's own build or tests. */
export async function makeRepository(repository) {
  await rm(repository, { recursive: true, force: true })
  await mkdir(path.dirname(repository), { recursive: true })
  const leftOver = /^(__pycache__|build|dist|.*\.egg-info)$/
  await cp(path.join(root, 'examples/herald'), repository, {
    recursive: true,
    filter: (source) => !leftOver.test(path.basename(source))
  })
  await plainModes(repository)
  git(repository, 'init', '-q', '-b', 'main')
  git(repository, 'add', '--all')
  git(repository, 'commit', '-q', '-m', 'Herald 1.4.0')
}

/** Git keeps whether a file may be executed; a copy made under a strange umask must not change the commit. */
async function plainModes(folder) {
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
    const file = path.join(entry.parentPath, entry.name)
    const executable = entry.isDirectory() || ((await stat(file)).mode & 0o100) !== 0
    await chmod(file, executable ? 0o755 : 0o644)
  }
}

async function installAndRun(simple, repository) {
  const folder = await mkdtemp(path.join(tmpdir(), 'tagproof-demo-'))
  try {
    const venv = path.join(folder, 'venv')
    checked('python3', ['-m', 'venv', venv])
    checked(path.join(venv, 'bin/python'), [
      '-m',
      'pip',
      'install',
      '--quiet',
      '--no-cache-dir',
      '--index-url',
      pathToFileURL(simple).href,
      'release-herald'
    ])
    for (const args of [['--version'], ['CHANGELOG.md', '--project', 'Herald', '--language', 'de']])
      console.log(checked(path.join(venv, 'bin/herald'), args, repository).trimEnd())
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function git(repository, ...args) {
  return checked(
    'git',
    ['-c', 'core.hooksPath=/dev/null', '-c', 'core.autocrlf=false', ...args],
    repository,
    gitEnvironment
  )
}

/** Runs a program that must succeed. pip gets no setting of this machine: the index folder is all it has. */
function checked(program, args, cwd, env = plainEnvironment()) {
  const result = spawnSync(program, args, { cwd, env, encoding: 'utf8', maxBuffer: 1 << 26 })
  if (result.error !== undefined) throw new Stop(`${program} cannot be run: ${result.error.message}`, 3)
  if (result.status !== 0)
    throw new Stop(
      `${path.basename(program)} ${args.join(' ')} ended with ${result.status}:\n${result.stdout}${result.stderr}`
    )
  return result.stdout
}

function plainEnvironment() {
  return {
    PATH: process.env.PATH,
    HOME: '/nonexistent',
    LC_ALL: 'C.UTF-8',
    PIP_CONFIG_FILE: '/dev/null',
    PIP_DISABLE_PIP_VERSION_CHECK: '1'
  }
}

/** Shows the command's own progress as it comes. */
function tagproof(args) {
  const child = spawn(node24(), [command, ...args], { stdio: ['ignore', 'inherit', 'inherit'] })
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal))
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) =>
      code === 0 ? resolve() : reject(new Stop(`tagproof ${args[0]} ended with ${code}.`, code ?? 1))
    )
  })
}

function step(title) {
  console.log(`\n== ${title}`)
}

function relative(file) {
  const short = path.relative(process.cwd(), file)
  return short.startsWith('..') ? file : short
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  await demo(path.resolve(process.argv[2] ?? path.join(root, 'demo-out'))).catch((error) => {
    if (!(error instanceof Stop)) throw error
    console.error(error.message)
    process.exitCode = error.status
  })
