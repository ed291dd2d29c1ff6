import type { World } from '../documents/identifiers.ts'
import { containerOptions } from '../platform/rights.ts'
import { fail, ok, type Check } from './check.ts'
import type { SandboxFacts, SeenInside } from './sandbox.ts'

/** What the tries of both worlds came to. Pure. */
export function sandboxChecks(facts: readonly SandboxFacts[]): Check[] {
  return facts.map((one) => ('seen' in one ? seenCheck(one.world, one.seen) : errorCheck(one)))
}

/** A sandbox cannot be tried without its tools. */
export function sandboxNotTried(missing: readonly string[]): Check {
  return fail('sandbox', 'sandbox', `No world was set up: ${missing.join(', ')} missing`, {
    why: 'Project code runs in the sandbox, and nowhere else.',
    fix: 'Install what is missing, then run tagproof doctor again.'
  })
}

function seenCheck(world: World, { capabilities, noNewPrivileges, network, hostName }: SeenInside): Check {
  const faults = [
    ...(/^0+$/.test(capabilities) ? [] : [`capabilities ${capabilities || 'unknown'}`]),
    ...(noNewPrivileges === '1' ? [] : ['new privileges are possible']),
    ...(network.join() === 'lo' ? [] : [`network devices ${network.join(', ') || 'unknown'}`]),
    ...(hostName === '' ? ['no host name'] : [])
  ]
  if (faults.length === 0)
    return ok(
      'sandbox',
      'sandbox',
      `World ${world} was set up: no network, no capabilities, no new privileges`
    )
  return fail(
    'sandbox',
    'sandbox',
    `World ${world} was set up, and keeps less in than it must: ${faults.join('; ')}`,
    {
      why: 'Project code could reach what it must not.',
      fix: 'Report this machine (kernel, runc, container); do not build releases on it.'
    }
  )
}

function errorCheck({ world, error }: Extract<SandboxFacts, { error: unknown }>): Check {
  // The runtime's own log is a line of `time= level= msg=`.
  const last = error.detail.output?.trim().split('\n').at(-1)
  const said = /\bmsg="(.*)"$/.exec(last ?? '')?.[1]?.replaceAll('\\"', '"') ?? last
  const found = said ?? error.detail.found
  return fail(
    'sandbox',
    'sandbox',
    `World ${world} could not be set up${found === undefined ? '' : `: ${found}`}`,
    {
      why: error.message,
      fix: error.detail.fix ?? `Run as root or with sudo; in a job container with ${containerOptions}.`
    }
  )
}
