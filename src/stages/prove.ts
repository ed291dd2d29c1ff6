import { mkdir, rename, rm } from 'node:fs/promises'
import type { Build } from '../documents/build.ts'
import type { Variation } from '../documents/fields.ts'
import type { World } from '../documents/identifiers.ts'
import type { Plan, PlanTarget } from '../documents/plan.ts'
import type { Finding, Proof } from '../documents/proof.ts'
import { readDocument, writeDocument } from '../documents/reading.ts'
import type { ReleaseArtifact } from '../documents/release.ts'
import type { UploadLists } from '../documents/uploads.ts'
import { settleAll } from '../platform/concurrency.ts'
import { TagproofError } from '../platform/errors.ts'
import { joinInside } from '../platform/files.ts'
import { failureFindings } from '../proof/build-failure.ts'
import { artifactPairs } from '../proof/made-of.ts'
import { emulationFindings, kindFindings, planFindings } from '../proof/plan-findings.ts'
import { reproduce } from '../proof/reproduce.ts'
import { versionFindings } from '../proof/versions.ts'
import { verdictOf } from '../proof/adopt.ts'
import { applyWaivers } from '../proof/waivers.ts'
import { recheckExports } from '../source/recheck.ts'
import { openOriginals, type Originals } from '../source/originals.ts'
import { tagproofTools } from '../platform/tools.ts'
import type { Repack } from '../proof/kinds/deb-packing.ts'
import { repackIn } from '../targets/deb/repack.ts'
import type { PreparedRoot } from '../worlds/root.ts'
import { agreedMetadata, readPreparedMetadata } from '../targets/python/prepared-metadata.ts'
import { adoptWheels, type AdoptOptions, type Adoption } from './adopt.ts'
import { writeBrief } from './brief.ts'
import { openGround, type Ground } from './base-images.ts'
import { imageFindings } from './lock-images.ts'
import { graftingOf } from './git-inputs.ts'
import { clearFrom, signalOf, type StageContext } from './context.ts'
import { pairArtifacts, type ArtifactPair } from './pair-artifacts.ts'
import { completeFindings } from './prove-complete.ts'
import { findPerturbations, planSeenByB } from './prove-variants.ts'
import { readBuild } from './read-build.ts'
import { recheckConfig } from './recheck-config.ts'
import { openTracer, type Tracer } from './trace-builds.ts'
import { readUpload, writeUploads } from './uploads.ts'

export interface ProveOptions extends AdoptOptions {
  /** Both builds were made in one job, where the runner cannot keep them apart. */
  singleJob?: boolean
  /** The plan was made in this very run; elsewhere it is made again from git and compared. */
  ownPlan?: boolean
}

/**
 * Compares what the worlds made, with the originals read from git put back, and gives the verdict. Runs no
 * project code and needs no credential. Trusts nothing of the builds but bytes that it checks itself.
 * Writes `proof.json` and, when proven, `packages/` and `uploads.json`.
 */
export async function prove(context: StageContext, options: ProveOptions): Promise<Proof> {
  const progress = context.log.begin('prove')
  try {
    const { document: planned, sha256: planDigest } = await readDocument('plan', context.out.plan)
    if (options.ownPlan !== true) {
      progress.line('making the exports again')
      await recheckConfig(context, planned)
      await recheckExports(context.repository, planned, graftingOf(context, planned))
    }
    const builds = {
      a: await readBuild(context, 'a', planDigest),
      b: await readBuild(context, 'b', planDigest)
    }
    const plan = await planSeenByB(context, planned, builds.b)
    const staging = `${context.out.packages}.part`
    await clearFrom(context.out, 'prove')
    await mkdir(staging, { recursive: true })
    await mkdir(context.out.origins, { recursive: true })
    const ground = await openGround(context, plan)
    const originals = await openOriginals(context.repository, plan, graftingOf(context, plan))
    const found: Finding[] = []
    const artifacts: ReleaseArtifact[] = []
    const uploads: UploadLists[] = []
    let tracer: Tracer | undefined
    let adoption: Adoption
    try {
      const opened = await openTracer(context, plan)
      tracer = opened
      const pairs = plan.targets.flatMap((target) =>
        pairArtifacts(context, target, builds, found).map((pair) => ({ target, pair }))
      )
      // Side by side: one waits for its files while another computes. What is found keeps the order of the pairs.
      const results = await settleAll(
        pairs.map(({ target, pair }) =>
          proveArtifact({ context, plan, builds, originals, ground, tracer: opened, staging }, target, pair)
        )
      )
      for (const result of results) {
        found.push(...result.findings)
        if (result.artifact !== null) artifacts.push(result.artifact)
        if (result.upload !== null) uploads.push(result.upload)
      }
      const metadata = (target: PlanTarget): ReturnType<typeof preparedMetadata> =>
        preparedMetadata(context, target, builds)
      adoption = await adoptWheels({ plan, build: builds.a, tracer, staging, metadata }, options)
      found.push(...adoption.findings)
      artifacts.push(...adoption.artifacts)
      uploads.push(adoption.uploads)
    } finally {
      await originals.close()
      await tracer?.close()
    }
    found.push(...failureFindings(plan, builds.b), ...(await findPerturbations(context, plan, builds)))
    found.push(...planFindings(plan), ...kindFindings(plan, builds), ...emulationFindings(builds))
    found.push(...(await imageFindings(context, plan)))
    found.push(...(await completeFindings(context, plan, planDigest, builds.a)))
    const findings = applyWaivers(found, plan.waivers)
    const verdict = verdictOf(findings, artifacts)
    if (verdict !== 'refused') requireWhole(builds.a, artifacts)
    const proof: Proof = {
      schema: 'tagproof/proof/1',
      tag: plan.tag,
      version: plan.version,
      verdict,
      findings,
      artifacts: verdict === 'refused' ? [] : artifacts,
      variations: (['a', 'b'] as const).flatMap((world) =>
        builds[world].targets.map((target) => ({ target: target.name, world, variations: target.variations }))
      ),
      trust: {
        config: plan.config.from,
        lock: plan.lock.from,
        singleJob: options.singleJob ?? false,
        ...adoption.trust
      },
      plan: planDigest,
      brief: await writeBrief(context, plan, builds.a),
      uploads: await writeUploads(context, verdict === 'refused' ? [] : uploads),
      tools: [...tagproofTools(), ...builds.a.tools]
    }
    if (verdict !== 'refused') await rename(staging, context.out.packages)
    else await rm(staging, { recursive: true, force: true })
    await writeDocument('proof', context.out.proof, proof)
    if (verdict !== 'refused')
      progress.done(`${verdict}: ${artifacts.length} artifacts${verdict === 'proven' ? ', a = b' : ''}`)
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

/** Nothing may say that a release is proven of which a part is missing. */
function requireWhole({ targets }: Build, artifacts: readonly ReleaseArtifact[]): void {
  const missing = targets
    .flatMap((target) => target.artifacts)
    .filter(({ name }) => !artifacts.some((artifact) => artifact.name === name))
  if (missing.length > 0)
    throw new TagproofError('internal', 'Nothing was refused, and an artifact is missing.', {
      found: missing.map(({ name }) => name).join(', ')
    })
}

/** What both worlds' backends say of the metadata in a run of their own. */
async function preparedMetadata(
  context: StageContext,
  target: PlanTarget,
  builds: Record<World, Build>
): Promise<Map<string, Buffer> | null> {
  const of = async (world: World): Promise<Map<string, Buffer> | null> => {
    const built = builds[world].targets.find(({ name }) => name === target.name)
    return readPreparedMetadata(joinInside(context.out.build(world), target.name), built ?? {})
  }
  return agreedMetadata(await of('a'), await of('b'))
}

/** The root is made ready when the first deb is packed again. */
function repackWith(context: StageContext, { limits }: Plan, root: () => Promise<PreparedRoot>): Repack {
  return async (...deb) => repackIn({ root: await root(), limits, ...signalOf(context) })(...deb)
}

interface Proving {
  context: StageContext
  plan: Plan
  builds: Record<World, Build>
  originals: Originals
  ground: (target: PlanTarget) => Ground
  tracer: Tracer
  staging: string
}

async function proveArtifact(
  { context, plan, builds, originals, ground, tracer, staging }: Proving,
  target: PlanTarget,
  pair: ArtifactPair
): Promise<{ artifact: ReleaseArtifact | null; upload: UploadLists | null; findings: Finding[] }> {
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
    links: plan.scramble.links,
    seed: plan.scramble.seed,
    original: (path) => originals.read(path),
    variations: { a: variations('a'), b: variations('b') },
    reads: builds.b.targets.find((built) => built.name === target.name)?.reads ?? null,
    madeOf: artifactPairs(builds.a.targets, builds.b.targets),
    ...ground(target),
    strippedTimes: await tracer.strippedTimes(target),
    ...(pair.kind === 'deb' ? { repack: repackWith(context, plan, () => tracer.root(target)) } : {}),
    shipped
  })
  const { artifact } = result
  const versions = versionFindings({
    // A label that comes from the base image says what version that is.
    stated: pair.kind === 'image' && ground(target).labelled !== true ? null : result.stated,
    kind: pair.kind,
    name: pair.name,
    version: plan.version
  })
  const { kind, name } = pair
  const traced =
    result.differing === null
      ? { findings: [], traced: null }
      : await tracer.trace({
          file: artifact === null ? pair.a : shipped,
          artifact: { name, kind },
          target,
          differing: result.differing,
          preparedMetadata: await preparedMetadata(context, target, builds)
        })
  const indexed =
    artifact === null
      ? { upload: null, findings: [] }
      : await readUpload(shipped, {
          kind,
          name,
          sha256: artifact.sha256,
          indexed: plan.indexed?.includes(target.name) ?? false,
          ...(target.image === undefined ? {} : { repository: target.image.repository })
        })
  return {
    upload: indexed.upload,
    artifact:
      artifact === null
        ? null
        : {
            target: target.name,
            ...artifact,
            traced: traced.traced,
            ...imageIdentity(indexed.upload)
          },
    findings: [...result.findings, ...versions, ...traced.findings, ...indexed.findings]
  }
}

/** What an image is pulled by; nothing for other kinds. */
function imageIdentity(upload: UploadLists | null): Pick<ReleaseArtifact, 'image'> {
  const [image] = upload?.images ?? []
  return image === undefined ? {} : { image: { repository: image.repository, digest: image.root.digest } }
}
