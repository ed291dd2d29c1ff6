// What of the system is needed, and how it is installed, as data. Plain JavaScript, since scripts/setup.mjs reads it on the
// system's own Node before anything is installed.

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

/** Where the keyring of the system's archive lies. */
export function keyringOf(system) {
  return `/usr/share/keyrings/${system.id === 'ubuntu' ? 'ubuntu' : 'debian'}-archive-keyring.gpg`
}

/** Name of the package for messages, whatever the system is. */
export function packageName(need) {
  return typeof need.package === 'string' ? need.package : need.package.debian
}

/** Whether installing is forbidden. */
export function mayInstall(env) {
  return (env.TAGPROOF_NO_INSTALL ?? '') === '' || env.TAGPROOF_NO_INSTALL === '0'
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

/** The two commands that install packages, as words; `root` is false where sudo has to be used. */
export function installCommands(packages, env, root) {
  const settings = { DEBIAN_FRONTEND: 'noninteractive', NEEDRESTART_SUSPEND: '1' }
  for (const name of proxyNames) if (env[name]) settings[name] = env[name]
  const words = Object.entries(settings).map(([name, value]) => `${name}=${value}`)
  const prefix = root ? [] : ['sudo', '-n']
  const apt = (...args) => [
    ...prefix,
    'env',
    ...words,
    'apt-get',
    '-q',
    '-o',
    'DPkg::Lock::Timeout=300',
    ...args
  ]
  return { update: apt('update'), install: apt('install', '-y', '--no-install-recommends', ...packages) }
}
