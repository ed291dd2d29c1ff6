import type { Variation } from '../documents/fields.ts'
import type { ScrambledFile } from '../documents/plan.ts'
import type { Finding } from '../documents/proof.ts'
import type { ArchiveKind } from '../formats/archive.ts'
import { listScrambled, scrambledReads } from './build-failure.ts'
import { findCause, type Cause } from './causes.ts'
import { backendIn, type Backend } from './causes/backend.ts'
import { explainShape } from './causes/shapes.ts'
import type { Difference } from './compare.ts'
import { firstDifference, isText, lineAt } from './content.ts'
import { packageKinds } from './kinds/kinds.ts'

export interface ExplainRequest {
  a: string
  b: string
  kind: ArchiveKind
  /** Layers of base images, `sha256:…`. */
  baseLayers?: ReadonlySet<string>
  /** File name of the artifact. */
  name: string
  scramble: readonly ScrambledFile[]
  /** Paths of all members. */
  members: readonly string[]
  variations?: { a: readonly Variation[]; b: readonly Variation[] }
  /** What world b's build read of the tagged tree, where that is known. */
  reads?: readonly string[] | null
}

/** More are counted, not shown: the first ones tell the cause. */
const mostShown = 20
/** As much of a member as is looked at, and of all together in each world. */
const largestHead = 8 * 2 ** 20
const mostHeads = 64 * 2 ** 20
const longestMessage = 3000

interface Explained {
  finding: Finding
  /** Hash of another difference is in it: it follows from that one. */
  follows: boolean
}

/** One finding per difference: independent ones first, those that only repeat the hash of another one last. */
export async function explainDifferences(
  differences: readonly Difference[],
  request: ExplainRequest
): Promise<Finding[]> {
  const ranked = differences.map((difference) => rankOf(difference, request.kind))
  const shown = [...differences]
    .sort((one, other) => rankOf(one, request.kind) - rankOf(other, request.kind))
    .slice(0, mostShown)
  const heads = await readHeads(shown, request)
  const context: Context = {
    ...request,
    heads,
    backend: backendIn(heads.a.get(backendMember(request) ?? '')?.toString('utf8') ?? '', request.kind),
    read: scrambledReads(request.reads ?? null, request.scramble),
    members: new Set(request.members),
    scrambled: new Map(request.scramble.map((file) => [file.scrambled as string, file])),
    hashesOfB: new Set(differences.flatMap(({ b }) => (b === null ? [] : [b.sha256 as string]))),
    firstRank: Math.min(...ranked)
  }
  const explained: Explained[] = []
  for (const difference of shown) explained.push(explain(difference, context))
  const sorted = [
    ...explained.filter((entry) => !entry.follows),
    ...explained.filter((entry) => entry.follows)
  ].map((entry) => entry.finding)
  return differences.length <= mostShown
    ? sorted
    : [...sorted, moreFinding(differences.length - mostShown, request.name)]
}

/** Where an artifact says itself what made it. */
function backendMember({ kind, members }: ExplainRequest): string | undefined {
  const places: Partial<Record<ArchiveKind, RegExp>> = {
    wheel: /^[^/]+\.dist-info\/WHEEL$/,
    sdist: /^[^/]+\/pyproject\.toml$/
  }
  return members.find((path) => places[kind]?.test(path))
}

/** The beginning of each differing member, in one pass over each artifact. */
async function readHeads(differences: readonly Difference[], request: ExplainRequest): Promise<Heads> {
  const { kind, a, b, baseLayers } = request
  const wanted = new Set(
    differences.flatMap(({ code, member }) => (code === 'content-differs' ? [member] : []))
  )
  const most = Math.min(largestHead, Math.floor(mostHeads / Math.max(wanted.size, 1)))
  const maker = backendMember(request)
  if (maker !== undefined) wanted.add(maker)
  const none = new Map<string, Buffer>()
  if (wanted.size === 0) return { a: none, b: none }
  const { contents } = packageKinds[kind]
  return { a: await contents(a, wanted, most, baseLayers), b: await contents(b, wanted, most, baseLayers) }
}

interface Heads {
  a: ReadonlyMap<string, Buffer>
  b: ReadonlyMap<string, Buffer>
}

/** Members whose content is about other members: about all, about all but those before them, and so on. */
const followers: Readonly<Record<ArchiveKind, readonly RegExp[]>> = {
  sdist: [],
  wheel: [],
  deb: [/\.dist-info\/RECORD$/, /^DEBIAN\/md5sums$/],
  image: [/\.dist-info\/RECORD$/, /^([^/]+\/)?config\.json$/, /^([^/]+\/)?manifest\.json$/]
}

/** 0 for a member that is about no other. */
function rankOf({ member }: Difference, kind: ArchiveKind): number {
  return followers[kind].findIndex((pattern) => pattern.test(member)) + 1
}

type Context = Omit<ExplainRequest, 'members'> & {
  backend: Backend | null
  /** Scrambled files that world b's build read. */
  read: readonly ScrambledFile[]
  members: ReadonlySet<string>
  scrambled: ReadonlyMap<string, ScrambledFile>
  hashesOfB: ReadonlySet<string>
  heads: Heads
  /** The least rank of what differs: a member of a higher one follows. */
  firstRank: number
}

function explain(difference: Difference, context: Context): Explained {
  const { code } = difference
  if (code === 'content-differs') return explainContent(difference, context)
  const { message, cause, fix } = explainShape({ ...difference, code }, context)
  return { finding: finding(difference, context.name, message, { cause, fix }), follows: false }
}

function explainContent(difference: Difference, context: Context): Explained {
  const { member } = difference
  const [a, b] = [context.heads.a, context.heads.b].map((heads) => heads.get(member) ?? Buffer.alloc(0)) as [
    Buffer,
    Buffer
  ]
  const parting = firstDifference(a, b)
  const place =
    parting.line === null
      ? `at offset ${parting.offset}`
      : `in line ${parting.line} (offset ${parting.offset})`
  const message = `${member} differs ${place}: world a has ${parting.a}, world b has ${parting.b}`
  const text = isText(a) && isText(b)
  const cause = findCause({
    kind: context.kind,
    member,
    a,
    b,
    text,
    lineA: lineAt(a, parting.offset),
    lineB: lineAt(b, parting.offset),
    members: context.members,
    scrambled: context.scrambled,
    variations: context.variations ?? { a: [], b: [] },
    backend: context.backend
  })
  const follows =
    (rankOf(difference, context.kind) > context.firstRank && cause?.rule !== 'image-config') ||
    (text && repeatsHash(b.toString('latin1'), context.hashesOfB))
  const told = follows
    ? { cause: 'It holds the hash of another member that differs.', fix: 'See the other findings first.' }
    : withReads(cause, context.read)
  return { finding: finding(difference, context.name, message, told), follows }
}

const unknownFix =
  'Run tagproof rehearse --attribute: it builds again and again, and names the variation or the file that this follows.'

/** Rules that name no culprit: a scrambled file may be it. */
const vague: readonly (string | undefined)[] = [
  undefined,
  'random',
  'compiled-object',
  'deflate-stream',
  'sqlite'
]
const fewReads = 10

/** Where the cause is not certain, the few scrambled files that the build read are named: one of them may be it. */
function withReads(cause: Cause | null, read: readonly ScrambledFile[]): Pick<Finding, 'cause' | 'fix'> {
  const known = { cause: cause?.cause ?? null, fix: cause?.fix ?? unknownFix }
  if (!vague.includes(cause?.rule) || read.length === 0 || read.length > fewReads) return known
  const named = `World b's build read these files, which it sees scrambled: ${listScrambled(read)}.`
  return {
    cause: cause === null ? `${named} One of them may be what this follows.` : `${cause.cause} ${named}`,
    fix: `${known.fix} If it follows one of these files by right, declare that under \`inputs:\` or \`generated:\` in .github/tagproof.yml.`
  }
}

function repeatsHash(text: string, hashes: ReadonlySet<string>): boolean {
  const hex = text.match(/\b[0-9a-f]{64}\b/g) ?? []
  return hex.some((hash) => hashes.has(hash))
}

function finding(
  { code, member }: Pick<Difference, 'code' | 'member'>,
  artifact: string,
  message: string,
  { cause, fix }: { cause: string | null; fix: string | null }
): Finding {
  return {
    check: 'reproduced',
    code,
    severity: 'refuse',
    artifact,
    member,
    message: message.slice(0, longestMessage),
    cause,
    fix,
    waiver: null
  }
}

function moreFinding(count: number, artifact: string): Finding {
  return {
    check: 'reproduced',
    code: 'more-differences',
    severity: 'refuse',
    artifact,
    member: null,
    message: `${count} more members differ`,
    cause: null,
    fix: 'Correct the causes above first; most of the others go with them.',
    waiver: null
  }
}
