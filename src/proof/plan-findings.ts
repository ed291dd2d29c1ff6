import type { Build } from '../documents/build.ts'
import type { World } from '../documents/identifiers.ts'
import type { Plan, PlanTarget } from '../documents/plan.ts'
import type { Finding } from '../documents/proof.ts'

/** What the plan itself has to say about the release. */
export function planFindings(plan: Plan): Finding[] {
  const skipped = plan.skipped.map((target) =>
    finding(
      'target-not-built',
      'note',
      `The tree has a ${target.kind} target at ${target.path}, which this version does not build.`
    )
  )
  const spared = plan.scramble.inputs.map((glob) =>
    finding(
      'inputs-declared',
      'warn',
      `The configuration declares ${JSON.stringify(glob)} as inputs: world b saw these files as they are, so what they do to the build is not tested.`
    )
  )
  return [...skipped, ...spared]
}

/** Kinds that a target of each kind has one artifact of. */
const expectedKinds: Readonly<Record<PlanTarget['kind'], readonly string[]>> = {
  python: ['sdist', 'wheel'],
  image: ['image'],
  deb: ['deb']
}

/** Whether each target gave just what a target of its kind gives, and no two artifacts have one name. */
export function kindFindings(plan: Plan, builds: Record<World, Build>): Finding[] {
  const findings: Finding[] = []
  for (const world of ['a', 'b'] as const) {
    const names = new Set<string>()
    for (const target of plan.targets) {
      const artifacts = builds[world].targets.find((built) => built.name === target.name)?.artifacts ?? []
      const made = artifacts.map((artifact) => artifact.kind).sort()
      const expected = expectedKinds[target.kind]
      if (made.join() !== expected.join())
        findings.push(
          finding(
            'artifact-kinds',
            'refuse',
            `Target ${target.name} made ${made.join(', ') || 'nothing'} in world ${world}, not ${expected.join(' and ')}.`
          )
        )
      for (const { name } of artifacts) {
        if (names.has(name))
          findings.push(
            finding('artifact-name-twice', 'refuse', `Two artifacts of world ${world} are named ${name}.`)
          )
        names.add(name)
      }
    }
  }
  return findings
}

function finding(code: string, severity: Finding['severity'], message: string): Finding {
  return {
    check: 'policy',
    code,
    severity,
    artifact: null,
    member: null,
    message,
    cause: null,
    fix:
      severity === 'refuse'
        ? 'Look at build-a/log.txt and build-b/log.txt; give targets names of their own.'
        : null,
    waiver: null
  }
}
