import path from 'node:path'
import { spawn } from 'node:child_process'
import { plainEnvironment, runChecked } from '../../../../src/platform/process.ts'
import { installedOnce } from '../installed-once.ts'
import { portOf } from '../port-of.ts'
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

function install(): Promise<string> {
  return installedOnce(folder, async (_room, content) => {
    const env = { ...process.env, GOBIN: content, GOFLAGS: '', CGO_ENABLED: '0' } as Record<string, string>
    env.PATH = `${env.PATH ?? ''}:/usr/local/go/bin`
    for (const module of wanted)
      await runChecked('go', ['install', '-trimpath', '-ldflags=-s -w', module], { env })
  })
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
  const port = await portOf(child, /serving on port (\d+)/)
  return {
    origin: `http://127.0.0.1:${port}`,
    host: `127.0.0.1:${port}`,
    async close() {
      child.kill()
      await ended
    }
  }
}
