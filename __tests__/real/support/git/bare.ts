import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { plainEnvironment, run, runChecked } from '../../../../src/platform/process.ts'

/** A repository on a server, looked at with git alone. */
export interface BareRepository {
  folder: string
  git: (...args: readonly string[]) => Promise<string>
  /** What a branch has, by path. */
  bytes: (branch: string) => Promise<Map<string, Buffer>>
  /** The same as text. */
  content: (branch: string) => Promise<Record<string, string>>
  /** Somebody else pushes: one file more, or another content. */
  put: (branch: string, files: Record<string, string | Buffer>) => Promise<void>
  remove: () => Promise<void>
}

export async function makeBareRepository(format: 'sha1' | 'sha256' = 'sha1'): Promise<BareRepository> {
  const folder = await mkdtemp(path.join(tmpdir(), 'tagproof-remote-'))
  const person = { NAME: 'Somebody', EMAIL: 'somebody@localhost', DATE: '1700000000 +0000' }
  const env: Record<string, string> = {
    ...plainEnvironment,
    HOME: folder,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_DIR: folder,
    GIT_INDEX_FILE: path.join(folder, 'test-index')
  }
  for (const [name, value] of Object.entries(person))
    for (const role of ['AUTHOR', 'COMMITTER']) env[`GIT_${role}_${name}`] = value
  const git = (...args: readonly string[]): Promise<string> => runChecked('git', args, { env })
  await git('init', '--quiet', '--bare', `--object-format=${format}`)
  // As code hosts have it.
  for (const setting of ['uploadpack.allowFilter', 'uploadpack.allowAnySHA1InWant'])
    await git('config', setting, 'true')
  async function bytes(branch: string): Promise<Map<string, Buffer>> {
    const listed = await git('ls-tree', '-r', '-z', `refs/heads/${branch}`).catch(() => '')
    const files = listed.split('\0').flatMap((line) => {
      const [, blob, name] = /^\d+ blob ([0-9a-f]+)\t(.+)$/.exec(line) ?? []
      return blob === undefined || name === undefined ? [] : [{ blob, name }]
    })
    const stdin = Buffer.from(files.map(({ blob }) => `${blob}\n`).join(''))
    const { stdout } = await run('git', ['cat-file', '--batch'], { env, stdin })
    const found = new Map<string, Buffer>()
    let at = 0
    for (const { name } of files) {
      const start = stdout.indexOf('\n', at) + 1
      const size = Number(stdout.toString('latin1', at, start - 1).split(' ')[2])
      found.set(name, stdout.subarray(start, start + size))
      at = start + size + 1
    }
    return found
  }

  return {
    folder,
    git,
    bytes,
    content: async (branch) =>
      Object.fromEntries([...(await bytes(branch))].map(([name, content]) => [name, content.toString()])),
    async put(branch, files) {
      const ref = `refs/heads/${branch}`
      const tip = (await git('rev-parse', '--verify', '--quiet', ref).catch(() => '')).trim()
      await git('read-tree', ...(tip === '' ? ['--empty'] : [tip]))
      for (const [name, text] of Object.entries(files)) {
        const blob = (
          await runChecked('git', ['hash-object', '-w', '--stdin'], { env, stdin: Buffer.from(text) })
        ).trim()
        await git('update-index', '--add', '--cacheinfo', `100644,${blob},${name}`)
      }
      const tree = (await git('write-tree')).trim()
      const commit = (
        await git('commit-tree', tree, ...(tip === '' ? [] : ['-p', tip]), '-m', 'Somebody')
      ).trim()
      await git('update-ref', ref, commit)
    },
    remove: () => rm(folder, { recursive: true, force: true })
  }
}

/** Git's own server over http, behind a login, as code hosts have it. */
export async function serveRepository(
  folder: string,
  token: string
): Promise<{ address: string; seen: string[]; close: () => Promise<void> }> {
  const seen: string[] = []
  const expected = `basic ${Buffer.from(`x-access-token:${token}`).toString('base64')}`
  const server = http.createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://server')
    seen.push(`${request.method ?? ''} ${request.url ?? ''}`)
    if (request.headers.authorization?.replace(/^basic/i, 'basic') !== expected) {
      response
        .writeHead(request.headers.authorization === undefined ? 401 : 403, {
          'www-authenticate': 'Basic realm="git"'
        })
        .end()
      return
    }
    const env = {
      ...plainEnvironment,
      ...{
        GIT_PROJECT_ROOT: folder,
        GIT_HTTP_EXPORT_ALL: '1',
        PATH_INFO: url.pathname,
        QUERY_STRING: url.search.slice(1)
      },
      ...{
        REQUEST_METHOD: request.method ?? '',
        CONTENT_TYPE: request.headers['content-type'] ?? '',
        REMOTE_USER: 'x'
      },
      ...{ GIT_CONFIG_COUNT: '1', GIT_CONFIG_KEY_0: 'http.receivepack', GIT_CONFIG_VALUE_0: 'true' },
      ...(request.headers['content-encoding'] === undefined
        ? {}
        : { HTTP_CONTENT_ENCODING: request.headers['content-encoding'] }),
      ...(request.headers['git-protocol'] === undefined
        ? {}
        : { GIT_PROTOCOL: String(request.headers['git-protocol']) })
    }
    const child = spawn('git', ['http-backend'], { env, stdio: ['pipe', 'pipe', 'inherit'] })
    request.pipe(child.stdin)
    child.stdin.on('error', () => undefined)
    const pieces: Buffer[] = []
    child.stdout.on('data', (piece: Buffer) => pieces.push(piece))
    child.once('close', () => {
      const all = Buffer.concat(pieces)
      const end = all.indexOf('\r\n\r\n')
      const head = all
        .subarray(0, end)
        .toString('latin1')
        .split('\r\n')
        .map((line) => line.split(': '))
      const status = Number(head.find(([name]) => name === 'Status')?.[1]?.slice(0, 3) ?? 200)
      const headers = head.filter(([name]) => name !== 'Status') as [string, string][]
      response.writeHead(status, Object.fromEntries(headers)).end(all.subarray(end + 4))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    seen,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      })
  }
}
