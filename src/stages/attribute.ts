import path from 'node:path'
import type { Build, BuildFailure, BuiltTarget, Perturbation } from '../documents/build.ts'
import type { VariationName } from '../documents/fields.ts'
import type { Plan, PlanTarget, ScrambledFile } from '../documents/plan.ts'
import type { Finding, Proof } from '../documents/proof.ts'
import { readDocument, writeDocument } from '../documents/reading.ts'
import { joinInside } from '../platform/files.ts'
import { withCulprits, type Culprit } from '../proof/attribution.ts'
import { bisect } from '../proof/bisect.ts'
import { failureFindings, scrambledReads } from '../proof/build-failure.ts'
import { openGround } from './base-images.ts'
import type { StageContext } from './context.ts'
import { openGrafted } from './git-inputs.ts'
import { withBuildPlaces } from './places.ts'
import { readBuild } from './read-build.ts'
import { Questions, type CalmArtifact, type Question } from './questions.ts'

/**
 * Names what each difference of a refused release follows, by further builds of world b: which variation, and which
 * scrambled file. Writes it into the causes of `proof.json`. The number of builds is bounded.
 *
 * @returns the proof; as it was where there is nothing to ask
 */
export async function attribute(context: StageContext): Promise<Proof> {
  const { document: proof } = await readDocument('proof', context.out.proof)
  const { document: planned, sha256 } = await readDocument('plan', context.out.plan)
  const [a, b] = [await readBuild(context, 'a', sha256), await readBuild(context, 'b', sha256)]
  const plan = b.scramble === undefined ? planned : { ...planned, scramble: b.scramble }
  const open = plan.targets.flatMap((target) => {
    const built = b.targets.find(({ name }) => name === target.name)
    return built === undefined ? [] : { target, built, findings: openFindings(proof, { plan, a, b }, target) }
  })
  if (open.every(({ findings }) => findings.length === 0)) return proof
  const ground = await openGround(context, plan)
  const { repository } = await openGrafted(context, plan)
  const culprits = await withBuildPlaces(context, plan, 'attribution', async (places) => {
    const found = new Map<Finding, Culprit>()
    for (const { target, built, findings } of open) {
      if (findings.length === 0) continue
      const asking: Asking = {
        questions: new Questions(
          { context, plan, places },
          target,
          { artifacts: artifactsOf(context, a, target), targets: a.targets, ground: ground(target) },
          repository
        ),
        plan,
        built
      }
      for (const [finding, culprit] of await culpritsOf(asking, findings)) found.set(finding, culprit)
    }
    return found
  }).finally(() => repository.close())
  const told: Proof = { ...proof, findings: withCulprits(proof.findings, culprits) }
  await writeDocument('proof', context.out.proof, told)
  return told
}

interface Asking {
  questions: Questions
  plan: Plan
  /** The target as world b built it. */
  built: BuiltTarget
}

/** Refusals about a member that differs between the worlds, or about the failure of the target in world b. */
function openFindings(
  proof: Proof,
  { plan, a, b }: { plan: Plan; a: Build; b: Build },
  target: PlanTarget
): Finding[] {
  const of = ({ name }: { name: string }): boolean => name === target.name
  const names = a.targets.find(of)?.artifacts.map((artifact) => artifact.name) ?? []
  const failures = failureFindings(plan, { ...b, targets: b.targets.filter(of) })
  return proof.findings.filter(
    ({ check, code, severity, artifact, member, message }) =>
      severity === 'refuse' &&
      (code === 'build-fails-in-b'
        ? failures.some((failure) => failure.message === message)
        : (check === 'reproduced' || perturbationOf({ code, message }) !== undefined) &&
          member !== null &&
          names.includes(artifact ?? ''))
  )
}

/** The perturbation that a finding is about. */
function perturbationOf({
  code,
  message
}: Pick<Finding, 'code' | 'message'>): Perturbation['name'] | undefined {
  if (code !== 'perturbation-differs') return undefined
  return perturbationName.exec(message)?.[1]
}

const perturbationName = / differs in (pairs|seed-[1-9][0-9]*) /

async function culpritsOf(asking: Asking, findings: readonly Finding[]): Promise<Map<Finding, Culprit>> {
  const { questions, built } = asking
  const culprits = new Map<Finding, Culprit>()
  const suspects = built.variations.filter(({ applied }) => applied).map(({ name }) => name)
  for (const finding of findings) {
    const culprit = await questions.within(() =>
      built.failure === undefined
        ? culpritOf(asking, finding, suspects)
        : culpritOfFailure(asking, built.failure)
    )
    culprits.set(finding, culprit ?? { unknown: true })
  }
  return culprits
}

async function culpritOf(
  asking: Asking,
  finding: Finding,
  suspects: readonly VariationName[]
): Promise<Culprit> {
  const { questions } = asking
  const gone = async (question: Question): Promise<boolean> => !(await questions.differs(question, finding))
  const perturbation = perturbationOf(finding)
  if (perturbation !== undefined) {
    const off = suspects.filter((name) => name !== 'scrambled-files')
    return fileCulprit(asking, (originals) => gone({ off, originals, perturbation }), perturbation)
  }
  if (!(await gone({ off: suspects }))) return { nothing: true }
  const variation = await bisect(suspects, (off) => gone({ off }))
  if (variation === undefined) return { nothing: true }
  if (variation !== 'scrambled-files') return { variation }
  // What came before it is left out in these builds too: only so did it decide.
  const off = suspects.slice(0, suspects.indexOf(variation))
  return fileCulprit(asking, (originals) => gone({ off, originals }))
}

async function culpritOfFailure(asking: Asking, { follows }: BuildFailure): Promise<Culprit> {
  const [only] = follows ?? []
  if (follows === null || only === undefined) return { unknown: true }
  if (only !== 'scrambled-files') return { variation: only }
  return fileCulprit(asking, async (originals) => !(await asking.questions.fails({ off: [], originals })))
}

/** The scrambled file that something follows; those that the build read are suspected first. */
async function fileCulprit(
  { plan, built }: Asking,
  gone: (originals: readonly string[]) => Promise<boolean>,
  perturbation?: Perturbation['name']
): Promise<Culprit> {
  const { paired } = plan.scramble
  const files = perturbation === 'pairs' ? paired : plan.scramble.files
  const without = (left: readonly ScrambledFile[]): Promise<boolean> => gone(left.map(({ path }) => path))
  const read = scrambledReads(built.reads, files, built.failure?.output)
  const all = read.length > 0 && (await without(read)) ? read : files
  // Links may be it, too, and those are not left as they are here.
  const file = all === read || (await without(files)) ? await bisect(all, without) : undefined
  return file === undefined ? { variation: 'scrambled-files' } : { files: [file] }
}

/** The artifacts of a target that world a made, where they lie. */
export function artifactsOf(context: StageContext, a: Build, target: PlanTarget): CalmArtifact[] {
  const built = a.targets.find(({ name }) => name === target.name)?.artifacts ?? []
  const folder = path.join(context.out.build('a'), target.name)
  return built.map(({ kind, name }) => ({ name, kind, file: joinInside(folder, name) }))
}
