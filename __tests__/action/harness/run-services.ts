import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { repositoryRoot } from './language.ts'
import type { Fault, KeptArtifact } from './services.ts'

const node24 = path.join(repositoryRoot, 'node_modules/node/bin/node')
const program = path.join(repositoryRoot, '__tests__/action/harness/services.ts')

/** Whether this machine lets us make namespaces: then steps run in one without egress, each job with a boot id of its own. */
export const canIsolate =
  process.getuid?.() === 0 &&
  spawnSync('unshare', ['--net', '--mount', 'ip', 'link', 'set', 'lo', 'up']).status === 0

/** The services of one repository's runs, and the network that they are in. */
export class Services {
  private readonly folder = mkdtempSync(path.join(tmpdir(), 'tagproof-services-'))
  private readonly socket = path.join(this.folder, 'control')
  private readonly child: ChildProcess
  port = 0

  private constructor(repository: string) {
    const command = [node24, '--disable-warning=ExperimentalWarning', program, this.socket, repository]
    const isolated = ['unshare', '--net', 'sh', '-c', 'ip link set lo up && exec "$@"', 'sh', ...command]
    const [file = '', ...args] = canIsolate ? isolated : command
    this.child = spawn(file, args, { stdio: ['pipe', 'inherit', 'inherit'] })
  }

  static async start(repository: string): Promise<Services> {
    const services = new Services(repository)
    while (!existsSync(services.socket)) {
      if (services.child.exitCode !== null) throw new Error('the services ended')
      await sleep(20)
    }
    services.port = ((await services.control({ do: 'state' })) as { port: number }).port
    return services
  }

  /** `ACTIONS_RESULTS_URL` and the like. */
  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }

  /** The client takes hosts below localhost for GitHub's own; so does curl, and with it git. */
  get serverUrl(): string {
    return `http://git.localhost:${this.port}`
  }

  /** How a step is started: in the network of the services, on a machine that was booted by itself. */
  wrap(machine: string, argv: readonly [string, ...string[]]): [string, ...string[]] {
    if (!canIsolate) return [...argv]
    const boot = path.join(this.folder, `boot-${machine}`)
    writeFileSync(boot, `${machine}\n`)
    // No shell: it would drop the variables of inputs, whose names have hyphens.
    const script =
      'import os, subprocess, sys; subprocess.run(["mount", "--bind", sys.argv[1], "/proc/sys/kernel/random/boot_id"], check=True); os.execvp(sys.argv[2], sys.argv[2:])'
    const net = `--net=/proc/${String(this.child.pid)}/ns/net`
    return ['nsenter', net, 'unshare', '--mount', 'python3', '-I', '-S', '-c', script, boot, ...argv]
  }

  async artifacts(): Promise<(Omit<KeptArtifact, 'bytes'> & { size: number })[]> {
    return (
      (await this.control({ do: 'state' })) as {
        artifacts: (Omit<KeptArtifact, 'bytes'> & { size: number })[]
      }
    ).artifacts
  }

  /** `METHOD path` of each request. */
  log(): Promise<string[]> {
    return this.control({ do: 'log' }) as Promise<string[]>
  }

  fault(fault: Fault): Promise<unknown> {
    return this.control({ do: 'fault', fault })
  }

  /** Puts other bytes into every artifact whose name holds `name`; `relabel` has the service tell their digest too. */
  change(name: string, text: string, relabel: boolean): Promise<unknown> {
    return this.control({ do: 'change', name, text, relabel })
  }

  add(name: string, run: string, text: string): Promise<unknown> {
    return this.control({ do: 'add', name, run, text })
  }

  expire(name: string): Promise<unknown> {
    return this.control({ do: 'expire', name })
  }

  async bytes(id: number): Promise<Buffer> {
    return Buffer.from(String(await this.control({ do: 'bytes', id })), 'base64')
  }

  /** Remembers what the service holds now. */
  keep(): Promise<unknown> {
    return this.control({ do: 'keep' })
  }

  /** Everything as it was when it was kept. */
  back(): Promise<unknown> {
    return this.control({ do: 'back' })
  }

  forget(run: string): Promise<unknown> {
    return this.control({ do: 'forget', run })
  }

  stop(): void {
    this.child.stdin?.end()
    this.child.kill()
    rmSync(this.folder, { recursive: true, force: true })
  }

  private control(command: object): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const request = http.request({ socketPath: this.socket, method: 'POST', path: '/' }, (response) => {
        let text = ''
        response.setEncoding('utf8')
        response.on('data', (chunk: string) => (text += chunk))
        response.on('end', () => resolve((JSON.parse(text) as { value: unknown }).value))
      })
      request.on('error', reject)
      request.end(JSON.stringify(command))
    })
  }
}
