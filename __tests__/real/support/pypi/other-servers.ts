import { spawn, type ChildProcess } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createHttpClient } from '../../../../src/platform/http.ts'
import { runChecked } from '../../../../src/platform/process.ts'
import { publishingTools, toolEnvironment } from './tools.ts'

/** A package index of somebody else, run on the loopback. */
export interface OtherServer {
  upload: string
  simple: string
  /** `user:password` */
  login: string
  /** Where it keeps what it was given. */
  folder: string
  close: () => Promise<void>
}

const password = 'correct-horse'

/** pypiserver: a folder of files, HTML pages with hashes, a login by htpasswd. */
export async function startPypiserver(options: { authenticated?: string } = {}): Promise<OtherServer> {
  const { authenticated = 'update' } = options
  const folder = await mkdtemp(path.join(tmpdir(), 'tagproof-pypiserver-'))
  const packages = path.join(folder, 'packages')
  await mkdir(packages)
  const hash = await runChecked('openssl', ['passwd', '-apr1', password], { env: await toolEnvironment() })
  await writeFile(path.join(folder, 'htpasswd'), `me:${hash.trim()}\n`)
  const port = await freePort()
  const login = ['-P', path.join(folder, 'htpasswd'), '-a', authenticated]
  const args = [
    '-m',
    'pypiserver',
    'run',
    '-i',
    '127.0.0.1',
    '-p',
    String(port),
    '--disable-fallback',
    ...login
  ]
  const origin = `http://127.0.0.1:${port}`
  const close = await startServer([...args, packages], `${origin}/simple/`, folder)
  return {
    upload: `${origin}/`,
    simple: `${origin}/simple/`,
    login: `me:${password}`,
    folder: packages,
    close
  }
}

/** devpi-server with one index that keeps what it was given (`volatile` off). */
export async function startDevpi(): Promise<OtherServer> {
  const folder = await mkdtemp(path.join(tmpdir(), 'tagproof-devpi-'))
  const env = await toolEnvironment()
  const place = ['--serverdir', path.join(folder, 'data')]
  await runChecked(
    'python3',
    [
      path.join(await publishingTools(), 'bin/devpi-init'),
      ...place,
      '--no-root-pypi',
      '--root-passwd',
      password
    ],
    {
      env
    }
  )
  const port = await freePort()
  const origin = `http://127.0.0.1:${port}`
  const listen = ['--host', '127.0.0.1', '--port', String(port)]
  const args = [
    path.join(await publishingTools(), 'bin/devpi-server'),
    ...place,
    ...listen,
    '--request-timeout',
    '5'
  ]
  const close = await startServer(args, `${origin}/+api`, folder)
  const http = createHttpClient({ environment: {} })
  await http.read({
    url: `${origin}/root/dev`,
    method: 'PUT',
    headers: {
      'content-type': 'application/json',
      authorization: `Basic ${Buffer.from(`root:${password}`).toString('base64')}`
    },
    body: Buffer.from(JSON.stringify({ bases: [], volatile: false })),
    maximumBytes: 1 << 20
  })
  http.close()
  return {
    upload: `${origin}/root/dev/`,
    simple: `${origin}/root/dev/+simple/`,
    login: `root:${password}`,
    folder: path.join(folder, 'data/+files'),
    close
  }
}

async function startServer(
  args: readonly string[],
  probe: string,
  folder: string
): Promise<() => Promise<void>> {
  const child = spawn('python3', args, { env: await toolEnvironment(), stdio: ['ignore', 'pipe', 'pipe'] })
  const said: string[] = []
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (data: Buffer) => said.push(data.toString()))
  const close = async (): Promise<void> => {
    await ended(child)
    await rm(folder, { recursive: true, force: true })
  }
  const http = createHttpClient({ environment: {} })
  try {
    for (;;) {
      if (child.exitCode !== null) throw new Error(`the server ended: ${said.join('').slice(-2000)}`)
      const isThere = await http.read({ url: probe, accept: 'any', attempts: 1, maximumBytes: 1 << 20 }).then(
        () => true,
        () => false
      )
      if (isThere) return close
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  } catch (error) {
    await close()
    throw error
  } finally {
    http.close()
  }
}

function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve()
  return new Promise((resolve) => {
    child.once('exit', () => resolve())
    child.kill('SIGKILL')
  })
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })
}
