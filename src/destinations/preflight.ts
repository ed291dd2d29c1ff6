import { asTagproofError, TagproofError } from '../platform/errors.ts'
import type { Log } from '../platform/log.ts'
import type { Destination } from './destination.ts'
import { throwAll } from './joined-errors.ts'

interface Given {
  log: Log
  signal?: AbortSignal | undefined
}

/**
 * All are asked, so that whoever mends sees everything at once.
 *
 * @throws TagproofError what the first that refuses says, with the others below it; `cancelled`
 */
export async function preflightAll(
  destinations: readonly Destination[],
  { log, signal }: Given
): Promise<void> {
  const errors: TagproofError[] = []
  for (const { destination, result } of await preflights(destinations, { log, signal }))
    if (result !== null) errors.push(named(destination, result))
  throwAll(errors)
}

/** What the preflight of each destination says; null where it may be written to. @throws TagproofError `cancelled` */
export async function preflights(
  destinations: readonly Destination[],
  { log, signal }: Given
): Promise<{ destination: Destination; result: TagproofError | null }[]> {
  const results = []
  for (const destination of destinations) {
    refuseCancelled(signal)
    const progress = log.begin(`preflight of ${destination.name}`)
    progress.line(destination.address)
    const result = await destination.preflight().then(() => null, asTagproofError)
    if (result?.code === 'internal' || result?.code === 'cancelled') throw result
    if (result === null) progress.done(destination.address)
    else progress.failed()
    results.push({ destination, result })
  }
  return results
}

function named({ name, address }: Destination, error: TagproofError): TagproofError {
  return error.detail.where === undefined
    ? new TagproofError(error.code, error.message, { ...error.detail, where: `${name} (${address})` })
    : error
}

/** @throws TagproofError `cancelled` */
export function refuseCancelled(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true)
    throw new TagproofError('cancelled', 'Stopped on request.', {
      fix: 'Run it again: what is there already is not sent a second time.'
    })
}
