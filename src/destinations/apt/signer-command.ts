import { TagproofError } from '../../platform/errors.ts'
import { describeEnd, lastLines, run, type Environment } from '../../platform/process.ts'
import { printable } from '../../platform/printable.ts'
import type { ReleaseSigner } from './signer.ts'

export interface CommandSignerRequest {
  /** Program and arguments, from the configuration; no shell reads them. */
  command: readonly string[]
  /** Of the primary key in `publicKey`. */
  fingerprint: string
  publicKey: string
  environment: Readonly<Record<string, string | undefined>>
  /** Folder of the repository: where a relative program is looked for. */
  folder: string
  timeoutSeconds?: number
  signal?: AbortSignal
}

/** What every signer may see of the environment: where programs, keyrings and agents are. */
const plainNames = ['PATH', 'HOME', 'GNUPGHOME', 'LANG', 'TMPDIR', 'XDG_RUNTIME_DIR']
/** `TAGPROOF_SIGNER_X` is handed on as `X`: the one way for a token of a key service. */
const prefix = 'TAGPROOF_SIGNER_'
const longestAnswer = 1024 * 1024
const usualTimeout = 120

/**
 * A signer that is a program of the user's: it gets the text on standard input, one more argument, `--detach-sign` or
 * `--clearsign`, and answers on standard output as `gpg --armor` does. Which key it uses is its own business; whoever uses
 * the signature checks that it is one of the key that users trust.
 *
 * @returns a signer that throws TagproofError `signing-failed`, `tool-missing`, `cancelled`
 */
export function commandSigner(request: CommandSignerRequest): ReleaseSigner {
  const { fingerprint, publicKey } = request
  return {
    fingerprint,
    publicKey,
    detached: (text) => ask(request, '--detach-sign', text),
    clearsigned: (text) => ask(request, '--clearsign', text)
  }
}

async function ask(request: CommandSignerRequest, what: string, text: string): Promise<string> {
  const [program = '', ...args] = request.command
  const seconds = request.timeoutSeconds ?? usualTimeout
  const result = await run(program, [...args, what], {
    cwd: request.folder,
    env: environmentOf(request.environment),
    stdin: Buffer.from(text),
    keepBytes: longestAnswer,
    timeoutSeconds: seconds,
    ...(request.signal === undefined ? {} : { signal: request.signal })
  })
  if (result.code === 0 && !result.timedOut && result.stdout.length > 0) return result.stdout.toString('utf8')
  throw new TagproofError('signing-failed', `The signer ${printable(program)} has not signed.`, {
    found: result.code === 0 && !result.timedOut ? 'an empty answer' : describeEnd(result),
    expected: `status 0 within ${seconds} seconds, and an armored signature`,
    output: lastLines(result.stderr.toString('utf8'), 10),
    fix: `Run it by hand with ${what} and a text on its standard input. It sees ${plainNames.join(', ')}, and each ${prefix}NAME as NAME.`
  })
}

/** Nothing else of ours reaches it: no token of another destination. */
function environmentOf(all: CommandSignerRequest['environment']): Environment {
  const chosen: Record<string, string> = {}
  for (const [name, value] of Object.entries(all)) {
    if (value === undefined) continue
    if (plainNames.includes(name)) chosen[name] ??= value
    else if (name.startsWith(prefix)) chosen[name.slice(prefix.length)] = value
  }
  return chosen
}
