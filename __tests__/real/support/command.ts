import { spawn, type ChildProcess } from 'node:child_process'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { plainEnvironment, run } from '../../../src/platform/process.ts'
import { testCache } from './root.ts'

/** The committed program, as a user runs it. */
export const command = fileURLToPath(new URL('../../../dist/cli.cjs', import.meta.url))

export const commandEnvironment: Record<string, string> = {
  ...(process.env as Record<string, string>),
  TAGPROOF_CACHE: testCache
}

export interface Ended {
  status: number | null
  stdout: string
  stderr: string
}

/** Runs the command to its end; `as` is another user's id, with nothing of ours. */
export async function tagproof(
  args: readonly string[],
  options: { as?: number; environment?: Record<string, string> } = {}
): Promise<Ended> {
  const whole = [process.execPath, command, ...args]
  const [program = '', ...rest] =
    options.as === undefined
      ? whole
      : [
          'setpriv',
          '--reuid',
          String(options.as),
          '--regid',
          String(options.as),
          '--clear-groups',
          '--',
          ...whole
        ]
  const ended = await run(program, rest, {
    env:
      options.as === undefined
        ? { ...commandEnvironment, ...options.environment }
        : { ...plainEnvironment, HOME: '/nonexistent', ...options.environment },
    cwd: path.parse(command).root
  })
  return { status: ended.code, stdout: ended.stdout.toString(), stderr: ended.stderr.toString() }
}

/** Starts the command in a process group of its own, as a terminal does. */
export function startTagproof(
  args: readonly string[],
  environment: Record<string, string> = {}
): {
  child: ChildProcess
  ended: Promise<Ended>
  stderr: () => string
} {
  const child = spawn(process.execPath, [command, ...args], {
    env: { ...commandEnvironment, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true
  })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  const ended = new Promise<Ended>((resolve) =>
    child.once('close', (status) => resolve({ status, stdout, stderr }))
  )
  return { child, ended, stderr: () => stderr }
}
