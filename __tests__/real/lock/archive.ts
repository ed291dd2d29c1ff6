import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import type { AptHost } from '../../../src/lock/apt-host.ts'
import { plainEnvironment, runChecked } from '../../../src/platform/process.ts'

export interface PackageRecipe {
  name: string
  version: string
  fields?: Record<string, string>
}

/** A small package archive in a folder, made by dpkg's own tools and signed with a throw-away key. */
export interface Archive {
  folder: string
  /** Name of the suite. */
  suite: string
  keyring: string
  /** Writes Release and InRelease anew; `signer` may be a stranger. */
  sign(options?: { validUntil?: string; signer?: 'own' | 'stranger'; suite?: string }): Promise<void>
  close(): Promise<void>
}

/** Short, since the socket of gpg-agent lies below it. */
const keyFolderPrefix = '/tmp/tpk-'

export async function makeArchive(folder: string, packages: readonly PackageRecipe[]): Promise<Archive> {
  const suite = 'teststable'
  const keys = { own: await mkdtemp(keyFolderPrefix), stranger: await mkdtemp(keyFolderPrefix) }
  for (const [name, home] of Object.entries(keys))
    await gpg(home, ['--quick-gen-key', `${name} <${name}@example.test>`, 'ed25519', 'sign', 'never'])
  const keyring = path.join(folder, 'keyring.gpg')
  await mkdir(path.join(folder, 'pool'), { recursive: true })
  await gpg(keys.own, ['--output', keyring, '--export'])
  for (const recipe of packages) await buildPackage(folder, recipe)
  const index = path.join(folder, 'dists', suite, 'main/binary-amd64')
  await mkdir(index, { recursive: true })
  const text = await runChecked('dpkg-scanpackages', ['--multiversion', 'pool'], {
    cwd: folder,
    env: plainEnvironment
  })
  await writeFile(path.join(index, 'Packages'), text)
  const archive: Archive = {
    folder,
    suite,
    keyring,
    async sign(options = {}) {
      const bytes = await readFile(path.join(index, 'Packages'))
      const release = [
        'Origin: Test',
        `Suite: ${options.suite ?? suite}`,
        `Codename: ${options.suite ?? suite}`,
        `Date: ${new Date().toUTCString().replace('GMT', 'UTC')}`,
        ...(options.validUntil === undefined ? [] : [`Valid-Until: ${options.validUntil}`]),
        'Architectures: amd64',
        'Components: main',
        'SHA256:',
        ` ${createHash('sha256').update(bytes).digest('hex')} ${bytes.length} main/binary-amd64/Packages`,
        ''
      ].join('\n')
      const base = path.join(folder, 'dists', suite)
      await writeFile(path.join(base, 'Release'), release)
      await rm(path.join(base, 'InRelease'), { force: true })
      await gpg(keys[options.signer ?? 'own'], [
        '--clearsign',
        '--output',
        path.join(base, 'InRelease'),
        path.join(base, 'Release')
      ])
    },
    async close() {
      for (const home of Object.values(keys)) {
        await runChecked('gpgconf', ['--homedir', home, '--kill', 'all'], { env: plainEnvironment })
        await rm(home, { recursive: true, force: true })
      }
    }
  }
  await archive.sign()
  return archive
}

async function gpg(home: string, args: readonly string[]): Promise<void> {
  await runChecked('gpg', ['--homedir', home, '--batch', '--quiet', '--yes', '--passphrase', '', ...args], {
    env: plainEnvironment
  })
}

async function buildPackage(folder: string, { name, version, fields }: PackageRecipe): Promise<void> {
  const tree = path.join(folder, 'trees', name)
  await mkdir(path.join(tree, 'DEBIAN'), { recursive: true })
  const control = {
    Package: name,
    Version: version,
    Architecture: 'amd64',
    Maintainer: 'Test <test@example.test>',
    Description: name,
    ...fields
  }
  await writeFile(
    path.join(tree, 'DEBIAN/control'),
    Object.entries(control)
      .map(([key, value]) => `${key}: ${value}\n`)
      .join('')
  )
  await writeFile(path.join(tree, name), name.repeat(1000))
  await runChecked('dpkg-deb', ['--root-owner-group', '--build', tree, path.join(folder, 'pool')], {
    env: plainEnvironment
  })
}

/** What a machine would know whose only source is that archive. */
export function hostWith(archive: Archive, url: string): AptHost {
  return {
    codename: archive.suite,
    sources: [{ uris: [url], suites: [archive.suite], components: ['main'], signedBy: archive.keyring }],
    keyring: archive.keyring,
    archiveKeyrings: [archive.keyring],
    acquire: ['Acquire::Retries "0";']
  }
}

export interface TestServer {
  url: string
  /** Paths that were asked for. */
  asked: string[]
  /** Highest number of requests at once. */
  busiest(): number
  close(): Promise<void>
}

export type Handler = (
  request: http.IncomingMessage,
  response: http.ServerResponse,
  pathname: string
) => void | Promise<void>

export async function startServer(handler: Handler): Promise<TestServer> {
  const asked: string[] = []
  let busy = 0
  let most = 0
  const server = http.createServer((request, response) => {
    const pathname = decodeURIComponent(new URL(request.url ?? '/', 'http://x').pathname)
    asked.push(pathname)
    most = Math.max(most, (busy += 1))
    response.once('close', () => (busy -= 1))
    void Promise.resolve(handler(request, response, pathname)).catch(() => response.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    busiest: () => most,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    }
  }
}

/** Serves a folder as a plain mirror does. */
export function folderHandler(folder: string): Handler {
  return async (_request, response, pathname) => {
    const bytes = await readFile(path.join(folder, path.posix.normalize(pathname))).catch(() => null)
    if (bytes === null) response.writeHead(404).end('no such file')
    else response.writeHead(200, { 'content-length': bytes.length }).end(bytes)
  }
}
