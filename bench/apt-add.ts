import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { access, mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { tarMember, tarOf } from '../__tests__/unit/formats/forge.ts'
import type { DebFile } from '../src/destinations/apt/packages.ts'
import { sha256OfBytes } from '../src/platform/files.ts'
import { median, timed, type Figure } from './measure.ts'
import { rounds } from './projects.ts'

const packages = 5_000
const goal = 1
const peers = ['reprepro', 'aptly'] as const

/**
 * One package more in a signed repository of 5,000, each tool from its start to its end, in turn: `reprepro includedeb`;
 * `aptly repo add` and `aptly publish update` without Contents; and ours, with preflight and states before and what the store
 * gives back after. All sign with one Ed25519 subkey, for amd64; the others also keep MD5 and SHA-1, aptly `.bz2`, too.
 */
export async function* aptAdd(folder: string): AsyncIterable<Figure> {
  const room = path.join(folder, 'apt-add')
  for (const inner of ['all', 'new', 'home', 'reprepro/conf', 'aptly'])
    await mkdir(path.join(room, inner), { recursive: true, mode: 0o700 })
  await installPeers()
  const env = { ...process.env, GNUPGHOME: path.join(room, 'home'), HOME: room }
  const key = await makeKey(room, env)
  await writeDebs(room)
  const bundle = await bundleOurs(room)
  const ours = (round: string): ReturnType<typeof timed> =>
    timed(process.execPath, [bundle, room, round], { env })
  await ours('prepare')
  await prepareReprepro(room, env, key)
  prepareAptly(room, env, key)

  const seconds: Record<'ours' | (typeof peers)[number], number[]> = { ours: [], reprepro: [], aptly: [] }
  let peak = 0
  for (let round = 0; round < rounds; round += 1) {
    const file = path.join(room, 'new', `new-${round}_1.0_amd64.deb`)
    const own = await ours(`new-${round}`)
    peak = Math.max(peak, own.peakMib)
    seconds.ours.push(own.seconds)
    seconds.reprepro.push(
      (await timed('reprepro', ['-b', path.join(room, 'reprepro'), 'includedeb', 'stable', file], { env }))
        .seconds
    )
    const aptly = path.join(room, 'aptly.conf')
    const added = await timed('aptly', ['-config', aptly, 'repo', 'add', 'all', file], { env })
    const published = await timed(
      'aptly',
      ['-config', aptly, 'publish', 'update', '-batch', '-skip-contents', `-gpg-key=${key}`, 'stable'],
      { env }
    )
    seconds.aptly.push(added.seconds + published.seconds)
  }
  for (const peer of peers)
    yield {
      name: `one package more in ${packages}, against ${peer}`,
      value: median(seconds.ours) / median(seconds[peer]),
      goal,
      detail: `${median(seconds.ours).toFixed(2)} s against ${median(seconds[peer]).toFixed(2)} s`
    }
  yield { name: 'peak memory of it, over 150 MiB', value: peak / 150, goal, detail: `${peak.toFixed(0)} MiB` }
}

async function installPeers(): Promise<void> {
  const missing: string[] = []
  for (const peer of peers) await access(`/usr/bin/${peer}`).catch(() => missing.push(peer))
  if (missing.length > 0)
    execFileSync('apt-get', ['install', '--yes', '--no-install-recommends', ...missing], { stdio: 'ignore' })
}

async function makeKey(room: string, env: NodeJS.ProcessEnv): Promise<string> {
  const gpg = (...args: string[]): string =>
    execFileSync('gpg', ['--batch', '--pinentry-mode', 'loopback', '--passphrase', '', ...args], {
      env,
      stdio: ['ignore', 'pipe', 'ignore']
    }).toString()
  gpg('--quick-gen-key', 'bench <bench@example.org>', 'ed25519', 'cert', 'never')
  const primary = /^fpr:+([0-9A-F]{40}):/m.exec(gpg('--list-keys', '--with-colons'))?.[1] ?? ''
  gpg('--quick-add-key', primary, 'ed25519', 'sign', '1y')
  await writeFile(path.join(room, 'secret.asc'), gpg('--armor', '--export-secret-subkeys', primary))
  return primary
}

/** Packages with descriptions of a usual length, and those that come later, one for each round. */
async function writeDebs(room: string): Promise<void> {
  const all: DebFile[] = []
  for (let at = 0; at < packages; at += 1) all.push(await writeDeb(path.join(room, 'all'), `package-${at}`))
  await writeFile(path.join(room, 'all.json'), JSON.stringify(all))
  for (let round = 0; round < rounds; round += 1)
    await writeFile(
      path.join(room, `new-${round}.json`),
      JSON.stringify([await writeDeb(path.join(room, 'new'), `new-${round}`)])
    )
}

/** By hand: dpkg-deb would take minutes for so many. */
async function writeDeb(folder: string, name: string): Promise<DebFile> {
  const words = createHash('sha512')
    .update(name)
    .digest('hex')
    .replace(/(.{7})/g, '$1 ')
  const depends = [1, 2, 3, 4].map((at) => `lib${words.slice(at * 8, at * 8 + 6)} (>= ${at}.0)`).join(', ')
  const control = `Package: ${name}\nVersion: 1.0\nArchitecture: amd64\nMaintainer: Bench <bench@example.org>\nInstalled-Size: 100\nDepends: ${depends}\nSection: misc\nPriority: optional\nHomepage: https://example.org/${name}\nDescription: package number ${name}\n ${words.slice(0, 70)}\n ${words.slice(70, 140)}`
  const pack = (...members: Parameters<typeof tarOf>): Buffer => gzipSync(tarOf(...members))
  const bytes = ar([
    ['debian-binary', Buffer.from('2.0\n')],
    ['control.tar.gz', pack(tarMember('./control', `${control}\n`))],
    ['data.tar.gz', pack(tarMember(`./usr/share/${name}`, words))]
  ])
  const file = `${name}_1.0_amd64.deb`
  await writeFile(path.join(folder, file), bytes)
  return {
    name: file,
    size: bytes.length,
    sha256: sha256OfBytes(bytes),
    package: name,
    version: '1.0',
    architecture: 'amd64',
    source: name,
    control
  }
}

function ar(members: readonly (readonly [string, Buffer])[]): Buffer {
  const pieces = members.flatMap(([name, bytes]) => [
    Buffer.from(
      `${name.padEnd(16)}${'0'.padEnd(12)}${'0'.padEnd(6)}${'0'.padEnd(6)}${'100644'.padEnd(8)}${String(bytes.length).padEnd(10)}\`\n`
    ),
    bytes,
    Buffer.from(bytes.length % 2 === 0 ? '' : '\n')
  ])
  return Buffer.concat([Buffer.from('!<arch>\n'), ...pieces])
}

/** One file, as a release of ours is. */
async function bundleOurs(room: string): Promise<string> {
  const outfile = path.join(room, 'ours.mjs')
  await build({
    entryPoints: [path.join(import.meta.dirname, 'apt-add-once.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    banner: {
      js: "import { createRequire as requireOf } from 'node:module'; const require = requireOf(import.meta.url);"
    },
    logLevel: 'error'
  })
  return outfile
}

async function prepareReprepro(room: string, env: NodeJS.ProcessEnv, key: string): Promise<void> {
  const base = path.join(room, 'reprepro')
  await writeFile(
    path.join(base, 'conf/distributions'),
    `Codename: stable\nArchitectures: amd64\nComponents: main\nSignWith: ${key}\n`
  )
  const files = Array.from({ length: packages }, (_, at) =>
    path.join(room, 'all', `package-${at}_1.0_amd64.deb`)
  )
  execFileSync('reprepro', ['-b', base, 'includedeb', 'stable', ...files], { env, stdio: 'ignore' })
}

function prepareAptly(room: string, env: NodeJS.ProcessEnv, key: string): void {
  const config = path.join(room, 'aptly.conf')
  const aptly = (...args: string[]): unknown =>
    execFileSync('aptly', ['-config', config, ...args], { env, stdio: 'ignore' })
  execFileSync('sh', [
    '-c',
    'printf "%s" "$1" >"$2"',
    'sh',
    JSON.stringify({ rootDir: path.join(room, 'aptly') }),
    config
  ])
  aptly('repo', 'create', '-distribution=stable', '-component=main', 'all')
  aptly('repo', 'add', 'all', path.join(room, 'all'))
  aptly('publish', 'repo', '-batch', '-skip-contents', '-architectures=amd64', `-gpg-key=${key}`, 'all')
}
