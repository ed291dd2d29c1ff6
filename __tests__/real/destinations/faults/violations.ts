import { TagproofError } from '../../../../src/platform/errors.ts'
import type { FakeIndex } from '../../support/pypi/fake-index.ts'
import { passes, type Fault } from '../../support/pypi/fault-proxy.ts'
import { filesForUsers } from '../../support/pypi/judge.ts'
import { openIndex, publishOnce, type Bench, type Change, type Ended, type Mode } from './rig.ts'

/** What one fault came to: `states` are the sets of files that users could see after it; the rest must be empty. */
export interface Verdict {
  files: string[]
  broken: string[]
}

/**
 * Publishes with a fault, looks as a user does, and publishes again without one. What is told comes from the server's own
 * record and from a reader that shares nothing with the client.
 */
export async function judgeFault(bench: Bench, mode: Mode, fault: Fault, change?: Change): Promise<Verdict> {
  const index = await openIndex(bench)
  const names = [...bench.release.bytes.keys()].sort()
  const broken: string[] = []
  const tell = (what: string): void => void broken.push(`${fault.kind} at ${fault.request}: ${what}`)
  try {
    const first = await publishOnce(bench, index, mode, fault, change)
    const files = await seenBy(index, bench, tell)
    judgeEnd(first, files.length === names.length, tell)
    if (passes(fault.kind) && first.error !== null) tell(`it fails: ${(first.error as Error).message}`)
    const second = await publishOnce(bench, index, mode, null, change)
    const after = await seenBy(index, bench, tell)
    if (second.error !== null) tell(`the next run fails: ${(second.error as Error).message}`)
    if (after.join() !== names.join()) tell(`the next run leaves ${after.join(', ')}`)
    judgeRecord(index, fault, tell)
    return { files, broken }
  } finally {
    await index.close()
  }
}

type Tell = (what: string) => void

async function seenBy(index: FakeIndex, { release }: Bench, tell: Tell): Promise<string[]> {
  try {
    return await filesForUsers(index.simpleUrl, release)
  } catch (error) {
    tell(`users see what nobody published: ${String(error)}`)
    return []
  }
}

/** Either it is whole, or a message says what is to be done; and no other host was told anything. */
function judgeEnd({ publication, error, elsewhere }: Ended, whole: boolean, tell: Tell): void {
  if (publication !== null && (!whole || !publication.receipt.complete)) tell('called complete, and is not')
  if (publication === null && !(error instanceof TagproofError)) tell(`no message: ${String(error)}`)
  if (error instanceof TagproofError && (error.code === 'internal' || error.detail.fix === undefined))
    tell(`a message without a remedy: ${error.code} ${error.message}`)
  for (const { line, authorization, bytes } of elsewhere)
    if (authorization || bytes > 0) tell(`another host was sent ${line}`)
}

/** By the server's record: every file is stored once, and the bytes of a file that is there are not sent again. */
function judgeRecord(index: FakeIndex, fault: Fault, tell: Tell): void {
  const written = index.state.writes.filter((line) => line.startsWith('file '))
  if (new Set(written).size !== written.length) tell('a file was stored twice')
  const there = new Set<string>()
  for (const { file, stored } of index.requests) {
    if (file === null) continue
    // The server cannot know of a request that has not arrived: to ask it is all that can be done.
    if (there.has(file.name) && fault.kind !== 'late-arrival') tell(`${file.name} was sent again`)
    if (stored) there.add(file.name)
  }
  const minted = [...index.state.tokens.values()].filter(({ kind }) => kind === 'publisher')
  if (minted.length > lostTokens(fault)) tell(`${minted.length} tokens were not burned`)
}

/** A token whose answer was lost is known to nobody, and ends by itself; so does one whose end could not be told. */
function lostTokens({ kind }: Fault): number {
  return /^(lost-answers|errors-after|slow-)/.test(kind) ? 9 : kind.startsWith('client') ? 0 : 1
}
