// node scripts/docker-load.mjs FOLDER
// Loads an image folder of `local/oci/` into a docker daemon of its own, and prints what it says: a second opinion beside
// the tests, which have podman. Needs root, and dockerd, docker and containerd on the PATH (Debian: docker.io) or in the
// folder that TAGPROOF_DOCKER names. The daemon has its own data, socket and no network, and ends with this script.
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

const [folder] = process.argv.slice(2)
if (folder === undefined || process.getuid() !== 0) {
  console.error('as root: node scripts/docker-load.mjs FOLDER (one with oci-layout and index.json)')
  process.exit(2)
}
const work = mkdtempSync(path.join(tmpdir(), 'tagproof-docker-'))
const at = (name) => path.join(work, name)
const own = process.env.TAGPROOF_DOCKER
const env = {
  HOME: work,
  PATH: [
    ...(own === undefined ? [] : [`${own}/usr/bin`, `${own}/usr/sbin`, own]),
    '/usr/sbin',
    '/usr/bin',
    '/sbin',
    '/bin'
  ].join(':')
}
const client = ['--host', `unix://${at('socket')}`]
const daemon = spawn(
  'dockerd',
  [
    ...client,
    ...[
      '--data-root',
      at('data'),
      '--exec-root',
      at('exec'),
      '--pidfile',
      at('pid'),
      '--storage-driver',
      'vfs'
    ],
    ...['--iptables=false', '--bridge=none']
  ],
  { env, stdio: ['ignore', 'ignore', 'pipe'] }
)
let said = ''
daemon.stderr.on('data', (piece) => (said = (said + piece).slice(-4000)))
const ended = new Promise((resolve) => daemon.once('close', resolve).once('error', resolve))

function docker(...args) {
  return spawnSync('docker', [...client, ...args], {
    env,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe']
  })
}

try {
  let version = docker('version', '--format', '{{.Server.Version}}')
  for (let left = 150; version.status !== 0 && left > 0 && daemon.exitCode === null; left -= 1) {
    await new Promise((resolve) => setTimeout(resolve, 200))
    version = docker('version', '--format', '{{.Server.Version}}')
  }
  if (version.status !== 0) throw new Error(`the daemon did not start:\n${said}`)
  const tar = spawnSync('tar', ['-cf', at('image.tar'), '-C', folder, '.'], { env, stdio: 'inherit' })
  if (tar.status !== 0) throw new Error('tar failed')
  const loaded = docker('load', '-i', at('image.tar'))
  if (loaded.status !== 0) throw new Error(`${loaded.stdout}${loaded.stderr}`)
  const names = JSON.parse(readFileSync(path.join(folder, 'index.json'), 'utf8')).manifests.length
  console.log(`docker ${version.stdout.trim()}, ${names} in the folder:\n${loaded.stdout.trim()}`)
} catch (error) {
  console.error(error.message)
  process.exitCode = 1
} finally {
  daemon.kill('SIGTERM')
  await ended
  rmSync(work, { recursive: true, force: true })
}
