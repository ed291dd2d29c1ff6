// Finds the system packages that Tagproof needs and installs those that are missing, when it may.
//   node scripts/setup.mjs [--tests]  installs, or prints the one line to run and ends with status 3
//   TAGPROOF_NO_INSTALL=1             never installs
import { spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  installCommands,
  keyringOf,
  mayInstall,
  needs,
  packageName,
  planSetup,
  systemOf
} from '../src/platform/system-packages.mjs'

export { needs, planSetup, systemOf }

const pythonHeaders =
  "import os, sysconfig; os.stat(os.path.join(sysconfig.get_paths()['include'], 'Python.h'))"

/** What the tests need besides: attacks are compiled as an attacker does it, archives are read by their own tools. */
export const testNeeds = [
  { package: 'gcc', program: 'gcc' },
  { package: 'libc6-dev', file: '/usr/include/stdio.h' },
  { package: 'python3-dev', python: pythonHeaders },
  { package: 'zip', program: 'zip' },
  { package: 'unzip', program: 'unzip' },
  { package: 'xz-utils', program: 'xz' },
  { package: 'zstd', program: 'zstd' },
  { package: 'gnupg', program: 'gpg' },
  { package: 'sqv', program: 'sqv' },
  { package: 'sudo', program: 'sudo' },
  { package: 'skopeo', program: 'skopeo' },
  { package: 'docker-registry', program: 'docker-registry' },
  { package: 'umoci', program: 'umoci' },
  { package: 'buildah', program: 'buildah' },
  { package: 'podman', program: 'podman' },
  { package: 'openssl', program: 'openssl' }
]

/** Status 3, with one clear text: the environment lacks something. */
export class SetupError extends Error {}

/** Sees to it that everything is there. Throws {@link SetupError} with a text for the user. */
export function setUp({ env = process.env, say = (line) => console.error(line), tests = false } = {}) {
  const wanted = tests ? [...needs, ...testNeeds] : needs
  const system = systemOf(readOsRelease())
  const plan = planSetup({
    system,
    missing: wanted.filter((need) => !isThere(need, env, system)),
    user: process.getuid() === 0 ? 'root' : mayUseSudo(env) ? 'sudo' : 'plain',
    allowed: mayInstall(env),
    apt: findProgram('apt-get', env) !== null
  })
  switch (plan.action) {
    case 'nothing':
      return
    case 'foreign':
      throw new SetupError(plan.message)
    case 'ask':
      throw new SetupError(`${plan.message}\n\n  ${plan.line}\n`)
    default:
      if (plan.note !== null) say(plan.note)
      say(plan.message)
      install(plan.packages, env)
  }
  const still = wanted.filter((need) => !isThere(need, env, system))
  if (still.length > 0)
    throw new SetupError(`Installed, and still missing: ${still.map(packageName).join(', ')}.`)
}

function install(packages, env) {
  const commands = installCommands(packages, env, process.getuid() === 0)
  // A source of somebody else's that does not answer must not stop us: the install says what is missing.
  run(commands.update, env)
  const result = run(commands.install, env)
  if (result.status === 0) return
  const output = `${result.stdout}${result.stderr}`.trimEnd().split('\n').slice(-15).join('\n')
  throw new SetupError(`apt-get could not install ${packages.join(' ')}:\n${output}`)
}

function run([command, ...args], env) {
  return spawnSync(command, args, {
    env,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: 1 << 26
  })
}

function isThere(need, env, system) {
  if (need.program !== undefined) return findProgram(need.program, env) !== null
  if (need.python !== undefined) return run(['python3', '-c', need.python], env).status === 0
  if (need.file !== undefined) return existsSync(need.file)
  return existsSync(keyringOf(system))
}

/** Ordinary users often have no sbin in their PATH, and runc lies there. */
function findProgram(name, env) {
  const folders = [...(env.PATH ?? '').split(':'), '/usr/sbin', '/sbin']
  for (const folder of folders) {
    const file = path.join(folder || '.', name)
    try {
      accessSync(file, constants.X_OK)
      return file
    } catch {
      continue
    }
  }
  return null
}

function mayUseSudo(env) {
  return findProgram('sudo', env) !== null && run(['sudo', '-n', 'true'], env).status === 0
}

function readOsRelease() {
  for (const file of ['/etc/os-release', '/usr/lib/os-release'])
    if (existsSync(file)) return readFileSync(file, 'utf8')
  return ''
}

/** The Node.js that the action runs on, as npm ci brings it. */
export function node24() {
  const file = fileURLToPath(new URL('../node_modules/.bin/node', import.meta.url))
  if (existsSync(file)) return file
  if (Number(process.versions.node.split('.')[0]) >= 24) return process.execPath
  console.error(
    'Node.js 24 is not in node_modules: run npm ci, with install scripts allowed for the package node.'
  )
  process.exit(3)
}

/** For scripts: sets up, or tells why not and ends with status 3. With `tests`, also what only the tests need. */
export function setUpOrExit(options = {}) {
  try {
    setUp(options)
  } catch (error) {
    if (!(error instanceof SetupError)) throw error
    console.error(error.message)
    process.exit(3)
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  setUpOrExit({ tests: process.argv.includes('--tests') })
