import type { TagproofError } from '../platform/errors.ts'
import { fail, ok, warn, type Check } from './check.ts'

/** What the preflight of a destination said; null where it may be written to. */
export interface DestinationFacts {
  name: string
  address: string
  result: TagproofError | null
  /** What is said where there is nothing here to log in with; null where there is. */
  noLogin: { what: string; why: string; fix: string } | null
}

export type PublishFacts =
  | { none: 'destinations' }
  /** Nothing that was proven lies in the output folder. */
  | { none: 'release'; folder: string; error: TagproofError }
  | { destinations: readonly DestinationFacts[] }

/** What asking the destinations came to. Pure. */
export function destinationChecks(facts: PublishFacts): Check[] {
  if ('destinations' in facts) return facts.destinations.map(destinationCheck)
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

function destinationCheck({ name, address, result, noLogin }: DestinationFacts): Check {
  const shown = `${name} (${address})`
  if (result === null) return ok('destinations', 'destination', `${shown} takes this release`)
  const more = {
    why: [result.message, result.detail.found].filter((text) => text !== undefined).join(' '),
    fix: result.detail.fix ?? 'See docs/errors.md.'
  }
  if (result.code === 'login-refused' && noLogin !== null) {
    const { what, ...rest } = noLogin
    return warn('destinations', 'destination', `${shown}: ${what}`, rest)
  }
  return fail('destinations', 'destination', `${shown} would refuse this release (${result.code})`, more)
}
