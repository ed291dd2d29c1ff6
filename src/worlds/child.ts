import { PassThrough, type Writable } from 'node:stream'
import { TagproofError } from '../platform/errors.ts'
import { privileged, type Command } from '../platform/privilege.ts'
import { plainEnvironment, run, type RunResult } from '../platform/process.ts'

export interface TiedOptions {
  /** First bytes of standard input. It stays open after them, for as long as the child may live. */
  input: Uint8Array
  stdoutTo?: Writable
  onLine?: (line: string) => void
  keepBytes?: number
  seconds?: number
  signal?: AbortSignal | undefined
}

export interface TiedChild {
  ended: Promise<RunResult>
  /** Lets the child come to its end in order. */
  stop(): void
}

/**
 * Starts a privileged command whose life is tied to ours by its standard input: when that ends, because we stop it
 * or are killed, the command ends everything it began. (An ordinary user cannot signal a child that `sudo` made.)
 */
export function startTied(command: Command, options: TiedOptions): TiedChild {
  const lifeline = new PassThrough()
  lifeline.write(options.input)
  let timedOut = false
  const stop = (): void => void lifeline.end()
  const timer =
    options.seconds === undefined
      ? undefined
      : setTimeout(() => {
          timedOut = true
          stop()
        }, options.seconds * 1000)
  const { signal } = options
  signal?.addEventListener('abort', stop)
  if (signal?.aborted === true) stop()
  const enclosed = privileged(command.command, command.args)
  const ended = run(enclosed.command, enclosed.args, {
    env: plainEnvironment,
    stdin: lifeline,
    ...(options.stdoutTo === undefined ? {} : { stdoutTo: options.stdoutTo }),
    ...(options.onLine === undefined ? {} : { onLine: options.onLine }),
    ...(options.keepBytes === undefined ? {} : { keepBytes: options.keepBytes })
  })
    .then((result) => {
      if (signal?.aborted === true) throw new TagproofError('cancelled', 'Stopped on request.')
      return { ...result, timedOut }
    })
    .finally(() => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', stop)
      stop()
    })
  return { ended, stop }
}
