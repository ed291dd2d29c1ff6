import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseFileCommands } from './file-commands.ts'
import type { StepRecord } from './job.ts'
import { repositoryRoot } from './language.ts'
import type { Services } from './run-services.ts'
import type { RanJob } from './workflow.ts'

const node24 = path.join(repositoryRoot, 'node_modules/node/bin/node')

/** A step that ran once, to be started again and again as it was, and killed. */
export class KilledStep {
  private readonly record: StepRecord
  private readonly services: Services
  private readonly store: string
  private readonly workspace: string
  private attempt = 1
  private get machine(): string {
    return `killed-${path.basename(this.store).replaceAll(' ', '-')}`
  }

  /** @param store folder that is handed over through: the client of the service would take most of the time */
  constructor(job: RanJob | undefined, services: Services, store: string) {
    const record = job?.ran?.records.find(({ kind, phase }) => kind === 'node' && phase === 'main')
    if (record === undefined || job?.machine === undefined) throw new Error('the job did not run')
    this.record = record
    this.services = services
    this.store = store
    this.workspace = job.machine.workspace
  }

  /**
   * Starts the step in the next attempt of the run, and kills it after so many milliseconds.
   *
   * @returns its outputs, or null if it was killed first; throws what it says where it fails by itself
   */
  async start(milliseconds: number): Promise<Record<string, string> | null> {
    this.attempt += 1
    const files = Object.fromEntries(
      ['OUTPUT', 'ENV', 'STATE', 'STEP_SUMMARY', 'PATH'].map((name): [string, string] => {
        const file = path.join(this.workspace, '..', `command-${name}`)
        writeFileSync(file, '')
        return [`GITHUB_${name}`, file]
      })
    )
    const environment = {
      ...this.record.environment,
      ...files,
      INPUT_HANDOVER: this.store,
      GITHUB_RUN_ATTEMPT: String(this.attempt),
      NODE_COMPILE_CACHE: path.join(this.workspace, '../compiled')
    }
    const [file, ...args] = this.services.wrap(this.machine, [node24, this.record.program], environment)
    const child = spawn(file, args, {
      cwd: this.workspace,
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe']
    })
    let said = ''
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => (said += text))
    const ended = new Promise<number | null>((resolve, reject) =>
      child.once('error', reject).once('close', resolve)
    )
    const fate = { killed: false }
    const stop = new AbortController()
    void sleep(milliseconds, undefined, { signal: stop.signal }).then(
      () => {
        fate.killed = this.services.kill(this.machine, child)
      },
      () => undefined
    )
    const code = await ended
    stop.abort()
    if (fate.killed) return null
    if (code !== 0) throw new Error(said)
    return Object.fromEntries(parseFileCommands(readFileSync(files.GITHUB_OUTPUT ?? '', 'utf8')))
  }
}

/** Puts what the service holds into a folder that hands over. */
export async function copyStore(services: Services, folder: string): Promise<string> {
  mkdirSync(folder, { recursive: true })
  for (const { id, name } of await services.artifacts())
    writeFileSync(path.join(folder, name), await services.bytes(id))
  return folder
}

/** Path and SHA-256 of every file below a folder. */
export function treeOf(folder: string): string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .map(
      (file) =>
        `${path.relative(folder, file)} ${createHash('sha256').update(readFileSync(file)).digest('hex')}`
    )
    .sort()
}
