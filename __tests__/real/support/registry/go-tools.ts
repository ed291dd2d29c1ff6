import { access, mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { spawn } from 'node:child_process'
import { plainEnvironment, runChecked } from '../../../../src/platform/process.ts'
import { testCache } from '../root.ts'

/** Clients of other people, pinned; built once per machine, from the proxy that Go is set up for. */
const wanted = ['github.com/google/go-containerregistry/cmd/crane@v0.22.1', 'oras.land/oras/cmd/oras@v1.3.6']
const folder = path.join(testCache, 'tools', 'registry-clients-crane0.22.1-oras1.3.6')

let installed: Promise<string> | undefined

/** The folder with `crane` (which is a registry too) and `oras`. */
export function imageClients(): Promise<string> {
  installed ??= install()
  return installed
}

async function install(): Promise<string> {
  if (await isThere(folder)) return folder
  await mkdir(path.dirname(folder), { recursive: true })
  const room = await mkdtemp(`${folder}.part-`)
  try {
    const env = { ...process.env, GOBIN: room, GOFLAGS: '', CGO_ENABLED: '0' } as Record<string, string>
    env.PATH = `${env.PATH ?? ''}:/usr/local/go/bin`
    for (const module of wanted)
      await runChecked('go', ['install', '-trimpath', '-ldflags=-s -w', module], { env })
    // Two test files may come here at once: one of them is first, and both are the same.
    await rename(room, folder).catch(async (error: unknown) => {
      if (!(await isThere(folder))) throw error
    })
  } finally {
    await rm(room, { recursive: true, force: true })
  }
  return folder
}

function isThere(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false
  )
}

/** go-containerregistry's registry, in memory, which keeps lists of what refers to an image. */
export async function startGoRegistry(): Promise<{
  origin: string
  host: string
  close: () => Promise<void>
}> {
  const program = path.join(await imageClients(), 'crane')
  const child = spawn(program, ['registry', 'serve', '--address', '127.0.0.1:0'], {
    env: plainEnvironment,
    stdio: ['ignore', 'pipe', 'pipe']
  })
  const ended = new Promise((resolve) => child.once('close', resolve))
  const port = await new Promise<string>((resolve, reject) => {
    let said = ''
    const hear = (chunk: Buffer): void => {
      said += chunk.toString()
      const found = /serving on port (\d+)/.exec(said)?.[1]
      if (found !== undefined) resolve(found)
    }
    child.stdout.on('data', hear)
    child.stderr.on('data', hear)
    child.once('error', reject)
    void ended.then(() => reject(new Error(`the registry ended: ${said.slice(-1000)}`)))
  })
  return {
    origin: `http://127.0.0.1:${port}`,
    host: `127.0.0.1:${port}`,
    async close() {
      child.kill()
      await ended
    }
  }
}
