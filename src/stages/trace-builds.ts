import type { MemberOrigin } from '../documents/origins.ts'
import type { Plan, PlanTarget } from '../documents/plan.ts'
import type { Finding } from '../documents/proof.ts'
import { normalizeName } from '../formats/metadata.ts'
import { joinInside, writeFileAtomic } from '../platform/files.ts'
import type { BuildEvidence } from '../proof/trace/generator.ts'
import { generatorsWith } from '../proof/trace/generators.ts'
import { traceArtifact } from '../proof/trace/trace.ts'
import type { TreeIndex } from '../proof/trace/tree.ts'
import { openRepository } from '../source/repository.ts'
import { openTracedTree } from '../source/traced-tree.ts'
import { readPlannedLock } from './fetch.ts'
import type { StageContext } from './context.ts'

/** Traces what builds have made, and writes the origins of each artifact. */
export interface Tracer {
  trace(request: TracedBuild): Promise<{ findings: Finding[]; traced: number }>
  close(): Promise<void>
}

export interface TracedBuild {
  /** What is published, or world a's artifact where the worlds disagree. */
  file: string
  artifact: { name: string; kind: 'sdist' | 'wheel' }
  target: PlanTarget
  differing: ReadonlySet<string>
  preparedMetadata: BuildEvidence['preparedMetadata']
}

/** Opens the tree of the plan's tag, and its lock for what the generators were. */
export async function openTracer(context: StageContext, plan: Plan): Promise<Tracer> {
  const lock = await readPlannedLock(context, plan)
  const generators = generatorsWith(plan.generated)
  const repository = await openRepository(context.repository)
  let tree: TreeIndex
  try {
    tree = await openTracedTree(repository, plan.tag.tree)
  } catch (error) {
    await repository.close().catch(() => undefined)
    throw error
  }
  return {
    async trace({ file, artifact, target, differing, preparedMetadata }) {
      const packages = lock.python[target.name]?.packages ?? []
      const { origins, findings } = await traceArtifact({
        file,
        artifact,
        tag: plan.tag,
        version: plan.version,
        tree,
        folder: target.path,
        generators,
        build: {
          reproduced: (member) => !differing.has(member),
          preparedMetadata,
          environment: new Map(packages.map(({ name, version }) => [normalizeName(name), version]))
        }
      })
      await writeFileAtomic(joinInside(context.out.origins, `${artifact.name}.jsonl`), originLines(origins))
      return { findings, traced: origins.filter(({ origin }) => origin !== 'untraced').length }
    },
    close: () => repository.close()
  }
}

function originLines(origins: readonly MemberOrigin[]): string {
  return origins.map((origin) => `${JSON.stringify(origin)}\n`).join('')
}
