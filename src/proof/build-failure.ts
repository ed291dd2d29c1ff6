import type { Build, BuildFailure } from '../documents/build.ts'
import type { VariationName } from '../documents/fields.ts'
import type { Plan, ScrambledFile } from '../documents/plan.ts'
import type { Finding } from '../documents/proof.ts'
import { escaped } from './content.ts'
import { variationText } from './variation-text.ts'

const mostNamed = 10
const longestMessage = 3000

/** One finding for each target that world a built and world b could not. */
export function failureFindings(plan: Plan, b: Build): Finding[] {
  return b.targets.flatMap(({ name, failure }) =>
    failure === undefined ? [] : [failureFinding(name, failure, plan)]
  )
}

/** Whether a target has no artifacts in world b, because it could not be built there. */
export function failedInB(b: Build, target: string): boolean {
  return b.targets.some(({ name, failure }) => name === target && failure !== undefined)
}

function failureFinding(target: string, failure: BuildFailure, plan: Plan): Finding {
  const read = scrambledReads(failure.reads, plan.scramble.files, failure.output)
  const { follows } = failure
  const influenced = follows === null ? read.length > 0 : follows.includes('scrambled-files')
  const said = [failure.message.replace(/\.$/, ''), failure.found].filter(
    (part) => part !== null && part !== ''
  )
  return {
    check: influenced ? 'uninfluenced' : 'reproduced',
    code: 'build-fails-in-b',
    severity: 'refuse',
    artifact: null,
    member: null,
    message: `${target} builds in world a and not in world b: ${escapedText(said.join('; '))}`.slice(
      0,
      longestMessage
    ),
    cause: influenced ? scrambledCause(failure, read) : variationCause(failure, read),
    fix: influenced ? waysOut(read) : variationFix(follows),
    waiver: null
  }
}

/** The scrambled files that a build read, those first that its last lines name. */
export function scrambledReads(
  reads: readonly string[] | null,
  files: readonly ScrambledFile[],
  output = ''
): ScrambledFile[] {
  if (reads === null) return []
  const known = new Set(reads)
  const read = files.filter((file) => known.has(file.path))
  const named = read.filter(({ path }) => output.includes(path.slice(path.lastIndexOf('/') + 1)))
  return [...named, ...read.filter((file) => !named.includes(file))]
}

/** `tests/a.bin (binary), docs/b.rst (docs) and 3 more`. */
export function listScrambled(files: readonly ScrambledFile[]): string {
  const named = files.slice(0, mostNamed).map(({ path, reason }) => `${path} (${reason})`)
  const more = files.length > mostNamed ? ` and ${files.length - mostNamed} more` : ''
  return `${named.join(', ')}${more}`
}

function scrambledCause({ follows, secondTier }: BuildFailure, read: readonly ScrambledFile[]): string {
  const sure =
    follows === null
      ? 'World b sees every file that nobody can review, and all of tests, docs and examples, scrambled.'
      : 'It builds once these files are left as they are: what nobody can review, and all of tests, docs and examples, is scrambled in world b.'
  const what = read.length === 0 ? '' : ` Of those the build had read: ${listScrambled(read)}.`
  const tried = secondTier ? ' Other data in the same format did not do either.' : ''
  return `${sure}${what}${tried}`
}

/** The three ways out, with a file to paste. */
export function waysOut(read: readonly ScrambledFile[]): string {
  const example = read[0]?.path ?? 'tests/data.bin'
  return [
    'One of three ways out.',
    '1. Keep it out of the build: run tests, and make documentation, in another job.',
    `2. If members are made from it, declare the pair in .github/tagproof.yml: generated: [{ to: ${escaped('PACKAGE/made.py')}, from: [${escaped(example)}], reason: ${escaped('what makes it')} }].`,
    `3. If the build must read it, declare it as an input: inputs: [{ path: ${escaped(example)}, reason: ${escaped('why')} }]. Every proof shows both.`
  ].join(' ')
}

function variationCause({ follows, code }: BuildFailure, read: readonly ScrambledFile[]): string {
  const reads = read.length === 0 ? '' : ` It had read these scrambled files: ${listScrambled(read)}.`
  if (follows === null)
    return code === 'build-timeout'
      ? `A build that takes too long is not tried again to find out what it follows.${reads}`
      : `No further builds were made to find out what it follows.${reads}`
  if (follows.length === 0)
    return `It fails in world b with every variation left out too: it fails now and then, or looks at something else.${reads}`
  const [only] = follows
  if (follows.length === 1 && only !== undefined)
    return `It follows ${variationText[only].what}: left out, the target builds.`
  return `It builds only once all of these are left out: ${follows.join(', ')}.`
}

function variationFix(follows: readonly VariationName[] | null): string {
  const [only] = follows ?? []
  if (follows?.length === 1 && only !== undefined) return variationText[only].fix
  return 'Look at build-b/log.txt; tagproof build --world b --without NAME leaves variations out one by one, and tagproof shell --world b shows the world.'
}

/** Foreign text, safe to print and without the quotes of {@link escaped}. */
function escapedText(text: string): string {
  return escaped(text).slice(1, -1).replaceAll('\\"', '"')
}
