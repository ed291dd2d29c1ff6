import { randomBytes } from 'node:crypto'
import type { Log, Progress } from './log.ts'

/**
 * Standard output of a step, where the runner takes lines that look like `::command::` for commands.
 * Whatever stages and builds print is held between `stop-commands` and its token, which nobody can guess,
 * so that only {@link CommandGate.command} can speak to the runner.
 */
export class CommandGate {
  private readonly write: (text: string) => void
  private readonly token: string

  constructor(write: (text: string) => void, token = randomBytes(24).toString('hex')) {
    this.write = write
    this.token = token
    this.close()
  }

  /** Prints text that the runner must not obey. */
  print(line: string): void {
    this.write(`${withoutControls(line)}\n`)
  }

  /** Lets one of our own commands through. */
  command(speak: () => void): void {
    this.open()
    try {
      speak()
    } finally {
      this.close()
    }
  }

  /** Obey commands again, for good: the last word of a step. */
  open(): void {
    this.write(`::${this.token}::\n`)
  }

  private close(): void {
    this.write(`::stop-commands::${this.token}\n`)
  }
}

/** A log for the runner: what happens inside a part is folded into a group, how it ended stays visible. */
export function githubLog(gate: CommandGate, write: (text: string) => void, now = Date.now): Log {
  // Groups do not nest and two worlds may run at once: the first to begin owns the group.
  let open = 0
  const group = (): void => {
    open += 1
    if (open === 1) gate.command(() => write('::group::Details\n'))
  }
  const endGroup = (): void => {
    open -= 1
    if (open === 0) gate.command(() => write('::endgroup::\n'))
  }
  return {
    info: (line) => gate.print(line),
    warn: (line) => gate.print(`warning: ${line}`),
    begin: (title): Progress => {
      const started = now()
      let ended = false
      const end = (mark: string, summary: string | undefined): void => {
        if (ended) return
        ended = true
        endGroup()
        const seconds = ((now() - started) / 1000).toFixed(1)
        gate.print(`${mark} ${title} (${seconds} s)${summary === undefined ? '' : `: ${summary}`}`)
      }
      gate.print(title)
      group()
      return {
        line: (text) => {
          if (text.trim() !== '') gate.print(`  ${title} | ${text}`)
        },
        done: (summary) => end('✓', summary),
        failed: (summary) => end('✗', summary)
      }
    }
  }
}

/** Colours and cursor movements of foreign output say nothing in a stored log, and can hide text in it. */
function withoutControls(line: string): string {
  // eslint-disable-next-line no-control-regex
  return line.replace(/\u001b\[[0-9;?]*[ -/]*[@-~]/g, '').replace(/[\u0000-\u0008\u000a-\u001f\u007f]/g, ' ')
}
