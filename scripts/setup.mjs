// Finds the system packages that Tagproof needs and installs those that are missing, when it may.
//   node scripts/setup.mjs [--tests]  installs, or prints the one line to run and ends with status 3
//   TAGPROOF_NO_INSTALL=1             never installs
import { spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

/** What is needed, the package it comes with, and how to see that it is there. */
export const needs = [
  { package: 'git', program: 'git' },
  { package: 'python3', program: 'python3' },
  { package: 'python3-venv', python: 'import ensurepip, venv' },
  { package: 'runc', program: 'runc' },
  { package: 'mmdebstrap', program: 'mmdebstrap' },
  { package: 'dpkg-dev', program: 'dpkg-scanpackages' },
  { package: 'apt-utils', program: 'apt-ftparchive' },
  { package: 'gpgv', program: 'gpgv' },
  { package: 'mount', program: 'mount' },
  { package: 'ca-certificates', file: '/etc/ssl/certs/ca-certificates.crt' },
  { package: { debian: 'debian-archive-keyring', ubuntu: 'ubuntu-keyring' }, keyring: true }
]

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
  { package: 'sudo', program: 'sudo' },
  { package: 'skopeo', program: 'skopeo' },
  { package: 'docker-registry', program: 'docker-registry' },
  { package: 'umoci', program: 'umoci' },
  { package: 'buildah', program: 'buildah' },
  { package: 'podman', program: 'podman' }
]

const tested = { debian: ['12'], ubuntu: ['24.04'] }
const proxyNames = ['http_proxy', 'https_proxy', 'no_proxy', 'HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY']

/** `ID` and `VERSION_ID` of an os-release file. */
export function systemOf(osRelease) {
  const value = (name) => new RegExp(`^${name}="?([^"\n]*)"?$`, 'm').exec(osRelease)?.[1] ?? ''
  return {
    id: value('ID') || 'unknown',
    version: value('VERSION_ID'),
    name: value('PRETTY_NAME') || 'an unknown system'
  }
}

/**
 * What is to be done, as data: nothing, install, ask (print the line), or give up on a foreign system.
 * `user` is `root`, `sudo` (without password) or `plain`; `allowed` is false where installing is forbidden.
 */
export function planSetup({ system, missing, user, allowed, apt }) {
  if (missing.length === 0) return { action: 'nothing' }
  const packages = missing
    .map((need) => (typeof need.package === 'string' ? need.package : need.package[system.id]))
    .filter(Boolean)
  if (!(system.id in tested) || !apt)
    return {
      action: 'foreign',
      message: `This is ${system.name}. Tagproof runs on Debian 12 and Ubuntu 24.04; here these are missing: ${missing.map((need) => need.program ?? packageName(need)).join(', ')}.`
    }
  const list = packages.join(' ')
  const line = `apt-get update && ${user === 'root' ? '' : 'sudo '}apt-get install -y --no-install-recommends ${list}`
  if (!allowed || user === 'plain')
    return {
      action: 'ask',
      message: `These system packages are missing: ${list}. ${allowed ? 'Installing them takes root.' : 'TAGPROOF_NO_INSTALL forbids to install them.'} Run:`,
      line: user === 'root' ? line : `sudo ${line}`
    }
  return {
    action: 'install',
    packages,
    message: `Installing system packages with apt-get${user === 'sudo' ? ' (sudo)' : ''}: ${list}`,
    note: tested[system.id].includes(system.version)
      ? null
      : `${system.name} is not tested: Debian 12 and Ubuntu 24.04 are.`
  }
}

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
    allowed: (env.TAGPROOF_NO_INSTALL ?? '') === '' || env.TAGPROOF_NO_INSTALL === '0',
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
  const settings = { DEBIAN_FRONTEND: 'noninteractive', NEEDRESTART_SUSPEND: '1' }
  for (const name of proxyNames) if (env[name]) settings[name] = env[name]
  const words = Object.entries(settings).map(([name, value]) => `${name}=${value}`)
  const apt = (...args) => ['env', ...words, 'apt-get', '-q', '-o', 'DPkg::Lock::Timeout=300', ...args]
  const command = (words) => (process.getuid() === 0 ? words : ['sudo', '-n', ...words])
  // A source of somebody else's that does not answer must not stop us: the install says what is missing.
  run(command(apt('update')), env)
  const result = run(command(apt('install', '-y', '--no-install-recommends', ...packages)), env)
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
  return existsSync(`/usr/share/keyrings/${system.id === 'ubuntu' ? 'ubuntu' : 'debian'}-archive-keyring.gpg`)
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

function packageName(need) {
  return typeof need.package === 'string' ? need.package : need.package.debian
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
