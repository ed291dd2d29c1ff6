import type { TagproofError } from '../platform/errors.ts'
import { fail, ok, warn, type Check } from './check.ts'

/** What the preflight of a destination said; null where it may be written to. */
export interface DestinationFacts {
  name: string
  address: string
  result: TagproofError | null
}

export type PublishFacts =
  | { none: 'destinations' }
  /** Nothing that was proven lies in the output folder. */
  | { none: 'release'; folder: string; error: TagproofError }
  | { destinations: readonly DestinationFacts[]; canLogIn: boolean }

/** What asking the destinations came to. Pure. */
export function destinationChecks(facts: PublishFacts): Check[] {
  if ('destinations' in facts) return facts.destinations.map((one) => destinationCheck(one, facts.canLogIn))
  if (facts.none === 'destinations')
    return [
      warn('destinations', 'destination', 'The configuration lists no destinations', {
        why: 'publish fills local/ and sends nothing anywhere.',
        fix: 'List where the packages go: docs/publishing.md.'
      })
    ]
  return [
    warn('destinations', 'destination', `Not asked: ${facts.folder} holds no proven release`, {
      why: facts.error.message,
      fix: 'Run tagproof rehearse first: destinations are asked about the files of a release.'
    })
  ]
}

function destinationCheck({ name, address, result }: DestinationFacts, canLogIn: boolean): Check {
  const shown = `${name} (${address})`
  if (result === null) return ok('destinations', 'destination', `${shown} takes this release`)
  const more = {
    why: [result.message, result.detail.found].filter((text) => text !== undefined).join(' '),
    fix: result.detail.fix ?? 'See docs/errors.md.'
  }
  // Everything else was in order: the login comes last.
  if (result.code === 'login-refused' && !canLogIn)
    return warn('destinations', 'destination', `${shown}: login not tried, the rest is in order`, {
      why: 'There is no token here, and the identity of the workflow is only to be had in its run.',
      fix: 'Set TAGPROOF_PYPI_TOKEN to try a token; a trusted publisher is tried by the job that publishes, before it writes.'
    })
  return fail('destinations', 'destination', `${shown} would refuse this release (${result.code})`, more)
}
