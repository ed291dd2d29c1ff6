import { createInterface } from 'node:readline/promises'
import { TagproofError } from '../platform/errors.ts'
import type { Log } from '../platform/log.ts'
import type { ComparedFile } from './files.ts'

interface Terminal {
  input: NodeJS.ReadableStream & { isTTY?: boolean }
  output: NodeJS.WritableStream & { isTTY?: boolean }
  color: boolean
}

/** Standard input and standard error: standard output is for the result. */
function ownTerminal(): Terminal {
  const color = process.stderr.isTTY && process.env.NO_COLOR === undefined
  return { input: process.stdin, output: process.stderr, color }
}

/**
 * How overwriting is agreed to: the difference is shown; `--yes` agrees; in a terminal somebody is asked.
 *
 * @returns a function that throws TagproofError `file-differs` where nobody can be asked
 */
export function consentFor(
  { log, signal }: { log: Log; signal?: AbortSignal },
  yes: boolean,
  terminal: Terminal = ownTerminal()
): (file: ComparedFile) => Promise<boolean> {
  return async ({ path, diff }) => {
    log.info(diffLines(diff, terminal.color))
    if (yes) return true
    if (terminal.input.isTTY !== true || terminal.output.isTTY !== true)
      throw new TagproofError('file-differs', `${path} is there, and differs from what would be written.`, {
        expected: 'somebody to ask: standard input is no terminal',
        fix: 'Nothing was written. Look at the difference above. To overwrite, add --yes; to keep your file and have one beside it, name it with --workflow.'
      })
    return ask(`Overwrite ${path}? [y/N] `, terminal, signal)
  }
}

async function ask(question: string, { input, output }: Terminal, signal?: AbortSignal): Promise<boolean> {
  const lines = createInterface({ input, output })
  // The end of the input is no answer, and so no consent.
  const closed = new Promise<string>((resolve) => lines.once('close', () => resolve('')))
  try {
    const answer = await Promise.race([
      lines.question(question, signal === undefined ? {} : { signal }),
      closed
    ])
    return /^y(es)?$/i.test(answer.trim())
  } finally {
    lines.close()
  }
}

/** The text of a file acts on no terminal. */
function diffLines(diff: string, color: boolean): string {
  const codes: Readonly<Record<string, string>> = { '+': '32', '-': '31', '@': '36' }
  return diff
    .trimEnd()
    .split('\n')
    .map((line) => {
      const text = line.replace(/[\p{Cc}\p{Cf}]/gu, (character) => (character === '\t' ? character : ' '))
      const code = codes[text[0] ?? '']
      return color && code !== undefined ? `\u001b[${code}m${text}\u001b[0m` : text
    })
    .join('\n')
}
