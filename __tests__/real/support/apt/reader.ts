import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { plainEnvironment, run } from '../../../../src/platform/process.ts'

export interface AptReader {
  folder: string
  /** One command of apt-get after the other, until one fails. */
  apt: (...commands: (readonly string[])[]) => Promise<{ status: number; output: string }>
  /** Names of what was downloaded. */
  downloads: () => Promise<string[]>
  remove: () => Promise<void>
}

/** apt with nothing of this machine but its program: no sources, keys or packages, and one line of ours. */
export async function aptReader({
  url,
  key,
  suite = 'stable',
  architecture = 'amd64'
}: {
  url: string
  key: string
  suite?: string
  architecture?: string
}): Promise<AptReader> {
  const folder = await mkdtemp(path.join(tmpdir(), 'tagproof-reader-'))
  const at = (name: string): string => path.join(folder, name)
  for (const inner of [
    'lists/partial',
    'archives/partial',
    'downloads',
    'etc/apt.conf.d',
    'etc/preferences.d'
  ])
    await mkdir(at(inner), { recursive: true })
  await writeFile(at('status'), '')
  await writeFile(at('key.asc'), key)
  await writeFile(
    at('ours.sources'),
    `Types: deb\nURIs: ${url}\nSuites: ${suite}\nComponents: main\nSigned-By: ${at('key.asc')}\n`
  )
  await writeFile(
    at('apt.conf'),
    `APT::Architecture "${architecture}"; APT::Architectures { "${architecture}"; }; APT::Sandbox::User "root"; Acquire::Languages "none";
Dir::State "${folder}"; Dir::State::lists "${folder}/lists/"; Dir::State::status "${folder}/status"; Dir::Cache "${folder}"; Dir::Cache::archives "${folder}/archives/";
Dir::Etc "${folder}/etc"; Dir::Etc::sourcelist "${folder}/ours.sources"; Dir::Etc::sourceparts "/dev/null"; Dir::Etc::trusted "/dev/null"; Dir::Etc::trustedparts "/dev/null";
Acquire::Retries "0"; Acquire::http::Proxy "DIRECT"; Dir::Log "${folder}";
`
  )
  const env = { ...plainEnvironment, APT_CONFIG: at('apt.conf') }
  return {
    folder,
    async apt(...commands) {
      let output = ''
      for (const command of commands) {
        const result = await run('apt-get', command, { cwd: at('downloads'), env })
        output += result.stdout.toString() + result.stderr.toString()
        if (result.code !== 0) return { status: result.code ?? -1, output }
      }
      return { status: 0, output }
    },
    downloads: async () => (await readdir(at('downloads'))).sort(),
    remove: () => rm(folder, { recursive: true, force: true })
  }
}

export interface FileServer {
  url: string
  /** Paths that were asked for. */
  asked: string[]
  close: () => Promise<void>
}

/** Gives out files by key. @param before is awaited after a request has come, and before its file is looked up */
export async function serveFiles(
  files: ReadonlyMap<string, Buffer>,
  before: (key: string) => Promise<void> | void = () => undefined,
  hidden: (key: string) => boolean = () => false
): Promise<FileServer> {
  const asked: string[] = []
  const server = createServer((request, response) => {
    const key = decodeURIComponent((request.url ?? '').slice(1))
    asked.push(key)
    void Promise.resolve(before(key)).then(() => {
      const bytes = hidden(key) ? undefined : files.get(key)
      response.statusCode = bytes === undefined ? 404 : 200
      response.setHeader('content-length', bytes?.length ?? 0)
      response.end(bytes)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    asked,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      })
  }
}
