import { mkdir, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import type { Build, BuiltArtifact } from '../documents/build.ts'
import type { Variation } from '../documents/fields.ts'
import type { World } from '../documents/identifiers.ts'
import type { Plan, PlanTarget } from '../documents/plan.ts'
import type { Finding, Proof } from '../documents/proof.ts'
import { readDocument, writeDocument } from '../documents/reading.ts'
import type { ReleaseArtifact } from '../documents/release.ts'
import { TagproofError } from '../platform/errors.ts'
import { settleAll } from '../platform/concurrency.ts'
import { hashFile, joinInside } from '../platform/files.ts'
import { kindFindings, planFindings } from '../proof/plan-findings.ts'
import { reproduce } from '../proof/reproduce.ts'
import { versionFindings } from '../proof/versions.ts'
import { applyWaivers } from '../proof/waivers.ts'
import { recheckExports } from '../source/recheck.ts'
import { openOriginals, type Originals } from '../source/originals.ts'
import { tagproofTools } from '../platform/tools.ts'
import { clearFrom, type StageContext } from './context.ts'
import { completeFindings } from './prove-complete.ts'
import { recheckConfig } from './recheck-config.ts'
import { openTracer, type Tracer } from './trace-builds.ts'

export interface ProveOptions {
  /** Both builds were made in one job, where the runner cannot keep them apart. */
  singleJob?: boolean
  /** The plan was made in this very run; elsewhere it is made again from git and compared. */
  ownPlan?: boolean
}

/**
 * Compares what the worlds made, with the originals read from git put back, and gives the verdict. Runs no
 * project code and needs no credential. Trusts nothing of the builds but bytes that it checks itself.
 * Writes `proof.json` and, when proven, `packages/`.
 */
export async function prove(context: StageContext, options: ProveOptions): Promise<Proof> {
  const progress = context.log.begin('prove')
  try {
    const { document: plan, sha256: planDigest } = await readDocument('plan', context.out.plan)
    if (options.ownPlan !== true) {
      progress.line('making the exports again')
      await recheckConfig(context.repository, plan)
      await recheckExports(context.repository, plan)
    }
    const builds = {
      a: await readBuild(context, 'a', planDigest),
      b: await readBuild(context, 'b', planDigest)
    }
    const staging = `${context.out.packages}.part`
    await clearFrom(context.out, 'prove')
    await mkdir(staging, { recursive: true })
    await mkdir(context.out.origins, { recursive: true })
    const originals = await openOriginals(context.repository, plan)
    const found: Finding[] = []
    const artifacts: ReleaseArtifact[] = []
    let tracer: Tracer | undefined
    try {
      const opened = await openTracer(context, plan)
      tracer = opened
      const pairs = plan.targets.flatMap((target) =>
        pairArtifacts(context, target, builds, found).map((pair) => ({ target, pair }))
      )
      // Side by side: one waits for its files while another computes. What is found keeps the order of the pairs.
      const results = await settleAll(
        pairs.map(({ target, pair }) =>
          proveArtifact({ plan, builds, originals, tracer: opened, staging }, target, pair)
        )
      )
      for (const result of results) {
        found.push(...result.findings)
        if (result.artifact !== null) artifacts.push(result.artifact)
      }
    } finally {
      await originals.close()
      await tracer?.close()
    }
    found.push(...planFindings(plan), ...kindFindings(plan, builds))
    found.push(...(await completeFindings(context, plan, planDigest, builds.a)))
    const findings = applyWaivers(found, plan.waivers)
    const verdict = findings.some((finding) => finding.severity === 'refuse') ? 'refused' : 'proven'
    const proof: Proof = {
      schema: 'tagproof/proof/1',
      tag: plan.tag,
      version: plan.version,
      verdict,
      findings,
      artifacts: verdict === 'proven' ? artifacts : [],
      variations: (['a', 'b'] as const).flatMap((world) =>
        builds[world].targets.map((target) => ({ target: target.name, world, variations: target.variations }))
      ),
      trust: { config: plan.config.from, lock: plan.lock.from, singleJob: options.singleJob ?? false },
      plan: planDigest,
      tools: [...tagproofTools(), ...builds.a.tools]
    }
    if (verdict === 'proven') await rename(staging, context.out.packages)
    else await rm(staging, { recursive: true, force: true })
    await writeDocument('proof', context.out.proof, proof)
    if (verdict === 'proven') progress.done(`proven: ${artifacts.length} artifacts, a = b`)
    else
      progress.failed(
        `refused: ${findings.filter((finding) => finding.severity === 'refuse').length} findings`
      )
    return proof
  } catch (error) {
    progress.failed()
    throw error
  }
}

interface ArtifactPair {
  name: string
  kind: BuiltArtifact['kind']
  a: string
  b: string
}

/** Pairs the worlds' artifacts by name; what only one world made is a finding. */
function pairArtifacts(
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

interface Proving {
  plan: Plan
  builds: Record<World, Build>
  originals: Originals
  tracer: Tracer
  staging: string
}

async function proveArtifact(
  { plan, builds, originals, tracer, staging }: Proving,
  target: PlanTarget,
  pair: ArtifactPair
): Promise<{ artifact: ReleaseArtifact | null; findings: Finding[] }> {
  const variations = (world: World): Variation[] =>
    builds[world].targets.find((built) => built.name === target.name)?.variations ?? []
  const shipped = joinInside(staging, pair.name)
  const result = await reproduce({
    a: pair.a,
    b: pair.b,
    kind: pair.kind,
    name: pair.name,
    epoch: plan.tag.epoch,
    scramble: plan.scramble.files,
    original: (path) => originals.read(path),
    variations: { a: variations('a'), b: variations('b') },
    shipped
  })
  const { artifact } = result
  const versions = versionFindings({
    stated: artifact?.version ?? null,
    kind: pair.kind,
    name: pair.name,
    version: plan.version
  })
  const { kind, name } = pair
  const traced =
    result.differing === null || (kind !== 'sdist' && kind !== 'wheel')
      ? { findings: [], traced: null }
      : await tracer.trace({
          file: artifact === null ? pair.a : shipped,
          artifact: { name, kind },
          target,
          differing: result.differing,
          preparedMetadata: null
        })
  return {
    artifact: artifact === null ? null : { target: target.name, ...artifact, traced: traced.traced },
    findings: [...result.findings, ...versions, ...traced.findings]
  }
}

/** A build's document and artifacts, each artifact hashed again. */
async function readBuild(context: StageContext, world: World, planDigest: string): Promise<Build> {
  const folder = context.out.build(world)
  const { document } = await readDocument('build', path.join(folder, 'build.json'))
  const where = `build-${world}/build.json`
  if (document.world !== world)
    throw new TagproofError('document-mismatch', `This is the build of world ${document.world}.`, {
      where: `${where}: world`,
      expected: world,
      fix: 'Hand on the folders build-a and build-b under their own names.'
    })
  if (document.plan !== planDigest)
    throw new TagproofError('document-mismatch', `World ${world} was built from another plan.`, {
      where: `${where}: plan`,
      found: document.plan,
      expected: planDigest,
      fix: 'Build both worlds from the same plan.json.'
    })
  for (const target of document.targets)
    for (const artifact of target.artifacts) {
      const file = joinInside(joinInside(folder, target.name), artifact.name)
      const found = await hashFile(file).catch((error: unknown) => {
        throw new TagproofError('input-missing', `An artifact of world ${world} is not there.`, {
          where: `build-${world}/${target.name}/${artifact.name}`,
          fix: 'Hand on the whole folder of the build, or build again.',
          cause: error
        })
      })
      if (found.sha256 !== artifact.sha256)
        throw new TagproofError(
          'hash-mismatch',
          `An artifact of world ${world} has changed since it was built.`,
          {
            where: `build-${world}/${target.name}/${artifact.name}`,
            found: found.sha256,
            expected: artifact.sha256,
            fix: 'Build again; find out what wrote to the folder.'
          }
        )
    }
  return document
}
