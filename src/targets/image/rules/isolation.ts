import { mountsOf } from '../mounts.ts'
import type { Fault, Sight } from './rule.ts'

/** RUN that reaches beyond the build: host's network, privileges, secrets, what earlier builds have left. */
export function isolationFaults({ instruction }: Sight): Fault[] {
  if (instruction.keyword !== 'RUN') return []
  const faults: Fault[] = []
  for (const { name, value, line } of instruction.flags) {
    if (name === 'network' && value !== 'none') faults.push(networkFault(value ?? '', line))
    if (name === 'security' && value !== 'sandbox')
      faults.push({
        code: 'dockerfile-privileged',
        severity: 'refuse',
        line,
        says: `runs with --security=${value ?? ''}: outside of what keeps a build in.`,
        cause: 'With the rights of the host a step can read and change what is not part of the build.',
        fix: 'Remove the flag; do what needs such rights when the container is started.'
      })
  }
  for (const { type, line } of mountsOf(instruction)) {
    if (type === 'secret' || type === 'ssh')
      faults.push({
        code: 'dockerfile-secret',
        severity: 'refuse',
        line,
        says: `mounts a ${type}: what it brings is in no commit and no lock.`,
        cause: 'Nobody else can make this image again, and a release build holds no credentials.',
        fix: `Remove --mount=type=${type}; list what it was fetching as requirements, or as packages of the root, and take it from tagproof-wheels or tagproof-debs.`
      })
    if (type === 'cache')
      faults.push({
        code: 'dockerfile-cache-mount',
        severity: 'refuse',
        line,
        says: 'mounts a cache: what earlier builds have left there reaches this one.',
        cause: 'A cache holds what no lock names, and each machine has another.',
        fix: 'Remove --mount=type=cache; builds of a release begin with nothing. --mount=type=tmpfs,target=… keeps files out of the layer as well.'
      })
  }
  return faults
}

function networkFault(value: string, line: number): Fault {
  const host = value !== 'default'
  return {
    code: 'dockerfile-network',
    severity: host ? 'refuse' : 'warn',
    line,
    says: `asks for --network=${value}; a release is built without a network.`,
    cause: host
      ? 'What a step fetches is not locked, and on the network of the host it reaches more than servers.'
      : 'The flag asks for what the build does not have.',
    fix: 'Remove --network, or write --network=none.'
  }
}
