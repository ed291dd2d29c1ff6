import path from 'node:path'
import type { Build, BuiltArtifact } from '../documents/build.ts'
import type { World } from '../documents/identifiers.ts'
import type { PlanTarget } from '../documents/plan.ts'
import type { Finding } from '../documents/proof.ts'
import { joinInside } from '../platform/files.ts'
import { failedInB } from '../proof/build-failure.ts'
import type { StageContext } from './context.ts'

/** What both worlds made under one name, and where. */
export interface ArtifactPair {
  name: string
  kind: BuiltArtifact['kind']
  a: string
  b: string
}

/** Pairs the worlds' artifacts by name; what only one world made is a finding. */
export function pairArtifacts(
  context: StageContext,
  target: PlanTarget,
  builds: Record<World, Build>,
  findings: Finding[]
): ArtifactPair[] {
  const of = (world: World): BuiltArtifact[] =>
    builds[world].targets.find((built) => built.name === target.name)?.artifacts ?? []
  const file = (world: World, name: string): string =>
    joinInside(path.join(context.out.build(world), target.name), name)
  const pairs: ArtifactPair[] = []
  // What world b could not build is told once, not for each artifact.
  if (failedInB(builds.b, target.name)) return pairs
  for (const { kind, name } of of('a'))
    if (of('b').some((other) => other.kind === kind && other.name === name))
      pairs.push({ name, kind, a: file('a', name), b: file('b', name) })
  for (const [world, other] of [
    ['a', 'b'],
    ['b', 'a']
  ] as const)
    for (const { kind, name } of of(world))
      if (!of(other).some((one) => one.kind === kind && one.name === name))
        findings.push(onlyIn(name, `world ${world} alone`, `The ${kind} was made by one world only`))
  return pairs.sort((left, right) => (left.name < right.name ? -1 : 1))
}

function onlyIn(artifact: string, where: string, what: string): Finding {
  return {
    check: 'reproduced',
    code: 'artifact-missing',
    severity: 'refuse',
    artifact,
    member: null,
    message: `${what} (${where})`,
    cause:
      'The name of an artifact follows something that differs between the worlds, or a build stopped early.',
    fix: 'Look at build-a/log.txt and build-b/log.txt; the version and the name must come from the tag alone.',
    waiver: null
  }
}
