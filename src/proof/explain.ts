import type { Variation } from '../documents/fields.ts'
import type { ScrambledFile } from '../documents/plan.ts'
import type { Finding } from '../documents/proof.ts'
import { listScrambled, scrambledReads } from './build-failure.ts'
import { findCause, type Cause } from './causes.ts'
import { backendIn, fixFor, nameFiles, type Backend } from './causes/backend.ts'
import type { Difference } from './compare.ts'
import { escaped, firstDifference, headOfMember, isText, lineAt } from './content.ts'

export interface ExplainRequest {
  a: string
  b: string
  kind: 'sdist' | 'wheel'
  /** File name of the artifact. */
  name: string
  scramble: readonly ScrambledFile[]
  /** Paths of all members. */
  members: readonly string[]
  variations?: { a: readonly Variation[]; b: readonly Variation[] }
  /** What world b's build read of the tagged tree, where that is known. */
  reads?: readonly string[] | null
}

/** More are counted, not shown: the first ones tell the cause, and each costs a pass over both files. */
const mostShown = 20
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
  const context = {
    ...request,
    backend: await backendOfArtifact(request),
    read: scrambledReads(request.reads ?? null, request.scramble),
    members: new Set(request.members),
    scrambled: new Map(request.scramble.map((file) => [file.scrambled as string, file])),
    hashesOfB: new Set(differences.flatMap(({ b }) => (b === null ? [] : [b.sha256 as string])))
  }
  const explained: Explained[] = []
  for (const difference of differences.slice(0, mostShown)) explained.push(await explain(difference, context))
  const sorted = [
    ...explained.filter((entry) => !entry.follows),
    ...explained.filter((entry) => entry.follows)
  ].map((entry) => entry.finding)
  return differences.length <= mostShown
    ? sorted
    : [...sorted, moreFinding(differences.length - mostShown, request.name)]
}

/** What made the artifact, as it says itself. */
async function backendOfArtifact({ a, kind, members }: ExplainRequest): Promise<Backend | null> {
  const place = kind === 'wheel' ? /^[^/]+\.dist-info\/WHEEL$/ : /^[^/]+\/pyproject\.toml$/
  const member = members.find((path) => place.test(path))
  return backendIn(member === undefined ? '' : (await headOfMember(a, kind, member)).toString('utf8'), kind)
}

type Context = Omit<ExplainRequest, 'members'> & {
  backend: Backend | null
  /** Scrambled files that world b's build read. */
  read: readonly ScrambledFile[]
  members: ReadonlySet<string>
  scrambled: ReadonlyMap<string, ScrambledFile>
  hashesOfB: ReadonlySet<string>
}

async function explain(difference: Difference, context: Context): Promise<Explained> {
  if (difference.code === 'content-differs') return explainContent(difference, context)
  const { message, cause, fix } = shapes[difference.code](difference, context.backend)
  return { finding: finding(difference, context.name, message, { cause, fix }), follows: false }
}

interface Explanation {
  message: string
  cause: string | null
  fix: string | null
}

/** What is to be said of differences that need no look at content. */
const shapes: Record<
  Exclude<Difference['code'], 'content-differs'>,
  (difference: Difference, backend: Backend | null) => Explanation
> = {
  'member-missing': ({ member, a }, backend) => ({
    message: `${member} is in world ${a === null ? 'b' : 'a'} alone`,
    cause:
      'The build includes the file under a condition that differs between the worlds, or its name holds a time, a path or a random part.',
    fix: fixFor(backend, nameFiles)
  }),
  'kind-differs': ({ member, a, b }) => ({
    message: `${member} is a ${a?.kind ?? ''} in world a and a ${b?.kind ?? ''} in world b`,
    cause: null,
    fix: 'Let the build make a regular file there in any case.'
  }),
  'link-differs': ({ member, a, b }) => ({
    message: `${member} leads to ${escaped(a?.linkTarget ?? '')} in world a and to ${escaped(b?.linkTarget ?? '')} in world b`,
    cause: 'The link holds a path of the machine that built it.',
    fix: 'Make the link relative.'
  }),
  'mode-differs': ({ member, a, b }) => ({
    message: `${member} has mode ${octal(a?.mode)} in world a and ${octal(b?.mode)} in world b`,
    cause: 'The build sets the executable bit under a condition that differs between the worlds.',
    fix: 'Set the mode in git (git update-index --chmod=+x), or in the build without looking at the umask.'
  })
}

async function explainContent(difference: Difference, context: Context): Promise<Explained> {
  const { member } = difference
  const a = await headOfMember(context.a, context.kind, member)
  const b = await headOfMember(context.b, context.kind, member)
  const parting = firstDifference(a, b)
  const place =
    parting.line === null
      ? `at offset ${parting.offset}`
      : `in line ${parting.line} (offset ${parting.offset})`
  const message = `${member} differs ${place}: world a has ${parting.a}, world b has ${parting.b}`
  const text = isText(a) && isText(b)
  const cause = findCause({
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
  const follows = text && repeatsHash(b.toString('latin1'), context.hashesOfB)
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

function octal(mode: number | undefined): string {
  return (mode ?? 0).toString(8).padStart(4, '0')
}
