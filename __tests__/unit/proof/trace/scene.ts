import { createHash } from 'node:crypto'
import type { PlanTarget } from '../../../../src/documents/plan.ts'
import { noEvidence, type TraceEvidence } from '../../../../src/proof/trace/evidence.ts'
import { innerPathOf } from '../../../../src/proof/trace/installed.ts'
import { objectId } from '../../../../src/documents/identifiers.ts'
import { sha256OfBytes } from '../../../../src/platform/files.ts'
import { fileGenerators } from '../../../../src/proof/trace/files/generators.ts'
import type {
  BuildEvidence,
  Generator,
  TraceContext,
  TracedMember,
  Verdict
} from '../../../../src/proof/trace/generator.ts'

export const commit = objectId('9dc535daa1b2c3d4e5f60718293a4b5c6d7e8f90')
/** 2023-11-14T22:13:20Z */
export const epoch = 1_700_000_000

/** A tag's tree and an artifact, as generators see them. */
export interface Scene {
  /** Name of the wheel, or of the sdist; default: a pure wheel of `demo` 1.2.3. */
  artifact?: string
  /** Content by path. */
  tree?: Record<string, string | Buffer>
  /** Content by path inside the artifact, below the top folder of an sdist. */
  members?: Record<string, string | Buffer>
  version?: string | null
  folder?: string
  mode?: number
  build?: Partial<BuildEvidence> | null
  evidence?: Partial<TraceEvidence>
  target?: PlanTarget
}

/** What the first generator that takes the one member of a scene for its own says, with its name. */
export async function asked(
  path: string,
  scene: Scene,
  generators: readonly Generator[] = fileGenerators
): Promise<{ rule: string; verdict: Verdict } | undefined> {
  const context = contextOf(scene)
  const member = context.members.get(path) ?? context.member(path)
  if (member === undefined) throw new Error(`the scene has no member ${path}`)
  for (const generator of generators) {
    if (!generator.matches(member, context)) continue
    const verdict = await generator.derive(member, context)
    if (verdict !== undefined) return { rule: generator.name, verdict }
  }
  return undefined
}

/** The rule that explains a member, or the code of the finding; `nobody` where no rule knows it. */
export async function outcome(
  path: string,
  scene: Scene,
  generators: readonly Generator[] = fileGenerators
): Promise<string> {
  const said = await asked(path, scene, generators)
  if (said === undefined) return 'nobody'
  return said.verdict.traced ? said.rule : said.verdict.code
}

export function contextOf(scene: Scene): TraceContext {
  const name = scene.artifact ?? 'demo-1.2.3-py3-none-any.whl'
  const kind = name.endsWith('.whl')
    ? 'wheel'
    : name.endsWith('.deb')
      ? 'deb'
      : name.endsWith('.oci.tar')
        ? 'image'
        : 'sdist'
  const top = kind === 'sdist' ? `${name.replace(/\.tar\.gz$/, '')}/` : ''
  const files = new Map(Object.entries(scene.tree ?? {}).map(([path, text]) => [path, Buffer.from(text)]))
  const members = Object.entries(scene.members ?? {}).map(([inner, text]) =>
    memberOf(top + inner, innerPathOf(inner, kind), Buffer.from(text), scene.mode ?? 0o644)
  )
  const byPath = new Map(members.map((member) => [member.path, member]))
  return {
    artifact: { name, kind },
    tag: { name: 'v1.2.3', object: commit, kind: 'annotated', commit, tree: commit, epoch },
    version: scene.version === undefined ? '1.2.3' : scene.version,
    folder: scene.folder ?? '',
    tree: {
      paths: [...files.keys()].sort(),
      has: (path) => files.has(path),
      read: (path) => Promise.resolve(files.get(path)),
      holding: (bytes) =>
        Promise.resolve([...files].flatMap(([path, own]) => (own.equals(bytes) ? [path] : [])))
    },
    evidence: { ...noEvidence, ...scene.evidence },
    target: scene.target ?? null,
    all: members.map((each) => ({ ...each, headers: each.sha256, packed: null, fields: {} })),
    own: (path) => (files.has(path) ? path : null),
    members: byPath,
    member: (inner) => members.find((member) => member.inner === inner),
    content: (path) => Promise.resolve(byPath.get(path)?.content ?? undefined),
    build:
      scene.build === undefined || scene.build === null
        ? null
        : { reproduced: () => true, preparedMetadata: null, environment: new Map(), ...scene.build }
  }
}

function memberOf(path: string, inner: string, content: Buffer, mode: number): TracedMember {
  return {
    path,
    inner,
    kind: 'file',
    mode,
    size: content.length,
    sha256: sha256OfBytes(content),
    linkTarget: null,
    head: content.subarray(0, 64 * 1024),
    content,
    md5: createHash('md5').update(content).digest('hex')
  }
}
