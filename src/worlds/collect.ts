import { PassThrough } from 'node:stream'
import { asTagproofError, TagproofError } from '../platform/errors.ts'
import { lastLines } from '../platform/process.ts'
import { startTied } from './child.ts'
import { enclosureCommand, type EnclosureRequest } from './enclosure.ts'
import { takeReport, type WorldReport, type WorldStatus } from './report.ts'

export interface Collecting {
  enclosure: Omit<EnclosureRequest, 'bundle'>
  bundle: Buffer
  /** Folder of the host that receives what is left in /out, and how many bytes that may be. */
  outputs: string
  bytes: number
  seconds: number
  onLine?: (line: string) => void
  signal?: AbortSignal
  /** Lines that are kept of what is printed. */
  outputLines: number
  /** What cannot be had where the enclosure could not be set up. */
  unavailable: { message: string; fix: string }
}

/** What came out of an enclosure. */
export interface Outcome {
  /** Exit status of the command; null if it was stopped from outside. */
  code: number | null
  /** The limit that the command ran into, where it failed. */
  contained: null | 'timeout' | 'memory' | 'processes' | 'disk'
  /** Last lines of what the command printed. */
  output: string
  /** Paths of the export that were read, sorted; null where that is unknown. */
  reads: string[] | null
  /** Files that were written below `outputs`. */
  files: string[]
}

const keptOutputBytes = 256 * 1024

/**
 * Runs an enclosure to its end, and takes over what it leaves. When this returns or throws, nothing of it is left but
 * `outputs`.
 *
 * @throws TagproofError `sandbox-unavailable`, `cancelled`; `build-output` if what the command left cannot be taken over
 */
export async function collect(request: Collecting): Promise<Outcome> {
  const { bundle, outputs, bytes, seconds, onLine, signal } = request
  const stream = new PassThrough()
  const child = startTied(enclosureCommand({ ...request.enclosure, bundle: { bytes: bundle.length } }), {
    input: bundle,
    stdoutTo: stream,
    keepBytes: keptOutputBytes,
    seconds,
    signal,
    ...(onLine === undefined ? {} : { onLine })
  })
  const report = takeReport(stream.iterator({ destroyOnReturn: false }), {
    outputs,
    bytes,
    exportPrefix: 'tree/'
  })
    .then(
      (value) => ({ value, error: undefined }),
      (error: unknown) => ({ value: undefined, error: asTagproofError(error) })
    )
    .finally(() => {
      // What is left of the stream does not matter; a world that still writes it is ended.
      child.stop()
      stream.resume()
    })
  const ended = await child.ended
  const output = lastLines(ended.stderr.toString('utf8'), request.outputLines)
  const { value, error } = await report
  if (error !== undefined) throw withOutput(error, output)
  if (value === undefined) throw unavailable(ended.code, output, request)
  return outcomeOf(value, output, ended.timedOut)
}

/** What the run came to, from the counters that root read: the command's own words prove nothing. */
function outcomeOf(report: WorldReport, output: string, timedOut: boolean): Outcome {
  const { status, reads, files } = report
  if (status.code === 0 && !timedOut) return { code: 0, contained: null, output, reads, files }
  const contained = containedBy(status, output) ?? (timedOut ? 'timeout' : null)
  return { code: timedOut ? null : status.code, contained, output, reads: timedOut ? null : reads, files: [] }
}

function containedBy(status: WorldStatus, output: string): Outcome['contained'] {
  if (status.killedForMemory) return 'memory'
  if (status.processesRefused) return 'processes'
  const full = status.free < 0.01 || /No space left on device|\bENOSPC\b/.test(output)
  return full ? 'disk' : null
}

function withOutput(error: TagproofError, output: string): TagproofError {
  return new TagproofError(error.code, error.message, {
    output,
    ...error.detail,
    cause: error.detail.cause ?? error
  })
}

/** It could not be set up or torn down; never a reason to go on without it. */
function unavailable(code: number | null, output: string, { unavailable }: Collecting): TagproofError {
  return new TagproofError('sandbox-unavailable', unavailable.message, {
    found: `status ${String(code)} while it was set up`,
    output: lastLines(output, mostSetUpLines),
    fix: unavailable.fix
  })
}

const mostSetUpLines = 200
