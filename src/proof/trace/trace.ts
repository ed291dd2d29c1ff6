import type { TagRef } from '../../documents/fields.ts'
import type { ObjectId } from '../../documents/identifiers.ts'
import type { MemberOrigin, OriginName } from '../../documents/origins.ts'
import type { Finding } from '../../documents/proof.ts'
import type { PlanTarget } from '../../documents/plan.ts'
import type { Archive, ArchiveKind } from '../../formats/archive.ts'
import { firstDifference } from '../content.ts'
import { noEvidence, type TraceEvidence } from './evidence.ts'
import type { BuildEvidence, Generator, TraceContext, TracedMember, Verdict } from './generator.ts'
import { gitOf, withGitOrigin, type GitOrigin } from './git-origin.ts'
import { knownGenerators } from './generators.ts'
import { assembledFinding } from './image/assembled-files.ts'
import { kindRules, type KindRules } from './kinds.ts'
import { readMembers } from './members.ts'
import type { Placement } from './placement.ts'
import { blobFinding, note, refusal } from './policy.ts'
import type { TreeIndex } from './tree.ts'

export interface TraceRequest {
  file: string
  artifact: { name: string; kind: ArchiveKind }
  /** What was built; null where that is not known. */
  target?: PlanTarget | null
  tag: TagRef
  /** Version of the release as the tag says it. */
  version: string | null
  tree: TreeIndex
  /** Folder of the target in the tree, `.` for its top. */
  folder: string
  /** Git inputs that the target sees: `tree` holds their files below their names. */
  git?: readonly GitOrigin[]
  /** What both worlds' builds confirm; null where there was no build. */
  build: BuildEvidence | null
  /** What is known of locked dependencies; without a lock nothing is. */
  evidence?: TraceEvidence
  generators?: readonly Generator[]
}

export interface Traced {
  archive: Archive
  /** One per file and link, in the order of the archive. */
  origins: MemberOrigin[]
  findings: Finding[]
  /** Files of the target's folder that the artifact holds nowhere, sorted. */
  absent: string[]
}

/**
 * The origin of every member of an artifact, whoever made it, against the tree of a tag. Reads nothing but the
 * artifact and the tree: what is known of dependencies is handed in.
 *
 * @throws TagproofError `archive-invalid`, and those of reading git objects
 */
export async function traceArtifact(request: TraceRequest): Promise<Traced> {
  const { artifact, tree, evidence = noEvidence, git = [] } = request
  const rules = kindRules[artifact.kind]
  const folder = request.folder === '.' ? '' : `${request.folder}/`
  const { archive, members, ids } = await readMembers(request.file, artifact.kind, tree, {
    evidence,
    inner: rules.inner
  })
  const known = await verified(members, ids, tree)
  const placed = rules.place({ members, ids: known, tree, folder })
  const context = contextOf(request, { folder, members, placed, archive })
  const asked: Asked = {
    context,
    rules,
    tree,
    generators: [...rules.generators, ...(request.generators ?? knownGenerators)]
  }
  const origins: MemberOrigin[] = []
  const findings = archive.members.flatMap((member) => rules.policy(member, context) ?? [])
  findings.push(...(await rules.judge(context)))
  for (const member of members) {
    const placement = placed.get(member.path) ?? { origin: null, from: null, own: null }
    const traced = await originOf(member, placement, asked)
    origins.push(withGitOrigin(traced.origin, git))
    if (traced.finding !== undefined) findings.push(traced.finding)
  }
  findings.push(...notes(artifact.name, origins, request.build?.adopted))
  return { archive, origins, findings, absent: absentFiles(origins, tree, folder, git) }
}

/** Object names rest on SHA-1 in most repositories: a match counts once SHA-256 agrees too. */
async function verified(
  members: readonly TracedMember[],
  ids: ReadonlyMap<string, ObjectId>,
  tree: TreeIndex
): Promise<Map<string, ObjectId>> {
  const hashes = await tree.sha256(new Set(ids.values()))
  const checked = new Map<string, ObjectId>()
  for (const { path, sha256 } of members) {
    const id = ids.get(path)
    if (id !== undefined && hashes.get(id) === sha256) checked.set(path, id)
  }
  return checked
}

interface Read {
  folder: string
  members: readonly TracedMember[]
  placed: ReadonlyMap<string, Placement>
  archive: Archive
}

function contextOf(request: TraceRequest, { folder, members, placed, archive }: Read): TraceContext {
  const byPath = new Map(members.map((member) => [member.path, member]))
  const byInner = new Map(members.map((member) => [member.inner, member]))
  const { artifact, tag, version, tree, build, target = null, evidence = noEvidence } = request
  return {
    artifact,
    target,
    evidence,
    all: archive.members,
    own: (path) => placed.get(path)?.own ?? null,
    tag,
    version,
    folder,
    tree,
    build,
    members: byPath,
    member: (inner) => byInner.get(inner),
    async content(path) {
      const held = byPath.get(path)?.content
      if (held !== null && held !== undefined) return held
      const from = placed.get(path)?.from
      return from === null || from === undefined ? undefined : await tree.read(from)
    }
  }
}

interface Origin {
  origin: MemberOrigin
  finding?: Finding
}

const blobReasons = {
  blob: 'the file of the tag',
  link: 'the file of the tag that a link of the tree leads to',
  moved: 'a file of the tag at another path'
} as const

/** Who is asked where a member comes from. */
interface Asked {
  context: TraceContext
  rules: KindRules
  tree: TreeIndex
  generators: readonly Generator[]
}

async function originOf(
  member: TracedMember,
  placement: Placement,
  { context, rules, generators, tree }: Asked
): Promise<Origin> {
  const { origin, from } = placement
  const brought = await askGenerators(member, placement, context, rules.dependencies)
  if (brought !== undefined) return brought
  if (origin === null || from === null || rules.asksFirst(member, placement)) {
    const generated = await askGenerators(await withContent(member, context), placement, context, generators)
    if (generated !== undefined) return generated
  }
  if (origin === null || from === null) return unexplained(member, placement, context)
  const finding =
    blobFinding({ artifact: context.artifact, member, placement }) ??
    (await assembledFinding(member, placement, context, tree))
  return {
    origin: line(member, { origin, from: [from], rule: null, reason: blobReasons[origin] }),
    ...(finding === undefined ? {} : { finding })
  }
}

async function withContent(member: TracedMember, context: TraceContext): Promise<TracedMember> {
  if (member.content !== null) return member
  return { ...member, content: (await context.content(member.path)) ?? null }
}

async function askGenerators(
  member: TracedMember,
  { origin }: Placement,
  context: TraceContext,
  generators: readonly Generator[]
): Promise<Origin | undefined> {
  for (const generator of generators) {
    if (!generator.matches(member, context)) continue
    const verdict: Verdict | undefined = await generator.derive(member, context)
    if (verdict === undefined) continue
    if (verdict.traced) {
      const reason = verdict.reason ?? generator.reason
      const from = verdict.from.slice(0, 20)
      return {
        origin: line(member, {
          origin: verdict.origin ?? 'generator',
          from,
          rule: verdict.rule ?? generator.name,
          reason
        })
      }
    }
    const { code, message, cause, fix } = verdict
    return {
      origin: line(member, {
        origin: origin ?? 'untraced',
        from: [],
        rule: generator.name,
        reason: message
      }),
      finding: refusal(context.artifact.name, member.path, { code, message, cause, fix })
    }
  }
  return undefined
}

async function unexplained(member: TracedMember, { own }: Placement, context: TraceContext): Promise<Origin> {
  const original = own === null ? undefined : await context.tree.read(own)
  const finding =
    own === null
      ? untraced(member, context)
      : refusal(context.artifact.name, member.path, {
          code: 'modified',
          message: `The bytes are not those of ${JSON.stringify(own)} in the tag${differenceText(original, member.content)}.`,
          cause: 'The build changes the file, or the artifact was made from another tree than the tag.',
          fix: 'Find what writes it in the build (setup.py, build hooks); what is generated belongs into a file of its own, with a rule under `generated:`.'
        })
  return {
    origin: line(member, { origin: 'untraced', from: [], rule: null, reason: finding.message }),
    finding
  }
}

function untraced(member: TracedMember, context: TraceContext): Finding {
  return refusal(context.artifact.name, member.path, {
    code: 'untraced',
    message: 'No file of the tag has these bytes, and no known generator makes them.',
    cause: 'The build writes this file, or it was added by hand.',
    fix:
      context.build === null
        ? 'Ask the project where it comes from. If a build makes it, tagproof rehearse can tell more.'
        : 'Commit the file, or stop the build from writing it; where it is generated from files of the tag, declare it under `generated:` in .github/tagproof.yml.'
  })
}

function differenceText(original: Buffer | undefined, found: Buffer | null): string {
  if (original === undefined || found === null) return ''
  const { offset, line, a, b } = firstDifference(original, found)
  return `: from ${line === null ? `offset ${offset}` : `line ${line}`} on, the tag has ${a}, the artifact ${b}`
}

function line(
  member: TracedMember,
  detail: Pick<MemberOrigin, 'origin' | 'from' | 'rule' | 'reason'>
): MemberOrigin {
  const { path, kind, mode, size, sha256 } = member
  return {
    member: path,
    kind,
    mode: mode.toString(8).padStart(3, '0'),
    size,
    sha256,
    ...detail,
    reason: detail.reason.slice(0, 2000)
  }
}

const compiledWhere: Readonly<Record<0 | 1 | 2, string>> = {
  0: 'compiled, the same in both worlds, trusted to the sandbox',
  1: 'compiled once, trusted to the job that did it',
  2: 'compiled, the same in both sets, trusted to the jobs that did it'
}

/** What passes and is still worth a look: code that was compiled, files at another path, what was declared. */
function notes(artifact: string, origins: readonly MemberOrigin[], adopted?: 1 | 2): Finding[] {
  const tell = (origin: OriginName, code: string, what: string): Finding[] => {
    const found = origins.filter((entry) => entry.origin === origin)
    if (found.length === 0) return []
    const named = found
      .slice(0, 8)
      .map((entry) => entry.member + (entry.from[0] === undefined ? '' : ` (${entry.from[0]})`))
    const more = found.length > named.length ? `, and ${found.length - named.length} more` : ''
    return [note(artifact, code, `${found.length} ${what}: ${named.join(', ')}${more}.`)]
  }
  return [
    ...tell('compiled', 'compiled', compiledWhere[adopted ?? 0]),
    ...tell('moved', 'moved', 'are files of the tag at another path'),
    ...tell('declared', 'declared', 'are declared as generated by the configuration')
  ]
}

/** Of a git input nobody expects all files in an artifact. */
function absentFiles(
  origins: readonly MemberOrigin[],
  tree: TreeIndex,
  folder: string,
  git: readonly GitOrigin[]
): string[] {
  const used = new Set(origins.flatMap((entry) => entry.from))
  return tree.paths.filter(
    (path) => path.startsWith(folder) && !used.has(path) && gitOf(path, git) === undefined
  )
}
