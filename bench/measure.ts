import { spawn, type SpawnOptions } from 'node:child_process'
import { readFile } from 'node:fs/promises'

/** One figure of the benchmark: a ratio measured within one run, and the goal it is held against. */
export interface Figure {
  name: string
  value: number
  /** Null for a figure that is told, and held against nothing. */
  goal: number | null
  /** What the ratio is made of, for people. */
  detail: string
}

export function formatFigure({ name, value, goal, detail }: Figure): string {
  return `${name}: ${value.toFixed(2)}${goal === null ? '' : ` (goal <= ${goal})`}  ${detail}`
}

/**
 * Runs a program to its end, and tells wall-clock seconds and the peak memory of that one process in MiB.
 *
 * @param accept exit statuses that are no failure
 */
export async function timed(
  command: string,
  args: readonly string[],
  options: SpawnOptions = {},
  { accept = [0] }: { accept?: readonly number[] } = {}
): Promise<{ seconds: number; peakMib: number }> {
  const since = performance.now()
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'], ...options })
  let complaints = ''
  child.stderr?.on('data', (chunk: Buffer) => (complaints = (complaints + chunk.toString()).slice(-4000)))
  let peakKib = 0
  const watch = setInterval(() => {
    void readFile(`/proc/${String(child.pid)}/status`, 'utf8').then(
      (status) => (peakKib = Math.max(peakKib, Number(/^VmHWM:\s+(\d+)/m.exec(status)?.[1] ?? 0))),
      () => undefined
    )
  }, 50)
  const code = await new Promise<number | null>((resolve, reject) =>
    child.once('error', reject).once('close', resolve)
  )
  clearInterval(watch)
  if (code === null || !accept.includes(code))
    throw new Error(`${command} ${args.join(' ')} ended with ${String(code)}:\n${complaints}`)
  return { seconds: (performance.now() - since) / 1000, peakMib: peakKib / 1024 }
}

/** The middle of several measurements, which one slow moment of the machine does not move. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right)
  return sorted[Math.floor(sorted.length / 2)] ?? NaN
}

/** Measures two things in turn, A B A B, and gives the medians. */
export async function inTurn(
  rounds: number,
  first: () => Promise<number>,
  second: () => Promise<number>
): Promise<{ first: number; second: number }> {
  const firsts: number[] = []
  const seconds: number[] = []
  for (let round = 0; round < rounds; round += 1) {
    firsts.push(await first())
    seconds.push(await second())
  }
  return { first: median(firsts), second: median(seconds) }
}
