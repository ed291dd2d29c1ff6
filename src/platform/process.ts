import { spawn, type ChildProcess } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { TagproofError } from './errors.ts'

/** What a child may see. There is no way to hand on the whole environment: each name is chosen. */
export type Environment = Readonly<Record<string, string>>

export interface RunOptions {
  cwd?: string
  env: Environment
  /** Bytes or a stream for standard input; nothing by default. */
  stdin?: Uint8Array | Readable
  /** Where standard output goes instead of being kept. */
  stdoutTo?: Writable
  /** Called for each line of standard error (and of standard output when that is kept). */
  onLine?: (line: string) => void
  /** How many bytes of each kept stream are kept, from its end. */
  keepBytes?: number
  timeoutSeconds?: number
  signal?: AbortSignal
}

export interface RunResult {
  code: number | null
  signal: NodeJS.Signals | null
  stdout: Buffer
  stderr: Buffer
  timedOut: boolean
}

const defaultKeepBytes = 64 * 1024 * 1024
/** Time between the polite and the final signal. */
const killAfterMilliseconds = 5_000

/** The smallest environment in which system tools behave the same everywhere. */
export const plainEnvironment: Environment = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  LC_ALL: 'C.UTF-8'
}

/**
 * Runs a program and waits for it. The arguments are an array, no shell reads them.
 * A status other than 0 is returned, not thrown: the caller knows what it means.
 *
 * @throws TagproofError `tool-missing` if the program cannot be found, `cancelled` if the signal fired.
 */
export async function run(command: string, args: readonly string[], options: RunOptions): Promise<RunResult> {
  const cancelled = (): boolean => options.signal?.aborted === true
  if (cancelled()) throw new TagproofError('cancelled', 'Stopped on request.')
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: { ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: false
  })
  const stdout = new Tail(options.keepBytes ?? defaultKeepBytes)
  const stderr = new Tail(options.keepBytes ?? defaultKeepBytes)
  let timedOut = false
  const stop = (): void => terminate(child)
  const timer =
    options.timeoutSeconds === undefined
      ? undefined
      : setTimeout(() => {
          timedOut = true
          stop()
        }, options.timeoutSeconds * 1000)
  options.signal?.addEventListener('abort', stop)
  try {
    const ended = exit(child, command)
    const flows: Promise<unknown>[] = [
      feed(child, options.stdin),
      collect(child.stderr, stderr, options.onLine)
    ]
    if (options.stdoutTo === undefined) flows.push(collect(child.stdout, stdout, options.onLine))
    else
      flows.push(
        pipeline(child.stdout, options.stdoutTo).catch(
          (error: unknown) => (stop(), Promise.reject(error as Error))
        )
      )
    const [end] = await Promise.all([ended, ...flows])
    if (cancelled()) throw new TagproofError('cancelled', 'Stopped on request.')
    return { ...end, stdout: stdout.bytes(), stderr: stderr.bytes(), timedOut }
  } finally {
    clearTimeout(timer)
    options.signal?.removeEventListener('abort', stop)
  }
}

/** Runs a program on our own terminal; its exit status, or null if a signal ended it. */
export async function runAttached(
  command: string,
  args: readonly string[],
  options: Pick<RunOptions, 'env' | 'cwd'>
): Promise<number | null> {
  const child = spawn(command, args, { cwd: options.cwd, env: { ...options.env }, stdio: 'inherit' })
  return (await exit(child, command)).code
}

/** Runs a program that must succeed, and returns its standard output as text. */
export async function runChecked(
  command: string,
  args: readonly string[],
  options: RunOptions
): Promise<string> {
  const result = await run(command, args, options)
  if (result.code === 0) return result.stdout.toString('utf8')
  throw new TagproofError('internal', `${command} ${args[0] ?? ''} ended with ${describeEnd(result)}.`, {
    output: lastLines(result.stderr.toString('utf8'), 20)
  })
}

/** The Debian package of a program, where its name is another. */
function packageOf(command: string): string {
  const others: Readonly<Record<string, string>> = {
    unshare: 'util-linux',
    mount: 'mount',
    'dpkg-scanpackages': 'dpkg-dev',
    gpgv: 'gpgv'
  }
  return others[command] ?? command.replace(/^.*\//, '')
}

/** The last lines of a text, for messages. */
export function lastLines(text: string, count: number): string {
  return text.trimEnd().split('\n').slice(-count).join('\n')
}

export function describeEnd(result: Pick<RunResult, 'code' | 'signal' | 'timedOut'>): string {
  if (result.timedOut) return 'a time-out'
  return result.signal === null ? `status ${String(result.code)}` : `signal ${result.signal}`
}

function terminate(child: ChildProcess): void {
  child.kill('SIGTERM')
  setTimeout(() => child.kill('SIGKILL'), killAfterMilliseconds).unref()
}

function exit(child: ChildProcess, command: string): Promise<Pick<RunResult, 'code' | 'signal'>> {
  return new Promise((resolve, reject) => {
    child.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT')
        reject(
          new TagproofError('tool-missing', `The program ${command} is not installed.`, {
            fix: `Install it: on Debian and Ubuntu, sudo apt-get install ${packageOf(command)}.`,
            cause: error
          })
        )
      else reject(error)
    })
    child.once('close', (code, signal) => resolve({ code, signal }))
  })
}

async function feed(child: ChildProcess, stdin: RunOptions['stdin']): Promise<void> {
  if (child.stdin === null) return
  // A child may end before it has read everything; its exit status tells the story.
  child.stdin.on('error', () => undefined)
  if (stdin === undefined || stdin instanceof Uint8Array) child.stdin.end(stdin)
  else await pipeline(stdin, child.stdin).catch((error: unknown) => ignoreBrokenPipe(error))
}

function ignoreBrokenPipe(error: unknown): void {
  const code = (error as NodeJS.ErrnoException).code
  if (code !== 'EPIPE' && code !== 'ERR_STREAM_PREMATURE_CLOSE' && code !== 'ECONNRESET') throw error
}

async function collect(
  stream: Readable | null,
  tail: Tail,
  onLine: ((line: string) => void) | undefined
): Promise<void> {
  if (stream === null) return
  let pending = ''
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    tail.push(chunk)
    if (onLine === undefined) continue
    const lines = (pending + chunk.toString('utf8')).split(/\r\n|\n|\r/)
    pending = (lines.pop() ?? '').slice(-4096)
    for (const line of lines) onLine(line)
  }
  if (pending !== '') onLine?.(pending)
}

/** Keeps the last bytes of a stream in bounded memory. */
class Tail {
  private chunks: Buffer[] = []
  private size = 0
  private readonly limit: number

  constructor(limit: number) {
    this.limit = limit
  }

  push(chunk: Buffer): void {
    this.chunks.push(chunk)
    this.size += chunk.length
    while (this.size - (this.chunks[0]?.length ?? 0) >= this.limit)
      this.size -= this.chunks.shift()?.length ?? 0
  }

  bytes(): Buffer {
    const all = Buffer.concat(this.chunks)
    return all.length > this.limit ? all.subarray(all.length - this.limit) : all
  }
}
