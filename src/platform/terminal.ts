import type { Log, Progress } from './log.ts'
import { printable } from './printable.ts'

export interface TerminalOptions {
  /** Where lines go: standard error. */
  write: (text: string) => void
  /** Whether lines may be rewritten: a terminal, not a log. */
  interactive: boolean
  color: boolean
  /** Columns of the terminal. */
  columns: () => number
  /** Milliseconds, from a clock that only grows. */
  now?: () => number
}

/** A log gets a sign of life this often while something long goes on. */
const quietMilliseconds = 15_000
const redrawMilliseconds = 200

interface Active {
  title: string
  since: number
  told: number
  last: string
}

/**
 * A {@link Log} for people. In a terminal each thing that goes on has one line that is rewritten: title,
 * seconds, last line of output. In a log file each gets a line when it begins, now and then while it lasts,
 * and when it ends.
 */
export function terminalLog(options: TerminalOptions): Log & { close(): void } {
  const now = options.now ?? (() => performance.now())
  const active = new Set<Active>()
  let drawn = 0
  let timer: NodeJS.Timeout | undefined

  const paint = (code: string, text: string): string =>
    options.color ? `\u001b[${code}m${text}\u001b[0m` : text
  const erase = (): void => {
    if (drawn > 0) options.write(`\u001b[${drawn}A\u001b[0J`)
    drawn = 0
  }
  const draw = (): void => {
    if (!options.interactive) return
    for (const item of active) {
      const head = `  ${item.title}  ${seconds(now() - item.since)}`
      const room = Math.max(0, options.columns() - head.length - 3)
      options.write(`${paint('36', head)}  ${paint('2', clip(item.last, room))}\n`)
      drawn += 1
    }
  }
  const print = (line: string): void => {
    erase()
    options.write(`${line}\n`)
    draw()
  }
  const tick = (): void => {
    if (options.interactive) {
      erase()
      draw()
      return
    }
    for (const item of active)
      if (now() - item.told >= quietMilliseconds) {
        item.told = now()
        options.write(`  ${item.title}  ${seconds(now() - item.since)}  ${clip(item.last, 160)}\n`)
      }
  }
  const watch = (): void => {
    if (active.size > 0) timer ??= setInterval(tick, options.interactive ? redrawMilliseconds : 1000).unref()
    else {
      clearInterval(timer)
      timer = undefined
    }
  }

  return {
    info: (line) => print(line),
    warn: (line) => print(paint('33', `! ${line}`)),
    begin(title): Progress {
      const item: Active = { title, since: now(), told: now(), last: '' }
      erase()
      active.add(item)
      if (!options.interactive) options.write(`> ${title}\n`)
      draw()
      watch()
      const end = (mark: string, summary: string | undefined): void => {
        if (!active.has(item)) return
        erase()
        active.delete(item)
        const tail = summary === undefined ? '' : `  ${summary}`
        options.write(`${mark} ${item.title}  ${seconds(now() - item.since)}${tail}\n`)
        draw()
        watch()
      }
      return {
        line: (text) => {
          item.last = printable(text)
        },
        done: (summary) => end(paint('32', '✓'), summary),
        failed: (summary) => end(paint('31', '✗'), summary)
      }
    },
    close() {
      erase()
      clearInterval(timer)
    }
  }
}

/** `3.4 s`, `2 min 05 s`. */
export function seconds(milliseconds: number): string {
  const total = milliseconds / 1000
  if (total < 60) return `${total.toFixed(1)} s`
  const whole = Math.round(total)
  return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, '0')} s`
}

function clip(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`
}
