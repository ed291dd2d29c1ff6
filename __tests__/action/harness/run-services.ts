import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import { tmpdir, userInfo } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { repositoryRoot } from './language.ts'
import type { IndexView } from './run-index.ts'
import type { Fault, KeptArtifact } from './services.ts'

const node24 = path.join(repositoryRoot, 'node_modules/node/bin/node')
const program = path.join(repositoryRoot, '__tests__/action/harness/services.ts')

/** Namespaces are root's to make; on a runner that is sudo. */
const asRoot = process.getuid?.() === 0 ? [] : ['sudo', '-n']
const tryOut = [...asRoot, 'unshare', '--net', '--mount', 'ip', 'link', 'set', 'lo', 'up']
/** Whether this machine lets us make namespaces: then steps run in one without egress, each job with a boot id of its own. */
export const canIsolate = spawnSync(tryOut[0] ?? '', tryOut.slice(1)).status === 0

/** Of the system: what else is called `python3` may be a script that looks for one, and takes ten times as long. */
const python = ['/usr/bin/python3'].find((file) => existsSync(file)) ?? 'python3'

/**
 * Starts a step on a machine of its own: binds its boot id, tells its process id, gives up root, and becomes the step.
 * The environment comes from a file: neither a shell nor sudo lets all of it through, for inputs have hyphens in their
 * names.
 */
const starter = `
import json, os, subprocess, sys
with open(sys.argv[1]) as file:
    given = json.load(file)
subprocess.run(["mount", "--bind", given["boot"], "/proc/sys/kernel/random/boot_id"], check=True)
with open(given["pid"], "w") as file:
    file.write(f"{os.getpid()}\\n")
if given["uid"] != 0:
    os.initgroups(given["user"], given["gid"])
    os.setgid(given["gid"])
    os.setuid(given["uid"])
os.execvpe(given["argv"][0], given["argv"], given["environment"])
`

/** The services of one repository's runs, and the network that they are in. */
export class Services {
  private readonly folder = mkdtempSync(path.join(tmpdir(), 'tagproof-services-'))
  private readonly socket = path.join(this.folder, 'control')
  private readonly child: ChildProcess
  port = 0
  private pid = 0

  private constructor(repository: string) {
    const command = [node24, '--disable-warning=ExperimentalWarning', program, this.socket, repository]
    const isolated = [
      ...asRoot,
      'unshare',
      '--net',
      'sh',
      '-c',
      'ip link set lo up && exec "$@"',
      'sh',
      ...command
    ]
    const [file = '', ...args] = canIsolate ? isolated : command
    this.child = spawn(file, args, { stdio: ['pipe', 'inherit', 'inherit'] })
  }

  static async start(repository: string): Promise<Services> {
    const services = new Services(repository)
    while (!existsSync(services.socket)) {
      if (services.child.exitCode !== null) throw new Error('the services ended')
      await sleep(20)
    }
    const { port, pid } = (await services.control({ do: 'state' })) as { port: number; pid: number }
    services.port = port
    services.pid = pid
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
  wrap(
    machine: string,
    argv: readonly [string, ...string[]],
    environment: Readonly<Record<string, string>>
  ): [string, ...string[]] {
    if (!canIsolate) return [...argv]
    const file = (name: string): string => path.join(this.folder, `${name}-${machine}`)
    const { uid, gid, username: user } = userInfo()
    rmSync(file('pid'), { force: true })
    writeFileSync(file('boot'), `${machine}\n`)
    const given = { boot: file('boot'), pid: file('pid'), uid, gid, user, argv, environment }
    writeFileSync(file('step'), JSON.stringify(given), { mode: 0o600 })
    const net = `--net=/proc/${this.pid}/ns/net`
    const command = ['nsenter', net, 'unshare', '--mount', python, '-I', '-S', '-c', starter, file('step')]
    const [first = '', ...rest] = [...asRoot, ...command]
    return [first, ...rest]
  }

  /** SIGKILL to the step that runs on a machine; where sudo was spawned, to what it started. @returns whether there was one */
  kill(machine: string, child: ChildProcess): boolean {
    const file = path.join(this.folder, `pid-${machine}`)
    const text = asRoot.length > 0 && existsSync(file) ? readFileSync(file, 'utf8') : ''
    // Without sudo each program became the next, and the child is the step. (Process 0 would be our whole group.)
    if (!/^[1-9][0-9]*\n$/.test(text)) return child.kill('SIGKILL')
    try {
      return process.kill(Number(text), 'SIGKILL')
    } catch {
      return false
    }
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
  change(name: string, content: string | Buffer, relabel: boolean): Promise<unknown> {
    return this.control({ do: 'change', name, bytes: Buffer.from(content).toString('base64'), relabel })
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

  /** The package index of the run. */
  index(): Promise<IndexView> {
    return this.control({ do: 'index' }) as Promise<IndexView>
  }

  /** Takes all files out of the index, and forgets what it was asked. */
  emptyIndex(): Promise<unknown> {
    return this.control({ do: 'empty-index' })
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
      // Never a connection that was kept: while we run something else, its other end is closed.
      const options = { socketPath: this.socket, method: 'POST', path: '/', agent: false }
      const request = http.request(options, (response) => {
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
