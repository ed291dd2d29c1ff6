import { readdir } from 'node:fs/promises'
import path from 'node:path'
import type { Lock } from '../documents/lock.ts'
import type { MemberOrigin } from '../documents/origins.ts'
import type { Plan, PlanTarget } from '../documents/plan.ts'
import type { Finding } from '../documents/proof.ts'
import type { ArchiveKind } from '../formats/archive.ts'
import { normalizeName } from '../formats/metadata.ts'
import { joinInside, writeFileAtomic } from '../platform/files.ts'
import type { TracedWheel } from '../proof/trace/evidence.ts'
import type { BuildEvidence } from '../proof/trace/generator.ts'
import { generatorsWith } from '../proof/trace/generators.ts'
import { traceArtifact, type Traced } from '../proof/trace/trace.ts'
import { wheelTargetOf } from '../targets/discover.ts'
import type { PreparedRoot } from '../worlds/root.ts'
import { readPlannedLock } from './fetch.ts'
import { seenOf } from './git-inputs.ts'
import type { StageContext } from './context.ts'
import { strippedTimes } from './stripped-times.ts'
import { backendsOf, wheelMembers } from './trace-evidence.ts'
import { openTrees, type Trees } from './trees.ts'
import { evidenceRoom, type EvidenceRoom } from './trace-room.ts'

/** Traces what builds have made, and writes the origins of each artifact. */
export interface Tracer {
  trace(request: TracedBuild): Promise<{ findings: Finding[]; traced: number }>
  /** Times that strip-nondeterminism may write into files of a target. */
  strippedTimes(target: PlanTarget): Promise<number[]>
  /** The root that a target is built in. */
  root(target: PlanTarget): Promise<PreparedRoot>
  close(): Promise<void>
}

export interface TracedBuild {
  /** What is published, or world a's artifact where the worlds disagree. */
  file: string
  artifact: { name: string; kind: ArchiveKind }
  target: PlanTarget
  /** Members, by path, that the worlds did not make the same. */
  differing: ReadonlySet<string>
  preparedMetadata: BuildEvidence['preparedMetadata']
  /** In how many sets a wheel was that other jobs built; left out for what was built here. */
  adopted?: 1 | 2
}

/**
 * Opens the tree of the plan's tag, and its lock for what the generators were. For debs and images the inputs and the
 * root of the target are made ready when the first is traced.
 */
export async function openTracer(context: StageContext, plan: Plan): Promise<Tracer> {
  const lock = await readPlannedLock(context, plan)
  const { repository, trees } = await openTrees(context, plan)
  const tracing: Tracing = {
    context,
    plan,
    lock,
    trees,
    room: evidenceRoom(context, plan),
    wheels: new Map()
  }
  return {
    async trace(request) {
      const { origins, findings } = await traceBuild(request, tracing)
      const file = joinInside(context.out.origins, `${request.artifact.name}.jsonl`)
      await writeFileAtomic(file, originLines(origins))
      return { findings, traced: origins.filter(({ origin }) => origin !== 'untraced').length }
    },
    strippedTimes: async (target) => strippedTimes(await trees(target), plan, target.name),
    root: (target) => tracing.room.root(target),
    close: () => repository.close()
  }
}

interface Tracing {
  context: StageContext
  plan: Plan
  lock: Lock
  trees: Trees
  room: EvidenceRoom
  /** By the name of the Python target: its wheel, which debs and images hold. */
  wheels: Map<string, Promise<TracedWheel | null>>
}

async function traceBuild(request: TracedBuild, tracing: Tracing): Promise<Traced> {
  const { file, artifact, target, differing, preparedMetadata, adopted } = request
  const { plan, lock, trees, room } = tracing
  const packages = lock.python[target.name]?.packages ?? []
  const locked = packages.map(({ name, version }): [string, string] => [normalizeName(name), version])
  const python = target.kind === 'python'
  const evidence = python ? undefined : await room.evidence(request, await wheelOf(target, tracing))
  return traceArtifact({
    file,
    artifact,
    target,
    tag: plan.tag,
    version: plan.version,
    tree: await trees(target),
    git: seenOf(plan.git, target),
    folder: target.path,
    generators: generatorsWith(plan.generated),
    ...(evidence === undefined ? {} : { evidence }),
    build: {
      reproduced: (member) => !differing.has(member),
      preparedMetadata,
      // What another job had installed is not known.
      environment:
        adopted === undefined
          ? new Map([...(python ? [] : backendsOf(lock, target.root)), ...locked])
          : new Map(),
      ...(adopted === undefined ? {} : { adopted })
    }
  })
}

/** World a's wheel, which has the originals, with the origin of each member; null where the target takes none. */
function wheelOf(target: PlanTarget, tracing: Tracing): Promise<TracedWheel | null> {
  const from = wheelTargetOf(target, tracing.plan.targets)
  if (from === undefined) return Promise.resolve(null)
  const known = tracing.wheels.get(from.name) ?? traceWheel(from, tracing)
  tracing.wheels.set(from.name, known)
  return known
}

/** What is wrong with the wheel is told where it is traced as an artifact of its own. */
async function traceWheel(from: PlanTarget, tracing: Tracing): Promise<TracedWheel | null> {
  const folder = joinInside(tracing.context.out.build('a'), from.name)
  const names = await readdir(folder).catch((): string[] => [])
  const name = names.find((each) => each.endsWith('.whl'))
  if (name === undefined) return null
  const file = path.join(folder, name)
  const { origins } = await traceBuild(
    { file, artifact: { name, kind: 'wheel' }, target: from, differing: new Set(), preparedMetadata: null },
    tracing
  )
  return {
    file: name,
    members: await wheelMembers(file),
    origins: new Map(origins.map((origin) => [origin.member, origin]))
  }
}

function originLines(origins: readonly MemberOrigin[]): string {
  return origins.map((origin) => `${JSON.stringify(origin)}\n`).join('')
}
