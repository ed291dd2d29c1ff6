import { mkdir, readFile } from 'node:fs/promises'
import http from 'node:http'
import net, { type AddressInfo } from 'node:net'
import path from 'node:path'
import { sha256OfBytes } from '../../../src/platform/files.ts'
import { plainEnvironment, runChecked } from '../../../src/platform/process.ts'
import { writeFiles, type Content } from '../source/git-project.ts'

export interface PackageIndex {
  url: string
  /** Served from now on, by name; what is added later is there at once. */
  files: Map<string, Buffer>
  close: () => Promise<void>
}

/** A package index on the loopback (PEP 503): a page for each project, an anchor with the hash for each file. */
export async function startIndex(): Promise<PackageIndex> {
  const files = new Map<string, Buffer>()
  const server = http.createServer((request, response) => {
    const [, place, name = ''] = (request.url ?? '').split('/')
    const file = files.get(name)
    const listed = [...files].filter(([each]) => each.startsWith(`${name}-`))
    if (place === 'files' && file !== undefined) {
      response.writeHead(200, { 'content-length': file.length })
      response.end(request.method === 'HEAD' ? undefined : file)
    } else if (place === 'simple' && listed.length > 0) {
      response.writeHead(200, { 'content-type': 'text/html' })
      response.end(
        listed
          .map(([each, bytes]) => `<a href="/files/${each}#sha256=${sha256OfBytes(bytes)}">${each}</a>`)
          .join('\n')
      )
    } else response.writeHead(404).end()
  })
  const port = await listen(server)
  return {
    url: `http://127.0.0.1:${port}/simple`,
    files,
    close: () => closed(server)
  }
}

/** A listener that counts who comes. */
export async function startDoor(): Promise<{
  port: number
  knocks: () => number
  close: () => Promise<void>
}> {
  let knocks = 0
  const server = net.createServer((socket) => {
    knocks += 1
    socket.destroy()
  })
  return { port: await listen(server), knocks: () => knocks, close: () => closed(server) }
}

async function listen(server: net.Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

function closed(server: net.Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()))
}

/** The backend with its door, as files of a project. */
export async function tinyBackend(version: string, door: number): Promise<Record<string, Content>> {
  const text = await readFile(new URL('tinybackend.py', import.meta.url), 'utf8')
  return {
    'tinybackend.py': text.replace('DOOR = 0', `DOOR = ${door}`),
    'pyproject.toml': `[build-system]
requires = []
build-backend = "tinybackend"
backend-path = ["."]

[project]
name = "tinybackend"
version = "${version}"
`
  }
}

/** Builds a project outside every sandbox, with the backend that lies in `backend`. */
export async function buildOutside(
  hook: 'build_sdist' | 'build_wheel',
  files: Record<string, Content>,
  folder: string,
  backend = folder
): Promise<{ name: string; bytes: Buffer }> {
  await mkdir(folder, { recursive: true })
  await writeFiles(folder, files)
  const out = path.join(folder, 'out')
  await mkdir(out, { recursive: true })
  const code = `import sys; sys.path.insert(0, sys.argv[1]); import tinybackend; print(tinybackend.${hook}(sys.argv[2]))`
  const printed = await runChecked('python3', ['-B', '-I', '-c', code, backend, out], {
    cwd: folder,
    env: plainEnvironment
  })
  const name = printed.trim().split('\n').at(-1) ?? ''
  return { name, bytes: await readFile(path.join(out, name)) }
}
