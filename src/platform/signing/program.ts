import { TagproofError } from '../errors.ts'
import { plainEnvironment, run } from '../process.ts'
import type { ServiceFailure, SignAnswer, SigningRequest, VerifyAnswer } from './messages.ts'

/** All that the program sees of the runner: the way to the network. */
const given: Readonly<Record<string, readonly string[]>> = {
  HTTPS_PROXY: ['https_proxy', 'HTTPS_PROXY'],
  HTTP_PROXY: ['http_proxy', 'HTTP_PROXY'],
  NO_PROXY: ['no_proxy', 'NO_PROXY'],
  // Node adds certificates by this variable alone; the rest of the engine takes both.
  NODE_EXTRA_CA_CERTS: ['NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE']
}

/** The clients end by themselves after their attempts; then the program is stopped. */
const longestSeconds = 20 * 60
const largestAnswer = 64 * 1024 * 1024

export interface SigningProgramOptions {
  /** Program of the clients, dist/signing.cjs. */
  program: string
  environment: NodeJS.ProcessEnv
  signal?: AbortSignal
}

export interface SigningProgram {
  sign(request: Omit<Extract<SigningRequest, { do: 'sign' }>, 'do'>): Promise<SignAnswer>
  verify(request: Omit<Extract<SigningRequest, { do: 'verify' }>, 'do'>): Promise<VerifyAnswer>
}

/**
 * The clients of the signing service, as a program of its own: it is given the request on its standard input and sees
 * no other secret. What it prints beside its answer is dropped.
 */
export function signingProgram({ program, environment, signal }: SigningProgramOptions): SigningProgram {
  const env = Object.fromEntries(
    Object.entries(given).flatMap(([as, names]): [string, string][] => {
      const value = names.map((name) => environment[name] ?? '').find((text) => text !== '')
      return value === undefined ? [] : [[as, value]]
    })
  )
  async function ask(request: SigningRequest): Promise<unknown> {
    const ended = await run(process.execPath, ['--no-warnings', program], {
      env: { ...plainEnvironment, ...env },
      stdin: Buffer.from(JSON.stringify(request)),
      keepBytes: largestAnswer,
      timeoutSeconds: longestSeconds,
      ...(signal === undefined ? {} : { signal })
    })
    if (ended.code === 0) return JSON.parse(ended.stdout.toString('utf8'))
    const message = ended.timedOut
      ? 'no answer in time'
      : `it ended with ${String(ended.code ?? ended.signal)}`
    return { bundles: [], verdicts: [], failure: { service: 'program', status: null, message } }
  }
  return {
    sign: async (request) => (await ask({ do: 'sign', ...request })) as SignAnswer,
    verify: async (request) => (await ask({ do: 'verify', ...request })) as VerifyAnswer
  }
}

const names: Readonly<Record<ServiceFailure['service'], string>> = {
  certificates: 'The authority that certifies signatures',
  log: 'The public log of signatures',
  trust: 'The repository of the root of trust of signatures',
  program: 'The signing program'
}

/** @returns `signing-failed`: which service, what it said, and that nothing was sent */
export function signingFailed({ service, status, message }: ServiceFailure): TagproofError {
  const refused = status !== null && status < 500 && status !== 429 && status !== 408
  return new TagproofError(
    'signing-failed',
    `${names[service]} ${refused ? 'refused the request' : 'did not do its part'}.`,
    {
      found: status === null ? message : `status ${status}: ${message}`,
      fix: refused
        ? 'Nothing was sent. Check id-token: write in the permissions of the job, and the clock; then run the job again.'
        : 'Nothing was sent. Run the failed job again, later if the service is down; attestations: false publishes without.'
    }
  )
}
