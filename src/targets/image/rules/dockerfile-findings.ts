import type { Lock } from '../../../documents/lock.ts'
import type { Finding } from '../../../documents/proof.ts'
import { TagproofError } from '../../../platform/errors.ts'
import { readDockerfile, type Dockerfile, type Instruction } from '../dockerfile.ts'
import { mountsOf } from '../mounts.ts'
import {
  argumentsFor,
  neededStages,
  platformsOf,
  referencesOf,
  type DockerfileRequest
} from '../references.ts'
import { eachInstruction, readStages, stageChain, targetStage, type Stage, type Stages } from '../stages.ts'
import { baseFaults, platformFaults, shadowFaults, syntaxFaults } from './bases.ts'
import { dateFaults } from './dates.ts'
import { downloadFaults } from './downloads.ts'
import { isolationFaults } from './isolation.ts'
import { remoteFaults } from './remote-files.ts'
import { findingOf, type Fault, type Rule } from './rule.ts'
import { wholeContextFaults } from './whole-context.ts'

const rules: readonly Rule[] = [isolationFaults, remoteFaults, downloadFaults, dateFaults, wholeContextFaults]
const mostFindings = 200

export interface FindingsRequest extends DockerfileRequest {
  lock: Pick<Lock, 'images'>
  /** Text of the .dockerignore that the build takes; null or left out where there is none. */
  ignoreFile?: string | null
}

/**
 * What is to be said of a Dockerfile before it is built. Only stages that the build needs are looked at. Pure, and never
 * throws: a Dockerfile that cannot be read is a finding too.
 *
 * @param request with the lock, whose images the references must be among
 */
export function dockerfileFindings(request: FindingsRequest): Finding[] {
  const { path, lock } = request
  const faults: Fault[] = []
  try {
    const dockerfile = readDockerfile(request.text, path)
    faults.push(...syntaxFaults(dockerfile))
    for (const platform of platformsOf(request)) faults.push(...faultsFor(request, dockerfile, platform))
    const first = platformsOf(request)[0] ?? ''
    const stages = readStages(dockerfile, path, argumentsFor(request, first))
    faults.push(...baseFaults(stages, referencesOf(request), lock.images))
  } catch (error) {
    if (!(error instanceof TagproofError)) throw error
    faults.push(unusable(error))
  }
  const told = new Map(faults.map((fault) => [`${fault.code} ${fault.line} ${fault.says}`, fault]))
  return [...told.values()]
    .sort((one, other) => one.line - other.line)
    .slice(0, mostFindings)
    .map((fault) => findingOf(path, fault))
}

function faultsFor(request: FindingsRequest, dockerfile: Dockerfile, platform: string): Fault[] {
  const given = argumentsFor(request, platform)
  const all = readStages(dockerfile, request.path, given)
  const built = targetStage(all, request.stage)
  const needed = neededStages(all, built)
  const chain: readonly Stage[] = stageChain(all.stages, built)
  const { ignoreFile = null } = request
  const faults = [
    ...shadowFaults(all),
    ...platformFaults(all, new Set(needed.map(({ index }) => index)), platform)
  ]
  for (const stage of needed) {
    const copied = copiedContexts(all, stage)
    const inImage = chain.includes(stage)
    eachInstruction(all, stage, given, (instruction, values) => {
      const has = (context: string): boolean =>
        copied.has(context) || mountsOf(instruction).some(({ from }) => from === context)
      for (const rule of rules)
        faults.push(...rule({ all, stage, instruction, values, given, has, inImage, ignoreFile }))
    })
  }
  return faults
}

/** Named contexts whose files lie in a stage, since it copies them or is made from one that does. */
function copiedContexts(all: Stages, stage: Stage): ReadonlySet<string> {
  const names = new Set<string>()
  for (const { base, instructions } of stageChain(all.stages, stage)) {
    names.add(base.text)
    for (const instruction of instructions) for (const name of copiedFrom(instruction)) names.add(name)
  }
  return names
}

function copiedFrom({ keyword, flags }: Instruction): string[] {
  return keyword === 'COPY'
    ? flags.flatMap(({ name, value }) => (name === 'from' && value !== null ? [value] : []))
    : []
}

function unusable({ message, detail }: TagproofError): Fault {
  const line = Number(/:(\d+)$/.exec(detail.where ?? '')?.[1] ?? 1)
  const found = detail.found === undefined ? '' : ` Found: ${detail.found}`
  const unresolved = /variable|names neither/.test(message)
  return {
    code: unresolved ? 'dockerfile-unresolved' : 'dockerfile-invalid',
    severity: 'refuse',
    line,
    says: `cannot be used: ${message}${found}`,
    cause: unresolved
      ? 'What cannot be known from the file cannot be locked.'
      : 'BuildKit would refuse it as well, or read it differently.',
    fix: detail.fix ?? `Write ${detail.expected ?? 'what the reference of Dockerfiles says'}.`
  }
}
